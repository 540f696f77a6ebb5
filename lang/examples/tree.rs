//! Prints the syntax tree of the file on standard input, and what is wrong with it.

use std::io::Read as _;

fn main() -> std::io::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text)?;
    let parse = kiln_lang::syntax::parse(&text);
    if std::env::args().nth(1).as_deref() != Some("--errors") {
        println!("{:#?}", parse.syntax());
    }
    for error in parse.errors() {
        let line = text[..usize::from(error.range.start())].lines().count().max(1);
        println!("line {line}: {:?} {:?}", error.kind, &text[error.range]);
    }
    Ok(())
}
