//! What can be done about a place: the fixes of diagnostics, and rewrites.

mod declare;
mod pin;
mod project;

use text_size::{TextRange, TextSize};

use crate::database::{Database, FileId};
use crate::diagnostic::{Code, Diagnostic, Edit, Fix};
use crate::module::{ModuleKind, OptionKind};
use crate::syntax::SyntaxKind::*;
use crate::syntax::ast::{self, AstNode};
use crate::types::Ty;

/// Something that can be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What it does.
    pub title: String,
    /// What kind of thing it is.
    pub kind: ActionKind,
    /// The changes, all in all or none.
    pub edits: Vec<Edit>,
    /// The diagnostic that it mends.
    pub mends: Option<Diagnostic>,
    /// Whether it is what is most probably meant.
    pub preferred: bool,
}

/// What kind of thing an action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActionKind {
    /// Mends a diagnostic.
    Fix,
    /// Mends everything in a file that has one way to be mended.
    FixAll,
    /// Says the same in another way.
    Rewrite,
}

/// Returns what can be done about a part of a file.
#[must_use]
pub fn actions(db: &Database, file: FileId, range: TextRange) -> Vec<Action> {
    let checked = db.checked(file);
    let text = db.text(file);
    let end = TextSize::of(&*text);
    let range = TextRange::new(range.start().min(end), range.end().min(end));
    let mut actions = Vec::new();
    for diagnostic in &checked.diagnostics {
        let place = diagnostic.primary.range;
        if place.intersect(range).is_none() && !place.contains_inclusive(range.start()) {
            continue;
        }
        for (at, fix) in diagnostic.fixes.iter().enumerate() {
            actions.push(Action {
                title: fix.title.clone(),
                kind: ActionKind::Fix,
                edits: fix.edits.clone(),
                mends: Some(diagnostic.clone()),
                preferred: at == 0 && diagnostic.fixes.len() == 1,
            });
        }
        actions.extend(declare::declare(db, file, diagnostic));
        if diagnostic.code == Code::RedundantSetting && diagnostic.fixes.is_empty() {
            actions.push(Action {
                title: "remove this setting".to_owned(),
                kind: ActionKind::Fix,
                edits: vec![remove_line(&text, file, place)],
                mends: Some(diagnostic.clone()),
                preferred: true,
            });
        }
    }
    let all = fix_all(db, file);
    if !all.is_empty() && !checked.diagnostics.is_empty() {
        actions.push(Action {
            title: "fix everything that has one fix".to_owned(),
            kind: ActionKind::FixAll,
            edits: all,
            mends: None,
            preferred: false,
        });
    }
    actions.extend(rewrites(db, file, range));
    actions.extend(pin::pin(db, file, range));
    actions.extend(project::move_to_project(db, file, range));
    actions
}

/// Returns the edits that mend every diagnostic of a file that has exactly one fix, within the file
/// and without one touching another.
#[must_use]
pub fn fix_all(db: &Database, file: FileId) -> Vec<Edit> {
    let checked = db.checked(file);
    let mut edits: Vec<Edit> = Vec::new();
    for diagnostic in &checked.diagnostics {
        let [fix] = &diagnostic.fixes[..] else { continue };
        let apart = |edit: &Edit| {
            edits.iter().all(|it| {
                it.range.end() < edit.range.start() || edit.range.end() < it.range.start()
            })
        };
        if fix.edits.iter().all(|it| it.file == file && apart(it)) {
            edits.extend(fix.edits.iter().cloned());
        }
    }
    edits.sort_by_key(|it| it.range.start());
    edits
}

/// Returns a text with edits applied; they must not overlap.
#[must_use]
pub fn apply(text: &str, edits: &[Edit]) -> String {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|it| it.range.start());
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        let (start, end) = (usize::from(edit.range.start()), usize::from(edit.range.end()));
        if start < at || end > text.len() {
            continue;
        }
        out.push_str(&text[at..start]);
        out.push_str(&edit.text);
        at = end;
    }
    out.push_str(&text[at..]);
    out
}

/// The edit that removes the lines of a place.
fn remove_line(text: &str, file: FileId, range: TextRange) -> Edit {
    let (start, end) = (usize::from(range.start()), usize::from(range.end()));
    let line_start = text[..start].rfind('\n').map_or(0, |it| it + 1);
    let line_end = text[end..].find('\n').map_or(text.len(), |it| end + it + 1);
    // Something else on the line stays.
    let alone = text[line_start..start].trim().is_empty() && text[end..line_end].trim().is_empty();
    let range = if alone {
        TextRange::new(TextSize::new(line_start as u32), TextSize::new(line_end as u32))
    } else {
        range
    };
    Edit { file, range, text: String::new() }
}

//------ rewrites

fn rewrites(db: &Database, file: FileId, range: TextRange) -> Vec<Action> {
    let root = db.parse(file).syntax();
    let mut actions = Vec::new();
    let Some(token) = root.token_at_offset(range.start()).right_biased() else { return actions };
    for node in token.parent_ancestors() {
        match node.kind() {
            KNOB => actions.extend(missing_arms(db, file, &node)),
            SETTING => {
                actions.extend(relative(db, file, &node));
                actions.extend(quoted(file, &node));
            }
            LET => actions.extend(annotate(db, file, &node)),
            _ => {}
        }
    }
    actions
}

fn rewrite(title: String, file: FileId, range: TextRange, text: String) -> Action {
    let edits = vec![Edit { file, range, text }];
    Action { title, kind: ActionKind::Rewrite, edits, mends: None, preferred: false }
}

/// Adds an arm for each value that has none.
fn missing_arms(db: &Database, file: FileId, node: &crate::syntax::SyntaxNode) -> Option<Action> {
    let knob = ast::Knob::cast(node.clone())?;
    let block = knob.block()?;
    let close = block.r_brace_token()?;
    let name = knob.name()?.text();
    let schema = db.schema(file);
    let mixins = schema.mixins.iter().filter_map(|it| it.2.get(&name));
    let option = schema.table.get(&name).into_iter().chain(mixins).next()?;
    let of = option.ty.words()?;
    let arms: Vec<ast::Arm> = block.syntax().children().filter_map(ast::Arm::cast).collect();
    if arms.iter().any(|it| it.else_token().is_some()) {
        return None;
    }
    let mut named: Vec<String> = Vec::new();
    for pattern in arms.iter().flat_map(|it| it.arm_patterns()) {
        let text = pattern.syntax().text().to_string();
        let text = text.trim().trim_matches('"').to_owned();
        match of.group(&text) {
            Some(members) => {
                named.extend(members.iter().map(|it| of.values[*it as usize].to_string()));
            }
            None => named.push(text),
        }
    }
    let missing: Vec<&str> = of
        .values
        .iter()
        .map(|it| it.as_str())
        .filter(|it| !named.iter().any(|name| name == it))
        .collect();
    /// More arms than this are not written at once.
    const ARMS_MAX: usize = 24;
    if missing.is_empty() || missing.len() > ARMS_MAX {
        return None;
    }
    let text = db.text(file);
    let at = close.text_range().start();
    let line_start = text[..usize::from(at)].rfind('\n').map_or(0, |it| it + 1);
    let indent: String =
        text[line_start..].chars().take_while(|it| it.is_whitespace() && *it != '\n').collect();
    let own_line = text[line_start..usize::from(at)].trim().is_empty();
    let lines: Vec<String> = missing
        .iter()
        .map(|it| {
            let word = if it.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-')) {
                (*it).to_owned()
            } else {
                crate::syntax::quote(it)
            };
            format!("{word} => {{ }}")
        })
        .collect();
    let (range, inserted) = if own_line {
        let lines: String = lines.iter().map(|it| format!("{indent}    {it}\n")).collect();
        (TextRange::empty(TextSize::new(line_start as u32)), lines)
    } else {
        (TextRange::empty(at), format!("; {} ", lines.join("; ")))
    };
    let count = missing.len();
    let title = format!("add {count} missing {}", if count == 1 { "arm" } else { "arms" });
    Some(rewrite(title, file, range, inserted))
}

/// `drivers = default + {mlx5}` and `drivers += mlx5` say the same of a file without lower layers.
fn relative(db: &Database, file: FileId, node: &crate::syntax::SyntaxNode) -> Option<Action> {
    let setting = ast::Setting::cast(node.clone())?;
    let op = setting.op_token()?;
    let value = setting.expr()?;
    if !matches!(
        db.lowered(file).module.kind,
        Some(ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project)
    ) {
        return None;
    }
    if op.kind() == EQ
        && let ast::Expr::Binary(binary) = &value
        && let Some(sign) = binary.op()
        && matches!(sign, PLUS | MINUS)
        && binary.lhs()?.syntax().text() == "prev"
    {
        let sign = if sign == PLUS { "+=" } else { "-=" };
        let rest = binary.rhs()?.syntax().text().to_string();
        let range = TextRange::new(op.text_range().start(), value.syntax().text_range().end());
        let title = format!("write `{sign}`");
        return Some(rewrite(title, file, range, format!("{sign} {}", rest.trim())));
    }
    None
}

/// Nothing is quoted that need not be: `tls = "openssl"`.
fn quoted(file: FileId, node: &crate::syntax::SyntaxNode) -> Option<Action> {
    let setting = ast::Setting::cast(node.clone())?;
    let ast::Expr::StringLit(string) = setting.expr()? else { return None };
    let text = string.plain_text()?;
    let is_word = matches!(text.as_str(), "on" | "off" | "true" | "false");
    let word = match text.as_str() {
        "on" | "true" => "on",
        _ => "off",
    };
    is_word.then(|| rewrite(format!("write `{word}`"), file, string.range(), word.to_owned()))
}

/// Writes down the type of a let.
fn annotate(db: &Database, file: FileId, node: &crate::syntax::SyntaxNode) -> Option<Action> {
    let let_ = ast::Let::cast(node.clone())?;
    if let_.type_().is_some() {
        return None;
    }
    let name = let_.name()?;
    let checked = db.checked(file);
    let lowered = checked.schema.env.lowered.clone();
    let decl =
        lowered.module.bodies.values().iter().flat_map(|it| &it.options).find(|it| {
            it.kind == OptionKind::Let && lowered.map.span(it.ident.span) == name.range()
        })?;
    let ty = &checked.types[decl.default?.index()];
    // Not every type can be written.
    let written = match ty {
        Ty::Error | Ty::Null | Ty::Empty | Ty::Object(_) | Ty::Function(_) => return None,
        Ty::Enum(it) | Ty::Set(it) if it.name.is_none() || it.file != file => return None,
        other => other.to_string(),
    };
    let title = format!("write the type `{written}`");
    Some(rewrite(title, file, TextRange::empty(name.range().end()), format!(": {written}")))
}

/// Whether a fix belongs to one file.
#[must_use]
pub fn is_within(fix: &Fix, file: FileId) -> bool {
    fix.edits.iter().all(|it| it.file == file)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    /// The actions at the cursor with the text that each gives.
    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let position = fixture.position();
        let mut out = String::new();
        for action in actions(&fixture.db, position.file, TextRange::empty(position.offset)) {
            let text = fixture.db.text(position.file);
            out.push_str(&format!("{:?} {}\n", action.kind, action.title));
            for line in apply(&text, &action.edits).lines() {
                out.push_str(&format!("    {line}\n"));
            }
        }
        expected.assert_eq(&out);
    }

    const RECIPE: &str = "//- /recipes/dpdk.kiln
recipe dpdk
version = 24.11
enum Driver { mlx5, ice, qat }
knob drivers: Set<Driver> = {ice}
feature pcap = off
";

    #[test]
    fn fixes_of_diagnostics_and_all_at_once() {
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\ndrivers += mlx$06\npcp = on\n"),
            expect![[r#"
                Fix write `mlx5`
                    override dpdk
                    drivers += mlx5
                    pcp = on
                FixAll fix everything that has one fix
                    override dpdk
                    drivers += mlx5
                    pcap = on
            "#]],
        );
    }

    #[test]
    fn rewrites() {
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\ndrivers = pr$0ev + {{mlx5}}\n"),
            expect![[r#"
                Rewrite write `+=`
                    override dpdk
                    drivers += {mlx5}
            "#]],
        );
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nlet v$0 = version.up_to(2)\n",
            expect![[r#"
                Rewrite write the type `Version`
                    recipe a
                    version = 1
                    let v: Version = version.up_to(2)
            "#]],
        );
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nknob t$0ls: enum { openssl, none } = none {\n    none => arg \"a\"\n}\n",
            expect![[r#"
                Rewrite add 1 missing arm
                    recipe a
                    version = 1
                    knob tls: enum { openssl, none } = none {
                        none => arg "a"
                        openssl => { }
                    }
            "#]],
        );
    }

    /// The actions with this in their title, at the cursor, with every file that they change.
    fn offered(text: &str, title: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let position = fixture.position();
        let mut out = String::new();
        let range = TextRange::empty(position.offset);
        let found = actions(&fixture.db, position.file, range);
        for action in found.into_iter().filter(|it| it.title.contains(title)) {
            out.push_str(&format!("{}\n", action.title));
            let mut files: Vec<FileId> = action.edits.iter().map(|it| it.file).collect();
            files.sort_unstable();
            files.dedup();
            for file in files {
                let own: Vec<Edit> =
                    action.edits.iter().filter(|it| it.file == file).cloned().collect();
                out.push_str(&format!("  {}\n", fixture.db.path(file)));
                for line in apply(&fixture.db.text(file), &own).lines() {
                    out.push_str(format!("    {line}").trim_end());
                    out.push('\n');
                }
            }
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn a_hash_is_pinned() {
        offered(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nsource = fetch(\"https://e.test/a$0.tar\")\n",
            "pin",
            expect![[r#"
                pin the hash: the first download says it
                  /recipes/a.kiln
                    recipe a
                    version = 1
                    source = fetch("https://e.test/a.tar", sha256 = "0000000000000000000000000000000000000000000000000000000000000000")
            "#]],
        );
        offered(
            "//- /recipes/a.kiln\nrecipe a\nversions {\n    1 { sha256 = \"00\" }\n}\nsource = fetch(\n    \"https://e.test/a$0.tar\",\n)\n",
            "hash",
            expect![[r#"
                take the hash of each version: `sha256 = sha256`
                  /recipes/a.kiln
                    recipe a
                    versions {
                        1 { sha256 = "00" }
                    }
                    source = fetch(
                        "https://e.test/a.tar", sha256 = sha256,
                    )
            "#]],
        );
        offered(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nsource = fetch(\"https://e.test/a$0.tar\", sha256 = \"00\")\n",
            "hash",
            expect![[r#""#]],
        );
    }

    #[test]
    fn a_setting_moves_to_the_project() {
        let project = "//- /w/project.kiln\nproject\n\nwant dpdk\n";
        offered(
            &format!(
                "{RECIPE}{project}//- /w/my.kiln\noverride dpdk\n\ndrivers +=$0 mlx5\npcap = on\n"
            ),
            "move",
            expect![[r#"
                move this setting to project.kiln
                  /w/project.kiln
                    project
    
                    want dpdk
                    dpdk { drivers += mlx5 }
                  /w/my.kiln
                    override dpdk
    
                    pcap = on
            "#]],
        );
        offered(
            &format!(
                "{RECIPE}{project}//- /w/o.kiln\noverlay o\n\ntoolchain.link = static\ndpdk {{ pcap =$0 on }}\n"
            ),
            "move",
            expect![[r#"
                move this setting to project.kiln
                  /w/project.kiln
                    project
    
                    want dpdk
                    dpdk { pcap = on }
                  /w/o.kiln
                    overlay o
    
                    toolchain.link = static
                    dpdk {  }
            "#]],
        );
        offered(
            &format!(
                "{RECIPE}{project}//- /w/o.kiln\noverlay o\n\nwhen platform.os == linux {{\n    dpdk {{ pcap =$0 on }}\n}}\n"
            ),
            "move",
            expect![[r#""#]],
        );
        offered(
            &format!("{RECIPE}//- /w/my.kiln\noverride dpdk\n\npcap$0 = on\n"),
            "move",
            expect![[r#""#]],
        );
    }

    #[test]
    fn an_option_is_declared_from_its_use() {
        offered(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\nnuma_zones$0 = 4\n"),
            "declare",
            expect![[r#"
                declare it: `knob numa_zones: Int = 4`
                  /recipes/dpdk.kiln
                    recipe dpdk
                    version = 24.11
                    enum Driver { mlx5, ice, qat }
                    knob drivers: Set<Driver> = {ice}
                    feature pcap = off
                    /// What it does.
                    knob numa_zones: Int = 4
            "#]],
        );
        offered(
            &format!(
                "{RECIPE}//- /recipes/vpp.kiln\nrecipe vpp\nversion = 1\nhost dpdk[numa_$0zones]\n"
            ),
            "declare",
            expect![[r#"
                declare it: `feature numa_zones = off`
                  /recipes/dpdk.kiln
                    recipe dpdk
                    version = 24.11
                    enum Driver { mlx5, ice, qat }
                    knob drivers: Set<Driver> = {ice}
                    feature pcap = off
                    /// What it does.
                    feature numa_zones = off
            "#]],
        );
        offered(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nconflict zon$0es \"why\"\n",
            "declare",
            expect![[r#"
                declare it: `feature zones = off`
                  /recipes/a.kiln
                    recipe a
                    version = 1
                    conflict zones "why"
                    /// What it does.
                    feature zones = off
            "#]],
        );
        offered(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\nnuma_zones$0 = {{a: 3}}\n"),
            "declare",
            expect![[r#""#]],
        );
    }

    /// Applying a fix leaves the mistake nowhere, whichever fix it is.
    #[test]
    fn a_fix_mends() {
        let fixture = Fixture::new(&format!(
            "{RECIPE}//- /my.kiln\noverride dpdk\ndrivers += mlx6\npcp = on\ndrivers -= qta\n"
        ));
        let file = fixture.cursor.file;
        let path = fixture.db.path(file);
        let before = fixture.db.diagnostics(file);
        assert!(before.len() >= 3, "{before:#?}");
        for diagnostic in &before {
            for fix in &diagnostic.fixes {
                assert!(is_within(fix, file));
                let text = apply(&fixture.db.text(file), &fix.edits);
                let db = fixture.db.with_file(&path, Some(&text));
                let after = db.diagnostics(db.file(&path));
                let still = after.iter().any(|it| it.message == diagnostic.message);
                assert!(!still, "{}: {after:#?}", fix.title);
            }
        }
    }
}
