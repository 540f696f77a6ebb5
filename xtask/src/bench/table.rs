//! The table of results.

use std::fmt::Write as _;

use super::machine::Machine;
use super::measure::Times;

/// The tools that Kiln is compared with, in the order of their columns.
pub(super) const PEERS: [&str; 3] = ["bwrap", "Nix", "Pkl"];

/// What was measured of other tools; nothing of those that are not installed.
pub(super) type Peers = Vec<(&'static str, Option<Times>)>;

/// What was measured of one thing.
pub(super) struct Line {
    /// The name that asks for it.
    pub(super) name: &'static str,
    /// What it is.
    pub(super) what: String,
    pub(super) kiln: Times,
    pub(super) peers: Peers,
    pub(super) target: Target,
    /// What the machine needs for it in any case, and for what.
    pub(super) limit: Option<(f64, &'static str)>,
}

/// What is aimed at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Target {
    /// Nothing: the line explains another one.
    None,
    /// At most so many milliseconds.
    Most(f64),
    /// Less than this tool.
    Below(&'static str),
    /// At most this part of what another tool takes.
    PartOf(&'static str, f64),
    /// At most this part of what the line before took.
    PartOfLast(f64),
}

impl Line {
    /// What Kiln took, in one line.
    pub(super) fn short(&self) -> String {
        let (wall, cpu) = (duration(self.kiln.median_ms), duration(self.kiln.cpu_median_ms));
        format!("{}: {wall} (cpu {cpu})", self.what.trim())
    }

    fn peer(&self, name: &str) -> Option<&Times> {
        self.peers.iter().find(|it| it.0 == name).and_then(|it| it.1.as_ref())
    }

    /// What is aimed at, in milliseconds.
    fn target_ms(&self, last: Option<&Line>) -> Option<f64> {
        match self.target {
            Target::None => None,
            Target::Most(ms) => Some(ms),
            Target::Below(peer) => self.peer(peer).map(|it| it.median_ms),
            Target::PartOf(peer, part) => self.peer(peer).map(|it| it.median_ms * part),
            Target::PartOfLast(part) => last.map(|it| it.kiln.median_ms * part),
        }
    }

    fn is_met(&self, last: Option<&Line>) -> Option<bool> {
        self.target_ms(last).map(|it| self.kiln.median_ms <= it)
    }
}

/// Draws the table.
pub(super) fn text(lines: &[Line]) -> String {
    let width = lines.iter().map(|it| it.what.chars().count()).max().unwrap_or(0).max(10);
    let mut out = format!("{:width$}  {:>4}  {:>9} {:>9}", "median", "runs", "Kiln", "(cpu)");
    for peer in PEERS {
        let _ = write!(out, "  {peer:>17}");
    }
    let _ = writeln!(out, "  {:>9}  {:<7}  at least", "target", "");
    for (at, line) in lines.iter().enumerate() {
        let last = at.checked_sub(1).map(|it| &lines[it]);
        let _ = write!(
            out,
            "{:width$}  {:>4}  {:>9} {:>9}",
            line.what,
            line.kiln.runs,
            duration(line.kiln.median_ms),
            duration(line.kiln.cpu_median_ms)
        );
        for peer in PEERS {
            let shown = match line.peers.iter().find(|it| it.0 == peer) {
                None => String::new(),
                Some((_, None)) => "not installed".to_owned(),
                Some((_, Some(it))) => {
                    let ratio = it.median_ms / line.kiln.median_ms;
                    // Where the two are close, a tenth is too coarse to see which is faster.
                    let digits = if (0.5..1.5).contains(&ratio) { 2 } else { 1 };
                    let ratio = format!("{ratio:.digits$}×");
                    format!("{} {ratio:>7}", duration(it.median_ms))
                }
            };
            let _ = write!(out, "  {shown:>17}");
        }
        let target = line.target_ms(last).map_or_else(String::new, duration);
        let met = match line.is_met(last) {
            Some(true) => "met",
            Some(false) => "NOT MET",
            None => "",
        };
        let _ = write!(out, "  {target:>9}  {met:<7}");
        if let Some((ms, why)) = line.limit {
            let _ = write!(out, "  {} {why}", duration(ms));
        }
        out.truncate(out.trim_end().len());
        out.push('\n');
    }
    out
}

fn duration(ms: f64) -> String {
    match ms {
        it if it.abs() < 10.0 => format!("{it:.2} ms"),
        it if it < 100.0 => format!("{it:.1} ms"),
        it if it < 1000.0 => format!("{it:.0} ms"),
        it => format!("{:.2} s", it / 1e3),
    }
}

/// Writes everything as JSON.
pub(super) fn json(
    machine: &Machine,
    versions: &[(&'static str, String)],
    missing: &[(&'static str, &str)],
    lines: &[Line],
) -> String {
    let object = |pairs: Vec<(String, String)>| {
        let pairs: Vec<String> =
            pairs.into_iter().map(|(key, value)| format!("{}:{value}", quoted(&key))).collect();
        format!("{{{}}}", pairs.join(","))
    };
    let times = |it: &Times| {
        object(vec![
            ("median_ms".into(), number(it.median_ms)),
            ("best_ms".into(), number(it.best_ms)),
            ("cpu_median_ms".into(), number(it.cpu_median_ms)),
            ("runs".into(), it.runs.to_string()),
        ])
    };
    let facts = machine.facts.iter().map(|it| (it.0.to_owned(), quoted(&it.1))).collect();
    let limits = vec![
        ("fsync_ms".into(), number(machine.fsync_ms)),
        ("exec_ms".into(), number(machine.exec_ms)),
        ("files_ms".into(), number(machine.files_ms)),
        ("copy_gib_s".into(), number(machine.copy_gib_s)),
    ];
    let or_null = |it: Option<String>| it.unwrap_or_else(|| "null".to_owned());
    let rows: Vec<String> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| {
            let last = at.checked_sub(1).map(|it| &lines[it]);
            let peers =
                line.peers.iter().map(|it| (it.0.to_owned(), or_null(it.1.as_ref().map(times))));
            object(vec![
                ("name".into(), quoted(line.name)),
                ("what".into(), quoted(&line.what)),
                ("kiln".into(), times(&line.kiln)),
                ("peers".into(), object(peers.collect())),
                ("target_ms".into(), or_null(line.target_ms(last).map(number))),
                ("met".into(), or_null(line.is_met(last).map(|it| it.to_string()))),
                ("at_least_ms".into(), or_null(line.limit.map(|it| number(it.0)))),
            ])
        })
        .collect();
    let text = |it: (&'static str, &str)| (it.0.to_owned(), quoted(it.1));
    object(vec![
        ("schema".into(), quoted("kiln-bench/1")),
        ("machine".into(), object(facts)),
        ("limits".into(), object(limits)),
        ("versions".into(), object(versions.iter().map(|it| text((it.0, &it.1))).collect())),
        ("missing".into(), object(missing.iter().map(|it| text(*it)).collect())),
        ("lines".into(), format!("[\n{}\n]", rows.join(",\n"))),
    ]) + "\n"
}

fn number(it: f64) -> String {
    if it.is_finite() { format!("{it:.4}") } else { "null".to_owned() }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(median_ms: f64) -> Times {
        Times { median_ms, best_ms: median_ms, cpu_median_ms: 1.0, runs: 3 }
    }

    fn line(kiln_ms: f64, target: Target) -> Line {
        let peers = vec![("Nix", Some(times(8.7))), ("Pkl", None)];
        Line {
            name: "x",
            what: "a \"thing\"".to_owned(),
            kiln: times(kiln_ms),
            peers,
            target,
            limit: None,
        }
    }

    #[test]
    fn targets_are_times_tools_or_parts() {
        let first = line(4.0, Target::Most(5.0));
        assert_eq!(first.is_met(None), Some(true));
        assert_eq!(line(5.1, Target::Most(5.0)).is_met(None), Some(false));
        assert_eq!(line(8.0, Target::Below("Nix")).is_met(None), Some(true));
        assert_eq!(line(9.0, Target::PartOf("Nix", 1.05)).is_met(None), Some(true));
        assert_eq!(line(9.2, Target::PartOf("Nix", 1.05)).is_met(None), Some(false));
        assert_eq!(line(8.0, Target::Below("Pkl")).is_met(None), None);
        assert_eq!(line(0.5, Target::PartOfLast(0.1)).is_met(Some(&first)), Some(false));
        assert_eq!(line(4.0, Target::None).is_met(None), None);
    }

    #[test]
    fn a_line_shows_the_ratio_and_whether_the_target_is_met() {
        let text = text(&[line(4.35, Target::Most(4.0))]);
        let row = text.lines().nth(1).unwrap_or_default();
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(
            words.join(" "),
            "a \"thing\" 3 4.35 ms 1.00 ms 8.70 ms 2.0× not installed 4.00 ms NOT MET"
        );
    }

    #[test]
    fn json_quotes_what_must_be_quoted() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000ad\"");
    }
}
