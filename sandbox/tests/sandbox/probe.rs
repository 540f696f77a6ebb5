//! The program that runs inside: looks around and prints what it finds.

/// Runs a probe and ends, if this process was started for one.
pub(crate) fn run_if_asked() {
    let arguments: Vec<String> = std::env::args().collect();
    if arguments.get(1).is_none_or(|it| it != "probe") {
        return;
    }
    let probe = arguments.get(2).expect("a probe is named");
    match probe.as_str() {
        "hello" => println!("hello"),
        "write-output" => std::fs::write(std::env::var("out").unwrap(), "made\n").unwrap(),
        other => panic!("there is no probe `{other}`"),
    }
    std::process::exit(0);
}
