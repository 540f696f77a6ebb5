//! The specification as tests: every ```` ```kiln ```` block of `spec/` is checked.
//!
//! A block is a file. Files that it needs besides stand in blocks before it, in the same section of
//! the page, and say their path: ```` ```kiln dpdk.kiln ````. In a block,
//!
//! ```text
//! drivers += mlx6        // error[unknown-value]     there is this mistake on the line
//! max = 1 + 2            // = 3                      the value is this, for lets of a module
//! ```
//!
//! A mistake that no comment names, and a comment whose mistake is not there, both fail. A block
//! marked `ignore` is not looked at; one that begins with neither a header nor a path is a piece of
//! a recipe and is put into one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kiln_lang::{Database, MemoryWorld};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../spec");
    let mut pages = Vec::new();
    collect(&root, &mut pages);
    pages.sort();
    let mut trials = Vec::new();
    for page in pages {
        let text = fs::read_to_string(&page).unwrap_or_default();
        let name = page.strip_prefix(&root).unwrap_or(&page).display().to_string();
        for block in blocks(&text) {
            let title = format!("{name}:{}", block.line);
            trials.push(Trial::test(title, move || check(&block)));
        }
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn collect(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            collect(&entry.path(), out);
        } else if entry.path().extension().is_some_and(|it| it == "md") {
            out.push(entry.path());
        }
    }
}

/// A block and the files that its section has before it.
struct Block {
    line: usize,
    path: Option<String>,
    text: String,
    others: BTreeMap<String, String>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut others: BTreeMap<String, String> = BTreeMap::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        if line.starts_with("## ") {
            others.clear();
        }
        let Some(info) = line.strip_prefix("```kiln") else { continue };
        let mut text = String::new();
        for (_, line) in lines.by_ref() {
            if line.starts_with("```") {
                break;
            }
            text.push_str(line);
            text.push('\n');
        }
        let info = info.trim();
        if info == "ignore" {
            continue;
        }
        let path = (!info.is_empty()).then(|| info.to_owned());
        let others_now = others.clone();
        if let Some(path) = &path {
            others.insert(path.clone(), text.clone());
        }
        blocks.push(Block { line: number + 1, path, text, others: others_now });
    }
    blocks
}

const HEADERS: &[&str] = &["recipe", "override", "overlay", "project", "module", "interface"];

fn check(block: &Block) -> Result<(), Failed> {
    let begins = block
        .text
        .lines()
        .map(str::trim)
        .find(|it| !it.is_empty() && !it.starts_with("//") && !it.starts_with('@'))
        .unwrap_or("");
    let has_header = HEADERS.iter().any(|it| begins.split(' ').next() == Some(it));
    let (text, skipped) = if has_header {
        (block.text.clone(), 0)
    } else {
        (format!("recipe example\nversion = 1\n{}", block.text), 2)
    };
    let kind = text.lines().find_map(|it| {
        let mut words = it.split_whitespace();
        let first = words.next()?;
        HEADERS.contains(&first).then(|| (first.to_owned(), words.next().unwrap_or("").to_owned()))
    });
    let path = match (&block.path, kind) {
        (Some(path), _) => path.clone(),
        (None, Some((kind, name)))
            if matches!(kind.as_str(), "recipe" | "module" | "interface") =>
        {
            format!("{name}.kiln")
        }
        (None, _) => "it.kiln".to_owned(),
    };
    let mut world = MemoryWorld::new();
    for (path, text) in &block.others {
        world.insert(format!("/set/{path}"), text);
    }
    world.insert(format!("/set/{path}"), &text);
    let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
    let file = db.file(&format!("/set/{path}"));
    let mut found: Vec<(usize, String, String)> = Vec::new();
    for diagnostic in db.diagnostics(file) {
        let at = usize::from(diagnostic.primary.range.start()).min(text.len());
        let line = text[..at].matches('\n').count() + 1;
        found.push((line, diagnostic.code.slug().to_owned(), diagnostic.message.clone()));
    }
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let shown = (number + block.line).saturating_sub(skipped);
        for part in line.split("// ").skip(1) {
            let slug = part
                .strip_prefix("error[")
                .or_else(|| part.strip_prefix("warning["))
                .and_then(|it| it.split(']').next());
            if let Some(slug) = slug {
                match found.iter().position(|it| it.0 == number && it.1 == slug) {
                    Some(at) => {
                        found.remove(at);
                    }
                    None => complaints
                        .push(format!("line {shown}: expected {slug}, and it is not there")),
                }
            }
        }
    }
    for (line, slug, message) in found {
        let shown = (line + block.line).saturating_sub(skipped);
        complaints.push(format!("line {shown}: {slug}: {message}"));
    }
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n").into()) }
}
