//! The checker on every file of the repository, as it is and broken in thousands of ways.
//!
//! It never panics, points into the text only, says the same twice, and every edit that it offers
//! mends what it is offered for. `KILN_MUTATIONS=100000 cargo test -p kiln-lang --test check` runs for
//! long; `KILN_SEED` begins elsewhere.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::{Code, Database, Diagnostic, Edit, FileId, Fix, MemoryWorld};

/// How many broken texts are checked if nothing else is asked for.
const MUTATIONS: u64 = 1500;

/// Files that belong together: path to text.
type Folder = BTreeMap<String, String>;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read_below(folder: &Path, prefix: &str, out: &mut Folder) {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).into_iter().flatten().flatten().map(|it| it.path()).collect();
    entries.sort();
    for path in entries {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            read_below(&path, &format!("{prefix}{name}/"), out);
        } else if let Ok(text) = fs::read_to_string(&path) {
            out.insert(format!("{prefix}{name}"), text);
        }
    }
}

/// The standard recipes, the folders of the cases, and the blocks of each page of the specification.
fn corpus() -> (Folder, Vec<Folder>) {
    let mut standard = Folder::new();
    read_below(&root().join("stdlib-recipes"), "/std/", &mut standard);
    let mut folders = Vec::new();
    for stage in fs::read_dir(root().join("tests/cases")).into_iter().flatten().flatten() {
        let mut cases: Vec<PathBuf> = fs::read_dir(stage.path())
            .into_iter()
            .flatten()
            .flatten()
            .map(|it| it.path())
            .collect();
        cases.sort();
        for case in cases {
            let mut folder = Folder::new();
            read_below(&case, "/set/", &mut folder);
            folder.remove("/set/transcript");
            folders.push(folder);
        }
    }
    let mut pages = Folder::new();
    read_below(&root().join("spec"), "", &mut pages);
    for (_, page) in pages.into_iter().filter(|it| it.0.ends_with(".md")) {
        folders.extend(blocks(&page));
    }
    folders.retain(|it| it.keys().any(|it| it.ends_with(".kiln")));
    // Each recipe of the standard ones, in a folder of its own before them.
    for (path, text) in standard.iter().filter(|it| it.0.ends_with(".kiln")) {
        let name = path.rsplit('/').next().unwrap_or(path);
        folders.push(Folder::from([(format!("/set/{name}"), text.clone())]));
    }
    assert!(folders.len() > 100, "the corpus has only {} folders", folders.len());
    (standard, folders)
}

/// The blocks of a page, those of one name in folders of their own.
fn blocks(page: &str) -> Vec<Folder> {
    let mut folders = vec![Folder::new()];
    let mut lines = page.lines();
    while let Some(line) = lines.next() {
        let Some(info) = line.strip_prefix("```kiln") else { continue };
        let text: String = lines
            .by_ref()
            .take_while(|it| !it.starts_with("```"))
            .map(|it| format!("{it}\n"))
            .collect();
        let mut words = text.split_whitespace();
        let (kind, name) = (words.next().unwrap_or(""), words.next().unwrap_or("it"));
        let name = match (info.trim(), kind) {
            ("sample", _) => continue,
            (path, _) if path.ends_with(".kiln") => path.to_owned(),
            (_, "recipe" | "module" | "interface") => format!("{name}.kiln"),
            _ => "it.kiln".to_owned(),
        };
        let path = format!("/set/{name}");
        // A mended file stands beside what its mistake was shown with.
        if folders.last().is_some_and(|it| it.contains_key(&path)) {
            let next = folders.last().cloned().unwrap_or_default();
            folders.push(next);
        }
        if let Some(folder) = folders.last_mut() {
            folder.insert(path, text);
        }
    }
    folders
}

fn database(standard: &Folder, folder: &Folder) -> Database {
    let mut world = MemoryWorld::new();
    for (path, text) in standard.iter().chain(folder) {
        world.insert(path.clone(), text);
    }
    Database::new(Arc::new(world), vec!["/set".to_owned(), "/std".to_owned()])
}

/// What is wrong with each file of a folder.
fn all(db: &Database, folder: &Folder) -> Vec<Diagnostic> {
    let files = folder.keys().filter(|it| it.ends_with(".kiln"));
    files.flat_map(|it| db.diagnostics(db.file(it))).collect()
}

//------ what must hold

/// Asserts what holds of all diagnostics, whatever the text.
fn hold(standard: &Folder, folder: &Folder) {
    let db = database(standard, folder);
    let found = all(&db, folder);
    for diagnostic in &found {
        let places = std::iter::once(&diagnostic.primary).chain(&diagnostic.secondary);
        for label in places {
            inside(&db, label.file, label.range, diagnostic);
        }
        assert!(!diagnostic.message.is_empty(), "{diagnostic:?}");
        // These quote what the author of a recipe wrote.
        let quotes = matches!(
            diagnostic.code,
            Code::Deprecated | Code::RemovedOption | Code::OutOfRange | Code::UnreadableFile
        );
        assert!(quotes || !diagnostic.message.ends_with('.'), "no full stop: {diagnostic:?}");
        for fix in &diagnostic.fixes {
            assert!(!fix.title.is_empty() && !fix.edits.is_empty(), "{diagnostic:?}");
            for edit in &fix.edits {
                inside(&db, edit.file, edit.range, diagnostic);
            }
            apply(&db, folder, fix);
        }
    }
    assert_eq!(found, all(&database(standard, folder), folder), "the same text, checked twice");
}

fn inside(db: &Database, file: FileId, range: kiln_lang::TextRange, diagnostic: &Diagnostic) {
    let text = db.text(file);
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    assert!(
        end <= text.len() && text.is_char_boundary(start) && text.is_char_boundary(end),
        "{start}..{end} is no place in {}: {diagnostic:?}",
        db.path(file)
    );
}

/// The folder with the edits of a fix. They change its files only, and do not overlap.
fn apply(db: &Database, folder: &Folder, fix: &Fix) -> Folder {
    let mut fixed = folder.clone();
    let mut edits: Vec<&Edit> = fix.edits.iter().collect();
    edits.sort_by_key(|it| (it.file, it.range.start(), it.range.end()));
    for pair in edits.windows(2) {
        assert!(
            pair[0].file != pair[1].file || pair[0].range.end() <= pair[1].range.start(),
            "edits overlap: {fix:?}"
        );
    }
    for edit in edits.into_iter().rev() {
        let path = db.path(edit.file).to_string();
        let Some(text) = fixed.get_mut(&path) else {
            panic!("{path} is not theirs to edit: {fix:?}")
        };
        text.replace_range(
            usize::from(edit.range.start())..usize::from(edit.range.end()),
            &edit.text,
        );
    }
    fixed
}

fn is_syntax(code: Code) -> bool {
    matches!(
        code,
        Code::UnexpectedToken
            | Code::UnclosedBracket
            | Code::UnclosedString
            | Code::UnknownCharacter
            | Code::NestedTooDeep
            | Code::MissingHeader
            | Code::HeaderName
    )
}

/// What a diagnostic says of which text. Its place moves when something else is edited, and which
/// names it suggests may change.
type Said = (Code, String, String);

fn what(db: &Database, it: &Diagnostic) -> Said {
    let path = db.path(it.primary.file).to_string();
    (it.code, path, db.text(it.primary.file)[it.primary.range].to_owned())
}

/// How often each thing is said.
fn said(db: &Database, found: &[Diagnostic]) -> BTreeMap<Said, usize> {
    let mut said = BTreeMap::new();
    for it in found {
        *said.entry(what(db, it)).or_insert(0) += 1;
    }
    said
}

/// Applies every edit that is offered: what it is offered for is gone, and nothing new is wrong.
fn fixes_mend(standard: &Folder, folder: &Folder) -> Result<(), String> {
    let db = database(standard, folder);
    let found = all(&db, folder);
    let before = said(&db, &found);
    for diagnostic in &found {
        for fix in &diagnostic.fixes {
            let fixed = apply(&db, folder, fix);
            let fixed_db = database(standard, &fixed);
            let found = all(&fixed_db, &fixed);
            let after = said(&fixed_db, &found);
            let key = what(&db, diagnostic);
            let path = db.path(diagnostic.primary.file);
            let story = || {
                format!(
                    "{path}: {}: {}\nfix: {}\n{}",
                    diagnostic.code,
                    diagnostic.message,
                    fix.title,
                    fixed.get(&*path).map_or("", String::as_str)
                )
            };
            if after.get(&key).unwrap_or(&0) >= &before[&key] {
                return Err(format!("not mended: {}", story()));
            }
            for it in &found {
                // Behind what could not be read may be more that is wrong.
                let hidden = is_syntax(diagnostic.code) && !is_syntax(it.code);
                // A larger place may hold the text that was edited.
                let (code, path, _) = what(&fixed_db, it);
                let count = |said: &BTreeMap<Said, usize>| -> usize {
                    said.iter().filter(|it| it.0.0 == code && it.0.1 == path).map(|it| it.1).sum()
                };
                let more = count(&after) > count(&before);
                if it.is_error() && more && !hidden {
                    return Err(format!("new: {}: {}\nafter: {}", it.code, it.message, story()));
                }
            }
        }
    }
    Ok(())
}

#[test]
fn every_file_of_the_repository_is_checked_twice_alike() {
    let (standard, folders) = corpus();
    for folder in &folders {
        hold(&standard, folder);
    }
}

#[test]
fn every_fix_that_is_offered_mends() {
    let (standard, folders) = corpus();
    let wrong: Vec<String> =
        folders.iter().filter_map(|it| fixes_mend(&standard, it).err()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n================\n"));
}

#[test]
fn broken_files_never_break_the_checker() {
    let (standard, folders) = corpus();
    let number = |name: &str| std::env::var(name).ok().and_then(|it| it.parse::<u64>().ok());
    let mut random =
        Random(number("KILN_SEED").unwrap_or(1).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..number("KILN_MUTATIONS").unwrap_or(MUTATIONS) {
        let mut folder = folders[random.below(folders.len())].clone();
        let paths: Vec<String> =
            folder.keys().filter(|it| it.ends_with(".kiln")).cloned().collect();
        let path = &paths[random.below(paths.len())];
        let text = mutated(&folder[path], &mut random);
        folder.insert(path.clone(), text.clone());
        let outcome = std::panic::catch_unwind(|| {
            hold(&standard, &folder);
            if std::env::var_os("KILN_MUTATED_FIXES").is_some()
                && let Err(why) = fixes_mend(&standard, &folder)
            {
                println!("{why}\n================");
            }
        });
        assert!(outcome.is_ok(), "{path}:\n{text}");
    }
}

//------ breaking texts

/// A generator of numbers that is the same on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Words that take the place of others.
const WORDS: &[&str] = &[
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "\"",
    "=",
    "+=",
    "-=",
    "=>",
    "..",
    "~",
    "!",
    "&",
    "when",
    "else",
    "if",
    "then",
    "match",
    "all",
    "prev",
    "default",
    "null",
    "on",
    "version",
    "platform.cpu",
    "dep.zlib",
    "toolchain",
    "-9223372036854775808",
    "9223372036854775807",
    "0",
    "24.10",
    "1.*",
    "3 GiB",
    "é",
    "\n",
    "for x in",
    "with zlib",
    "has any",
    "in",
    "has",
    "file(\"../x\")",
    "sh\"\\(\"",
    "/[/",
    "Int(9..=1)",
    "Set<Int>",
    "type A = A",
    "it",
    "where it",
    "@all",
    "steps",
    "include",
    "use",
    "mixin",
    "exact",
];

/// The text with one to four changes of words and lines.
fn mutated(text: &str, random: &mut Random) -> String {
    let mut text = text.to_owned();
    for _ in 0..1 + random.below(4) {
        let mut units: Vec<String> = if random.below(3) == 0 {
            text.split_inclusive('\n').map(str::to_owned).collect()
        } else {
            words(&text)
        };
        if units.is_empty() {
            return text;
        }
        let (a, b) = (random.below(units.len()), random.below(units.len()));
        match random.below(5) {
            0 => {
                units.remove(a);
            }
            1 => units.insert(a, units[b].clone()),
            2 => units.swap(a, b),
            3 => units[a] = units[b].clone(),
            _ => units[a] = WORDS[random.below(WORDS.len())].to_owned(),
        }
        text = units.concat();
    }
    text
}

/// Runs of letters and digits, runs of spaces, and single other characters.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let class = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => 1,
        ' ' => 2,
        _ => 0,
    };
    let mut last = 0;
    for c in text.chars() {
        match words.last_mut() {
            Some(word) if class(c) != 0 && class(c) == last => word.push(c),
            _ => words.push(c.to_string()),
        }
        last = class(c);
    }
    words
}

#[test]
fn the_corpus_shows_every_code_that_checking_can_give() {
    let (standard, folders) = corpus();
    let mut shown: BTreeSet<Code> = BTreeSet::new();
    for folder in &folders {
        shown.extend(all(&database(&standard, folder), folder).iter().map(|it| it.code));
    }
    let of_later_stages = [
        Code::Conflict,
        Code::Unavailable,
        Code::MissingFact,
        Code::DependencyCycle,
        Code::BadLock,
        Code::StaleLock,
        Code::Locked,
        Code::EvaluationLimit,
        Code::EvaluationError,
        Code::BadLock,
        Code::StaleLock,
        Code::Locked,
        // Its text is made by the shell.
        Code::NestedTooDeep,
    ];
    let missing: Vec<&str> = Code::ALL
        .iter()
        .filter(|it| !shown.contains(it) && !of_later_stages.contains(it))
        .map(|it| it.slug())
        .collect();
    assert!(missing.is_empty(), "no file provokes {missing:?}");
}
