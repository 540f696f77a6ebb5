//! What an earlier run of the same request found out, so that asking again evaluates nothing.
//!
//! ```text
//! request (specs, layers, folder, this program) ─▶ file in the user's cache
//!     everything that was looked at on the disk, with its stamp      all equal? then
//!     the derivations that are wanted, or the words that were said   these are still they
//! ```
//!
//! Evaluation depends on files and the request alone, so what it gave is right as long as no file
//! has changed. Whatever is wrong with the cache, it is as if it were empty: nothing fails for it.
//! Decision: `spec/decisions/0009-recalling-a-request.md`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kiln_store::{DerivationId, InputRef, OutputName};

use crate::args::{Layers, Wishes};
use crate::evaluated::Wanted;
use crate::stamp::{Stamp, settled_ns};
use crate::user_cache::{place, write};
use crate::workspace::Workspace;

/// How many requests are remembered.
const REQUESTS_MAX: usize = 256;

/// How long an answer is that is remembered.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// The place of one request in the cache.
pub(crate) struct Recall {
    path: PathBuf,
}

impl Recall {
    /// The place of a request; none if there is no cache, or the request cannot be named.
    pub(crate) fn of(wishes: &Wishes) -> Option<Recall> {
        Recall::of_question("what is wanted", &wishes.layers, &wishes)
    }

    /// The place of the answer to a question, which depends on the layers and on `words`.
    pub(crate) fn of_question(
        question: &str,
        layers: &Layers,
        words: &dyn std::fmt::Debug,
    ) -> Option<Recall> {
        place("requests", question, layers, words).map(|path| Recall { path })
    }

    /// What was wanted the last time, if nothing has changed since.
    pub(crate) fn find(&self) -> Option<Vec<Wanted>> {
        let mut wanted = Vec::new();
        for line in self.answer()?.lines() {
            let mut words = line.splitn(6, ' ');
            let is_beside = words.next()? == "beside";
            let derivation: DerivationId = words.next()?.parse().ok()?;
            let output = OutputName::new(words.next()?).ok()?;
            let package = words.next()?.to_owned();
            let name = words.next()?.to_owned();
            let spec = words.next()?.to_owned();
            let input = InputRef { derivation, output };
            wanted.push(Wanted { spec, package, name, input, is_beside });
        }
        (!wanted.is_empty()).then_some(wanted)
    }

    /// What was answered the last time, if nothing has changed since.
    pub(crate) fn answer(&self) -> Option<String> {
        let mut text = fs::read_to_string(&self.path).ok()?;
        let (sum, rest) = text.split_once('\n')?;
        if blake3::hash(rest.as_bytes()).to_hex().as_str() != sum {
            return None;
        }
        let mut at = sum.len() + 1;
        let mut stamp = String::new();
        while let Some(line) = text[at..].split('\n').next().filter(|it| !it.is_empty()) {
            let (stamped, path) = line.split_once('/')?;
            stamp.clear();
            Stamp::of(Path::new(&format!("/{path}"))).write(&mut stamp);
            if stamp != stamped {
                return None;
            }
            at += line.len() + 1;
        }
        Some(text.split_off((at + 1).min(text.len())))
    }

    /// Keeps what is wanted for the next time. What cannot be kept is not.
    pub(crate) fn keep(&self, workspace: &Workspace, wanted: &[Wanted]) {
        let mut text = String::new();
        for it in wanted {
            if it.spec.contains('\n') || it.package.contains(' ') {
                return;
            }
            let Wanted { spec, package, name, input: InputRef { derivation, output }, .. } = it;
            let word = if it.is_beside { "beside" } else { "wanted" };
            let _ = writeln!(text, "{word} {derivation} {output} {package} {name} {spec}");
        }
        self.keep_answer(workspace, &text);
    }

    /// Keeps an answer for the next time. What cannot be kept is not.
    pub(crate) fn keep_answer(&self, workspace: &Workspace, answer: &str) {
        let Some(seen) = workspace.seen().filter(|_| answer.len() <= ANSWER_BYTES_MAX) else {
            return;
        };
        let settled_ns = settled_ns();
        let mut text = String::new();
        let seen = seen.lock().unwrap_or_else(|it| it.into_inner());
        for (path, stamp) in seen.iter().collect::<BTreeMap<_, _>>() {
            let Some(path) = path.to_str().filter(|it| it.starts_with('/')) else { return };
            if path.contains('\n') || stamp.newest_ns() > settled_ns {
                return;
            }
            stamp.write(&mut text);
            text.push_str(path);
            text.push('\n');
        }
        text.push('\n');
        text.push_str(answer);
        let text = format!("{}\n{text}", blake3::hash(text.as_bytes()).to_hex());
        if fs::read_to_string(&self.path).is_ok_and(|it| it == text) {
            return;
        }
        write(&self.path, [text.as_bytes()], REQUESTS_MAX);
    }
}
