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
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use kiln_store::{DecodeError, Decoder, DerivationId, Encoder, InputRef, OutputName};

use crate::args::{Layers, Wishes};
use crate::folders::{self, Purpose};
use crate::workspace::{Workspace, find_project};

/// How many requests are remembered.
const REQUESTS_MAX: usize = 256;

/// How long an answer is that is remembered.
const ANSWER_BYTES_MAX: usize = 4 << 20;

/// A file that was changed so short a time ago, in nanoseconds, may change again without its stamp
/// showing it: clocks of file systems tick in milliseconds.
const FRESH_NS: i128 = 1_000_000_000;

/// What `stat` says of a path: of itself, and of what it leads to if it is a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    own: Option<Stat>,
    target: Option<Stat>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stat {
    device: u64,
    inode: u64,
    size: u64,
    modified_ns: i128,
    changed_ns: i128,
}

impl Stat {
    fn of(metadata: &fs::Metadata) -> Stat {
        let ns = |seconds: i64, rest: i64| i128::from(seconds) * 1_000_000_000 + i128::from(rest);
        Stat {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }
}

impl Stamp {
    /// The stamp of a path now; also of one where nothing is.
    pub(crate) fn of(path: &Path) -> Stamp {
        let own = fs::symlink_metadata(path).ok();
        let is_link = own.as_ref().is_some_and(fs::Metadata::is_symlink);
        let target = is_link.then(|| fs::metadata(path).ok()).flatten();
        Stamp { own: own.as_ref().map(Stat::of), target: target.as_ref().map(Stat::of) }
    }

    /// How many bytes the file has.
    pub(crate) fn size(&self) -> Option<u64> {
        self.target.or(self.own).map(|it| it.size)
    }

    /// When it was last changed, in nanoseconds since 1970; 0 if nothing is there.
    pub(crate) fn newest_ns(&self) -> i128 {
        let newest = |it: &Stat| it.modified_ns.max(it.changed_ns);
        self.own.iter().chain(&self.target).map(newest).max().unwrap_or(0)
    }

    /// Writes the stamp for [`decode`](Stamp::decode).
    pub(crate) fn encode(&self, encoder: &mut Encoder) {
        for stat in [self.own, self.target] {
            encoder.bool(stat.is_some());
            if let Some(Stat { device, inode, size, modified_ns, changed_ns }) = stat {
                for number in [device, inode, size] {
                    encoder.u64(number);
                }
                encoder.fixed(&modified_ns.to_le_bytes());
                encoder.fixed(&changed_ns.to_le_bytes());
            }
        }
    }

    /// Reads a stamp.
    pub(crate) fn decode(decoder: &mut Decoder<'_>) -> Result<Stamp, DecodeError> {
        let mut stat = || -> Result<Option<Stat>, DecodeError> {
            if !decoder.bool("mark of a stamp")? {
                return Ok(None);
            }
            let (device, inode, size) = (decoder.u64()?, decoder.u64()?, decoder.u64()?);
            let mut ns = || -> Result<i128, DecodeError> {
                let mut bytes = [0; 16];
                bytes.copy_from_slice(decoder.fixed(16)?);
                Ok(i128::from_le_bytes(bytes))
            };
            Ok(Some(Stat { device, inode, size, modified_ns: ns()?, changed_ns: ns()? }))
        };
        Ok(Stamp { own: stat()?, target: stat()? })
    }

    fn write(&self, out: &mut String) {
        for stat in [self.own, self.target] {
            match stat {
                Some(it) => {
                    let _ = write!(
                        out,
                        "{} {} {} {} {} ",
                        it.device, it.inode, it.size, it.modified_ns, it.changed_ns
                    );
                }
                None => out.push_str("- "),
            }
        }
    }
}

/// Something that is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The spec, in full.
    pub(crate) spec: String,
    /// The name of the package.
    pub(crate) package: String,
    /// The output of the derivation.
    pub(crate) input: InputRef,
    /// Whether it is wanted only because something that is wanted needs it when it runs.
    pub(crate) is_beside: bool,
}

/// The place in the user's cache, in this folder of it, of what this program is asked in this folder.
pub(crate) fn place(
    folder: &str,
    question: &str,
    layers: &Layers,
    words: &dyn std::fmt::Debug,
) -> Option<PathBuf> {
    let cache = folders::folder(Purpose::Cache)?;
    let here = std::env::current_dir().ok()?;
    let mut program = String::new();
    Stamp::of(&std::env::current_exe().ok()?).write(&mut program);
    let project = if layers.no_project { None } else { find_project() };
    let request = format!("{program} {here:?} {project:?} {question:?} {layers:?} {words:?}");
    let name = blake3::hash(request.as_bytes()).to_hex();
    Some(cache.join(folder).join(&name.as_str()[..32]))
}

/// Puts a file into a folder of the cache, which keeps the last `count_max`. What cannot be written
/// is not.
pub(crate) fn write<'b>(path: &Path, parts: impl IntoIterator<Item = &'b [u8]>, count_max: usize) {
    let Some(folder) = path.parent() else { return };
    let beside = path.with_extension(std::process::id().to_string());
    let write = || {
        let mut file = BufWriter::with_capacity(1 << 17, File::create(&beside)?);
        parts.into_iter().try_for_each(|it| file.write_all(it))?;
        file.flush()
    };
    let written =
        fs::create_dir_all(folder).and_then(|()| write()).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    forget_old(folder, count_max);
}

/// The time by which a file must have been left alone for its stamp to be trusted, in nanoseconds.
pub(crate) fn settled_ns() -> i128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
    i128::try_from(now).unwrap_or(i128::MAX) - FRESH_NS
}

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
            let mut words = line.splitn(5, ' ');
            let is_beside = words.next()? == "beside";
            let derivation: DerivationId = words.next()?.parse().ok()?;
            let output = OutputName::new(words.next()?).ok()?;
            let package = words.next()?.to_owned();
            let spec = words.next()?.to_owned();
            let input = InputRef { derivation, output };
            wanted.push(Wanted { spec, package, input, is_beside });
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
            let InputRef { derivation, output } = &it.input;
            let word = if it.is_beside { "beside" } else { "wanted" };
            let _ = writeln!(text, "{word} {derivation} {output} {} {}", it.package, it.spec);
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

/// Removes the files that were written longest ago, if there are more than `count_max`.
fn forget_old(folder: &Path, count_max: usize) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut all: Vec<(SystemTime, PathBuf)> = entries
        .flatten()
        .filter_map(|it| Some((it.metadata().ok()?.modified().ok()?, it.path())))
        .collect();
    if all.len() > count_max {
        all.sort();
        for (_, path) in all.iter().take(all.len() - count_max / 2) {
            let _ = fs::remove_file(path);
        }
    }
}
