//! What is going on while things are built and downloaded.
//!
//! On a terminal a line for each build and download, redrawn in place; elsewhere a line when
//! something is done; with `--json` a line for every event.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use kiln_store::{Activity, Counts, DerivationId, Event, How, Warning};
use serde_json::json;

use crate::terminal::{Style, Terminal, harmless, print};

/// Shows events.
pub(crate) struct Progress {
    mode: Mode,
    terminal: Terminal,
    quiet: bool,
    state: Mutex<State>,
}

enum Mode {
    Live(MultiProgress),
    Lines,
    Json,
}

#[derive(Default)]
struct State {
    bars: BTreeMap<DerivationId, Line>,
    total: Option<ProgressBar>,
    counts: Counts,
}

struct Line {
    bar: ProgressBar,
    title: String,
    started: Instant,
}

impl Progress {
    /// Makes one for a terminal, or for whatever reads the messages.
    pub(crate) fn new(terminal: Terminal, json: bool, quiet: bool) -> Self {
        let mode = if json {
            Mode::Json
        } else if terminal.live && !quiet {
            Mode::Live(MultiProgress::with_draw_target(ProgressDrawTarget::stderr_with_hz(10)))
        } else {
            Mode::Lines
        };
        Progress { mode, terminal, quiet, state: Mutex::default() }
    }

    /// Shows one event.
    pub(crate) fn event(&self, event: Event) {
        match &self.mode {
            Mode::Json => print(&format!("{}\n", to_json(&event))),
            Mode::Lines => self.line(&event),
            Mode::Live(bars) => self.live(bars, &event),
        }
    }

    /// Takes everything that moves off the screen.
    pub(crate) fn finish(&self) {
        let mut state = self.lock();
        for line in std::mem::take(&mut state.bars).into_values() {
            line.bar.finish_and_clear();
        }
        if let Some(total) = state.total.take() {
            total.finish_and_clear();
        }
        if let Mode::Live(bars) = &self.mode {
            let _ = bars.clear();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn say(&self, bars: Option<&MultiProgress>, text: &str) {
        if self.quiet {
            return;
        }
        match bars {
            Some(bars) => {
                let _ = bars.println(text);
            }
            None => eprintln!("{text}"),
        }
    }

    fn line(&self, event: &Event) {
        match event {
            Event::Started { title, activity: Activity::Build, .. } => {
                self.say(None, &format!("building {title}"));
            }
            Event::Started { title, activity: Activity::Test, .. } => {
                self.say(None, &format!("running {title}"));
            }
            Event::Started { title, activity: Activity::Fetch, .. } => {
                self.say(None, &format!("fetching {title}"));
            }
            Event::Finished { title, how, duration, unchanged, .. } => {
                if let Some(text) = self.finished(title, how, *duration, *unchanged) {
                    self.say(None, &text);
                }
            }
            Event::Waiting { title, pid, .. } => self.say(None, &waiting(title, *pid)),
            Event::Printed { bytes, .. } => {
                eprint!("{}", harmless(&String::from_utf8_lossy(bytes)))
            }
            Event::Warning(warning) => {
                eprintln!(
                    "{} {}",
                    self.terminal.paint(Style::Yellow, "warning:"),
                    warning_text(warning)
                )
            }
            Event::Failed { title, message, .. } => {
                eprintln!(
                    "{} {title}: {}",
                    self.terminal.paint(Style::Red, "failed"),
                    harmless(message)
                );
            }
            Event::Counts(_)
            | Event::Started { .. }
            | Event::Step { .. }
            | Event::Trying { .. }
            | Event::Received { .. }
            | Event::Unpacking { .. } => {}
        }
    }

    /// The line about something that is done; imports are too small to mention.
    fn finished(
        &self,
        title: &str,
        how: &How,
        duration: Duration,
        unchanged: bool,
    ) -> Option<String> {
        let (verb, from) = match how {
            How::Built => ("built", String::new()),
            How::Tested => ("passed", String::new()),
            How::Fetched { url } => ("fetched", format!(" from {}", host(url))),
            How::Substituted => ("substituted", String::new()),
            How::ByOther => ("built by another process", String::new()),
            How::Imported => return None,
        };
        let verb = self.terminal.paint(Style::Green, verb);
        let same = if unchanged && *how == How::Built { ", as it was before" } else { "" };
        Some(format!("{verb} {title}{from} in {}{same}", seconds(duration)))
    }

    fn live(&self, bars: &MultiProgress, event: &Event) {
        let mut state = self.lock();
        match event {
            Event::Counts(counts) => {
                state.counts = *counts;
                let total = state.total.get_or_insert_with(|| {
                    let bar = bars.add(ProgressBar::new_spinner());
                    bar.set_style(style("{spinner} {msg}"));
                    bar.enable_steady_tick(Duration::from_millis(200));
                    bar
                });
                total.set_message(counts_text(counts));
            }
            Event::Started { node, title, activity, .. } => {
                let template = match activity {
                    Activity::Build | Activity::Test => {
                        "  {spinner:.cyan} {prefix:.bold}  {msg}  {elapsed:.dim}"
                    }
                    Activity::Fetch | Activity::Substitute => {
                        "  {spinner:.cyan} {prefix:.bold}  {bytes} {msg}  {elapsed:.dim}"
                    }
                    Activity::Import => return,
                };
                let bar = match &state.total {
                    Some(total) => bars.insert_before(total, ProgressBar::new_spinner()),
                    None => bars.add(ProgressBar::new_spinner()),
                };
                bar.set_style(style(template));
                bar.set_prefix(title.clone());
                bar.set_message(match activity {
                    Activity::Build | Activity::Test => "setting up",
                    Activity::Fetch | Activity::Import => "",
                    Activity::Substitute => "from a cache",
                });
                bar.enable_steady_tick(Duration::from_millis(100));
                state
                    .bars
                    .insert(*node, Line { bar, title: title.clone(), started: Instant::now() });
            }
            Event::Step { node, step, index, count } => {
                if let Some(line) = state.bars.get(node) {
                    line.bar.set_message(format!("{step} ({}/{count})", index + 1));
                }
            }
            Event::Trying { node, url } => {
                if let Some(line) = state.bars.get(node) {
                    line.bar.set_message(format!("from {}", host(url)));
                }
            }
            Event::Received { node, bytes, bytes_total } => {
                if let Some(line) = state.bars.get(node) {
                    if let Some(total) = bytes_total {
                        line.bar.set_style(style(
                            "  {spinner:.cyan} {prefix:.bold}  {bar:20.cyan/dim} {bytes}/{total_bytes} {bytes_per_sec:.dim} {msg}",
                        ));
                        line.bar.set_length(*total);
                    }
                    line.bar.set_position(*bytes);
                }
            }
            Event::Unpacking { node } => {
                if let Some(line) = state.bars.get(node) {
                    line.bar.set_style(style(
                        "  {spinner:.cyan} {prefix:.bold}  unpacking  {elapsed:.dim}",
                    ));
                }
            }
            Event::Waiting { node, title, pid } => {
                self.say(Some(bars), &waiting(title, *pid));
                let _ = node;
            }
            Event::Finished { node, title, how, duration, unchanged, .. } => {
                if let Some(line) = state.bars.remove(node) {
                    line.bar.finish_and_clear();
                }
                if let Some(text) = self.finished(title, how, *duration, *unchanged) {
                    self.say(Some(bars), &text);
                }
            }
            Event::Failed { node, title, .. } => {
                let mut after = String::new();
                if let Some(line) = state.bars.remove(node) {
                    after = format!(" after {}", seconds(line.started.elapsed()));
                    debug_assert_eq!(line.title, *title, "one derivation has one title");
                    line.bar.finish_and_clear();
                }
                self.say(
                    Some(bars),
                    &format!("{} {title}{after}", self.terminal.paint(Style::Red, "failed")),
                );
            }
            Event::Printed { node, bytes } => {
                let title = state.bars.get(node).map_or(String::new(), |it| it.title.clone());
                for text in harmless(&String::from_utf8_lossy(bytes)).lines() {
                    let head = self.terminal.paint(Style::Dim, &format!("{title}>"));
                    self.say(Some(bars), &format!("{head} {text}"));
                }
            }
            Event::Warning(warning) => {
                let text = format!(
                    "{} {}",
                    self.terminal.paint(Style::Yellow, "warning:"),
                    warning_text(warning)
                );
                self.say(Some(bars), &text);
            }
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

fn counts_text(counts: &Counts) -> String {
    let mut parts = Vec::new();
    if counts.built > 0 {
        parts.push(format!("{} built", counts.built));
    }
    let waiting = counts.builds_queued + counts.fetches_queued;
    if waiting > 0 {
        parts.push(format!("{waiting} waiting"));
    }
    if counts.open > 0 {
        parts.push(format!("{} to settle", counts.open));
    }
    parts.join(", ")
}

fn waiting(title: &str, pid: Option<u32>) -> String {
    match pid {
        Some(pid) => format!("waiting for process {pid}, which builds {title}"),
        None => format!("waiting for another process, which builds {title}"),
    }
}

/// A warning in words.
pub(crate) fn warning_text(warning: &Warning) -> String {
    harmless(&match warning {
        Warning::NotReproducible { title, output, .. } => {
            format!(
                "{title}: what it was built to before is gone, and building it again gave another `{output}`; what was made of the old one is made anew"
            )
        }
        Warning::SubstituterFailed { name, asked, reason, is_given_up } => {
            let after = if *is_given_up { "; it is not asked again" } else { "" };
            format!("the cache {name} did not give {asked}: {reason}{after}")
        }
        Warning::PlaceRefused { title, url, reason } => {
            format!("{title}: {url} was not used: {reason}")
        }
        Warning::LogLost { reason, .. } => format!("a log could not be kept: {reason}"),
    })
}

/// Writes a duration as people say it.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}

/// Writes how many there are of something: `1 object`, `2 objects`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// Writes a number of bytes as people say it.
pub(crate) fn bytes(count: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    for (unit, size) in units {
        if count >= size {
            return format!("{:.1} {unit}", count as f64 / size as f64);
        }
    }
    format!("{count} B")
}

/// The machine that a place is on, for a short message; the path of a file of this one.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |it| it.1);
    if rest.starts_with('/') {
        return rest;
    }
    rest.split('/').next().unwrap_or(rest)
}

fn to_json(event: &Event) -> serde_json::Value {
    match event {
        Event::Counts(counts) => json!({
            "event": "counts", "open": counts.open, "built": counts.built,
            "builds_running": counts.builds_running, "builds_queued": counts.builds_queued,
            "fetches_running": counts.fetches_running, "fetches_queued": counts.fetches_queued,
        }),
        Event::Started { node, title, activity, action } => json!({
            "event": "started", "derivation": node.to_string(), "title": title,
            "activity": match activity {
                Activity::Build => "build",
                Activity::Test => "test",
                Activity::Fetch => "fetch",
                Activity::Import => "import",
                Activity::Substitute => "substitute",
            },
            "action": action.map(|it| it.to_string()),
        }),
        Event::Step { node, step, index, count } => json!({
            "event": "step", "derivation": node.to_string(), "step": step.to_string(), "index": index, "count": count,
        }),
        Event::Printed { node, bytes } => json!({
            "event": "printed", "derivation": node.to_string(), "text": String::from_utf8_lossy(bytes),
        }),
        Event::Trying { node, url } => {
            json!({"event": "trying", "derivation": node.to_string(), "url": url})
        }
        Event::Received { node, bytes, bytes_total } => json!({
            "event": "received", "derivation": node.to_string(), "bytes": bytes, "bytes_total": bytes_total,
        }),
        Event::Unpacking { node } => json!({"event": "unpacking", "derivation": node.to_string()}),
        Event::Waiting { node, title, pid } => json!({
            "event": "waiting", "derivation": node.to_string(), "title": title, "pid": pid,
        }),
        Event::Finished { node, title, how, duration, outputs, unchanged } => json!({
            "event": "finished", "derivation": node.to_string(), "title": title,
            "how": match how {
                How::Built => "built",
                How::Tested => "tested",
                How::Fetched { .. } => "fetched",
                How::Imported => "imported",
                How::Substituted => "substituted",
                How::ByOther => "by-other",
            },
            "url": match how { How::Fetched { url } => Some(url), _ => None },
            "duration_ms": duration.as_millis() as u64,
            "outputs": outputs.iter().map(|it| (it.0.to_string(), it.1.to_string())).collect::<BTreeMap<_, _>>(),
            "unchanged": unchanged,
        }),
        Event::Failed { node, title, message } => json!({
            "event": "failed", "derivation": node.to_string(), "title": title, "message": message,
        }),
        Event::Warning(warning) => json!({"event": "warning", "message": warning_text(warning)}),
    }
}
