//! Statements: keywords where they may stand, and what can be set.

use super::super::Symbol;
use super::super::keywords::keyword_doc;
use super::{Completion, CompletionKind, List, Packages, rank};
use crate::database::Database;
use crate::module::{ModuleKind, Name, OptionKind};
use crate::schema::Schema;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};
use crate::types::Ty;

/// What the items around a cursor are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// At the top of a file, or in a block of a feature, an arm or `when` there.
    File,
    Mixin,
    /// In the block of a package, of a preset or a compilation: settings only.
    Settings,
    Output,
    Test,
    /// In the block of a knob, where arms stand.
    Arms,
    Versions,
}

/// A statement: its word, the statement with places to fill in, and in which files it stands.
struct Statement {
    word: &'static str,
    snippet: &'static str,
    kinds: &'static [ModuleKind],
}

const RECIPES: &[ModuleKind] = &[ModuleKind::Recipe];
const DECLARING: &[ModuleKind] = &[ModuleKind::Recipe, ModuleKind::Interface];
const ALL_DECLARING: &[ModuleKind] =
    &[ModuleKind::Recipe, ModuleKind::Interface, ModuleKind::Module];
const LAYERS: &[ModuleKind] = &[ModuleKind::Override, ModuleKind::Overlay, ModuleKind::Project];
const PROJECTS: &[ModuleKind] = &[ModuleKind::Project];
const PUBLISHING: &[ModuleKind] = &[ModuleKind::Recipe, ModuleKind::Project];
const WIDE: &[ModuleKind] = &[ModuleKind::Project, ModuleKind::Overlay];

/// Statements at the top of a file. Those of [`DECLARING`] stand in mixins, too.
const STATEMENTS: &[Statement] = &[
    Statement {
        word: "feature",
        snippet: "feature ${1:name} = ${2|off,on|} {\n    $0\n}",
        kinds: DECLARING,
    },
    Statement {
        word: "knob",
        snippet: "knob ${1:name}: enum { ${2:a}, ${3:b} } = ${2:a} {\n    ${2:a} => $0\n}",
        kinds: DECLARING,
    },
    Statement {
        word: "field",
        snippet: "field ${1:name}: ${2:String} = ${3:\"\"}",
        kinds: DECLARING,
    },
    Statement { word: "let", snippet: "let ${1:name} = $0", kinds: ALL_DECLARING },
    Statement { word: "enum", snippet: "enum ${1:Name} { $0 }", kinds: ALL_DECLARING },
    Statement {
        word: "record",
        snippet: "record ${1:Name} {\n    field ${2:name}: ${3:String}\n}",
        kinds: ALL_DECLARING,
    },
    Statement { word: "type", snippet: "type ${1:Name} = $0", kinds: ALL_DECLARING },
    Statement {
        word: "fn",
        snippet: "fn ${1:name}(${2:x}: ${3:String}): ${4:String} = $0",
        kinds: ALL_DECLARING,
    },
    Statement {
        word: "mixin",
        snippet: "mixin ${1:name} {\n    $0\n}",
        kinds: &[ModuleKind::Module, ModuleKind::Recipe],
    },
    Statement {
        word: "versions",
        snippet: "versions {\n    ${1:1.0} { sha256 = \"$2\" }\n}",
        kinds: RECIPES,
    },
    Statement { word: "version", snippet: "version = ${1:1.0}", kinds: RECIPES },
    Statement {
        word: "source",
        snippet: "source = fetch(\"${1:https://}\", sha256 = ${2:sha256})",
        kinds: RECIPES,
    },
    Statement { word: "build", snippet: "build $0", kinds: DECLARING },
    Statement { word: "host", snippet: "host $0", kinds: DECLARING },
    Statement { word: "run", snippet: "run $0", kinds: DECLARING },
    Statement { word: "extends", snippet: "extends $0", kinds: DECLARING },
    Statement { word: "provides", snippet: "provides $0", kinds: DECLARING },
    Statement { word: "require", snippet: "require $1 \"$2\"", kinds: DECLARING },
    Statement { word: "conflict", snippet: "conflict $1 \"$2\"", kinds: DECLARING },
    Statement { word: "unavailable", snippet: "unavailable when $1 \"$2\"", kinds: DECLARING },
    Statement { word: "arg", snippet: "arg \"$1\" else \"$2\"", kinds: DECLARING },
    Statement {
        word: "step",
        snippet: "step ${1:name} = sh\"\"\"\n    $0\n    \"\"\"",
        kinds: DECLARING,
    },
    Statement { word: "steps", snippet: "steps $0", kinds: DECLARING },
    Statement {
        word: "include",
        snippet: "include $0",
        kinds: &[
            ModuleKind::Recipe,
            ModuleKind::Module,
            ModuleKind::Override,
            ModuleKind::Overlay,
            ModuleKind::Project,
        ],
    },
    Statement {
        word: "use",
        snippet: "use $0",
        kinds: &[ModuleKind::Recipe, ModuleKind::Module, ModuleKind::Project],
    },
    Statement { word: "compile", snippet: "compile ${1:name} { $0 }", kinds: RECIPES },
    Statement {
        word: "output",
        snippet: "output ${1:name} {\n    files = [\"$2\"]\n}",
        kinds: RECIPES,
    },
    Statement { word: "exports", snippet: "exports { $0 }", kinds: DECLARING },
    Statement { word: "ignore", snippet: "ignore exports from $0", kinds: DECLARING },
    Statement { word: "test", snippet: "test \"${1:title}\" = sh\"\"\"$0\"\"\"", kinds: DECLARING },
    Statement { word: "preset", snippet: "preset ${1:name} { $0 }", kinds: RECIPES },
    Statement {
        word: "when",
        snippet: "when $1 {\n    $0\n}",
        kinds: &[
            ModuleKind::Recipe,
            ModuleKind::Interface,
            ModuleKind::Override,
            ModuleKind::Overlay,
            ModuleKind::Project,
        ],
    },
    Statement { word: "for", snippet: "for ${1:x} in $2 {\n    $0\n}", kinds: DECLARING },
    Statement { word: "want", snippet: "want $0", kinds: PROJECTS },
    Statement { word: "overlays", snippet: "overlays [$0]", kinds: PROJECTS },
    Statement { word: "policy", snippet: "policy $1 \"$2\"", kinds: PROJECTS },
    Statement { word: "publish", snippet: "publish $0", kinds: PUBLISHING },
    Statement { word: "pkgs", snippet: "pkgs where has feature ${1:lto} { $0 }", kinds: WIDE },
];

impl List<'_> {
    /// A word that the grammar found no place for: a file without header, a tail, a statement.
    pub(super) fn loose(&mut self) {
        let context = self.context;
        if context.kind.is_none() {
            let header = context.token.parent_ancestors().any(|it| it.kind() == HEADER);
            if !header {
                self.header();
            }
            return;
        }
        if let Some(before) = context.before_in_line()
            && !matches!(before.kind(), L_BRACE | R_BRACE | SEMICOLON | FAT_ARROW | QUESTION)
        {
            return self.tails(&before);
        }
        if context.around(&[RECORD_BODY]).is_some() {
            return self.keyword("field", Some("field ${1:name}: ${2:String}"));
        }
        self.statement(&[]);
    }

    fn header(&mut self) {
        let path = self.context.db.path(self.context.file);
        let stem = path.rsplit(['/', ':']).next().unwrap_or("");
        let stem = stem.strip_suffix(".kiln").unwrap_or(stem);
        for word in ["recipe", "override", "overlay", "project", "module", "interface"] {
            let mut item = self.item(word, CompletionKind::Keyword, rank::EXPECTED);
            if word != "project" {
                item.snippet = Some(format!("{word} ${{1:{stem}}}\n\n$0"));
            }
            if let Some((example, doc)) = keyword_doc(word) {
                item.detail = example.to_owned();
                item.doc = doc.to_owned();
            }
            self.add(item);
        }
    }

    /// The beginning of a statement, or the path of a setting.
    pub(super) fn statement(&mut self, before: &[Name]) {
        let context = self.context;
        if context.kind.is_none() {
            return self.header();
        }
        let Some(node) = context.token.parent() else { return };
        let place = place(&node);
        let is_settings = context.is_layer() || place == Place::Settings;
        if before.is_empty() && place == Place::Arms {
            return self.arms(&node);
        }
        if before.is_empty() {
            self.keywords(place);
        }
        match place {
            Place::Output if !context.is_layer() => {
                let item = self.item("files", CompletionKind::Field, rank::EXPECTED);
                let snippet = Some("files = [\"$1\"]".to_owned());
                return self.add(Completion {
                    detail: "List<String>".to_owned(),
                    doc: "The files of this output, as patterns.".to_owned(),
                    snippet,
                    ..item
                });
            }
            Place::Test if !context.is_layer() => {
                let item = self.item("script", CompletionKind::Field, rank::EXPECTED);
                let snippet = Some("script = sh\"\"\"$1\"\"\"".to_owned());
                return self.add(Completion { detail: "Script".to_owned(), snippet, ..item });
            }
            _ => {}
        }
        let is_wide = matches!(context.kind, Some(ModuleKind::Overlay | ModuleKind::Project));
        if is_wide && context.prefix(&node).is_empty() && before.is_empty() {
            if context.around(&[PKGS_WHERE]).is_none() {
                self.wide_heads();
            }
            return;
        }
        let Some(target) = context.path_target(&node, before) else { return };
        let schema = target.owner.as_ref().and_then(|it| context.package(it));
        let schema = schema.unwrap_or_else(|| context.schema().clone());
        match target.rest.split_first() {
            None => self.settable(&schema, &target, is_settings),
            Some((first, [])) if first == "steps" => self.step_settings(&target),
            Some((first, rest)) => {
                let path = super::super::context::PathTarget {
                    rest: std::iter::once(first.clone()).chain(rest.iter().cloned()).collect(),
                    ..target.clone()
                };
                if let Some(Ty::Record(record)) =
                    context.path_type(&path).map(|it| it.without_opt().clone())
                {
                    let env = context.db.env(record.file);
                    for field in &env.records[record.id.index()].fields {
                        let item = self.item(&field.name, CompletionKind::Field, rank::EXPECTED);
                        self.add(Completion { detail: field.ty.to_string(), ..item });
                    }
                }
            }
        }
    }

    fn keywords(&mut self, place: Place) {
        let Some(kind) = self.context.kind else { return };
        for statement in STATEMENTS {
            let declares = statement.kinds.contains(&ModuleKind::Recipe);
            let fits = match place {
                Place::File => statement.kinds.contains(&kind),
                Place::Mixin => {
                    declares && !std::ptr::eq(statement.kinds, RECIPES) && statement.word != "mixin"
                }
                Place::Settings => statement.word == "when",
                Place::Output => {
                    matches!(
                        statement.word,
                        "when" | "host" | "run" | "build" | "exports" | "provides" | "ignore"
                    )
                }
                Place::Test => matches!(statement.word, "when" | "host" | "run" | "build" | "test"),
                Place::Arms | Place::Versions => false,
            };
            if !fits
                || kind == ModuleKind::Module
                    && place == Place::File
                    && std::ptr::eq(statement.kinds, DECLARING)
            {
                continue;
            }
            self.keyword(statement.word, Some(statement.snippet));
        }
        if place == Place::File && LAYERS.contains(&kind) && kind != ModuleKind::Project {
            self.keyword("unavailable", None);
        }
    }

    /// A word of the grammar, with what is said of it.
    pub(super) fn keyword(&mut self, word: &str, snippet: Option<&str>) {
        let mut item = self.item(word, CompletionKind::Keyword, rank::KEYWORD);
        if snippet.is_some_and(|it| it.contains('\n')) {
            item.kind = CompletionKind::Snippet;
        }
        item.snippet = snippet.map(str::to_owned);
        if let Some((example, doc)) = keyword_doc(word) {
            item.detail = example.to_owned();
            item.doc = doc.to_owned();
        }
        self.add(item);
    }

    /// What settings of projects and overlays begin with.
    fn wide_heads(&mut self) {
        for (word, doc) in [
            ("toolchain", "How packages are compiled."),
            ("facts", "What is given of the machine that packages are for."),
            ("providers", "Which package provides an interface."),
        ] {
            let mut item = self.item(word, CompletionKind::Module, rank::OPTION);
            item.insert = format!("{word}.");
            item.detail = doc.to_owned();
            self.add(item);
        }
        let mut build = self.item("build", CompletionKind::Module, rank::FAR);
        build.insert = "build.toolchain.".to_owned();
        build.detail = "How build tools are compiled.".to_owned();
        self.add(build);
        let already = self.items.len();
        self.packages(Packages::Recipes);
        for item in &mut self.items[already..] {
            item.rank = rank::NAME;
            item.snippet = Some(format!("{} {{ $0 }}", item.label));
        }
    }

    /// The options that a setting can be of.
    fn settable(
        &mut self,
        schema: &Schema,
        target: &super::super::context::PathTarget,
        is_settings: bool,
    ) {
        let context = self.context;
        let set = self.options_set();
        let in_recipe = !context.is_layer();
        for option in &target.table.options {
            if option.kind == OptionKind::Let {
                continue;
            }
            let builtin = Database::is_builtin(option.at.file)
                && !matches!(target.owner.as_deref(), Some("toolchain" | "facts"));
            let rank = match (option.kind, builtin) {
                (_, true) => rank::FAR,
                (OptionKind::Field, _) => rank::NAME,
                _ => rank::OPTION,
            };
            // In a recipe one sets fields; features and knobs are declared with their defaults.
            let own_choice = in_recipe && !is_settings && option.kind != OptionKind::Field;
            let mut item = self.option(schema, option, if own_choice { rank::FAR } else { rank });
            item.snippet = Some(setting_snippet(&option.name, &option.ty));
            let symbol = Symbol::Option(option.at, option.index);
            let is_set = set.iter().any(|it| {
                it.0 == symbol && (it.1 == target.owner || target.owner.is_none() || in_recipe)
            });
            if is_set {
                Self::mark_done(&mut item, "set in this file already");
            }
            self.add(item);
        }
        let is_package = target
            .owner
            .as_deref()
            .is_some_and(|it| !matches!(it, "toolchain" | "platform" | "facts"));
        if is_package {
            if !target.table.steps.is_empty() {
                let mut item = self.item("steps", CompletionKind::Module, rank::FAR);
                item.insert = "steps.".to_owned();
                item.detail = "The steps of the build".to_owned();
                self.add(item);
            }
            if context.is_layer() {
                let mut item = self.item("version", CompletionKind::Version, rank::NAME);
                item.snippet = Some("version = $0".to_owned());
                item.insert = "version = ".to_owned();
                item.detail = "Version".to_owned();
                self.add(item);
                for name in schema.part_names(crate::module::PartKind::Compile) {
                    let item = self.item(name, CompletionKind::Part, rank::FAR);
                    self.add(Completion { detail: "compilation".to_owned(), ..item });
                }
            }
        }
    }

    fn step_settings(&mut self, target: &super::super::context::PathTarget) {
        for step in &target.table.steps {
            let mut item = self.item(&step.name, CompletionKind::Step, rank::EXPECTED);
            let declaration = Symbol::Step(step.at, step.index).declaration(self.context.db);
            item.doc = declaration.and_then(|it| it.doc).unwrap_or_default();
            item.detail = "step".to_owned();
            item.snippet = Some(format!("{} = sh\"\"\"$0\"\"\"", step.name));
            self.add(item);
        }
    }

    /// The values that the arms of a knob have not named.
    fn arms(&mut self, node: &SyntaxNode) {
        let Some(knob) = node.ancestors().find_map(ast::Knob::cast) else { return };
        let Some(name) = knob.name().map(|it| it.text()) else { return };
        let Some(table) = self.context.table(node) else { return };
        let Some(of) = table.get(&name).and_then(|it| it.ty.words().cloned()) else { return };
        let named: Vec<String> = knob
            .syntax()
            .descendants()
            .filter(|it| it.kind() == ARM_PATTERN)
            .map(|it| it.text().to_string().trim().to_owned())
            .collect();
        let owner = self.context.own_package();
        for at in 0..of.values.len() {
            let mut item = self.value(&of, at as u32, owner.as_ref(), rank::EXPECTED);
            item.snippet = Some(format!("{} => $0", item.insert));
            if named.contains(&item.label) {
                Self::mark_done(&mut item, "has an arm already");
            }
            self.add(item);
        }
        let mut item = self.item("else", CompletionKind::Keyword, rank::KEYWORD);
        item.snippet = Some("else => $0".to_owned());
        self.add(item);
    }
}

/// What the items at a node are in.
fn place(node: &SyntaxNode) -> Place {
    let mut in_arm = false;
    for outer in node.ancestors() {
        if outer.kind() == ARM {
            let arrow = outer.children_with_tokens().find(|it| it.kind() == FAT_ARROW);
            in_arm |= arrow.is_some_and(|it| it.text_range().end() <= node.text_range().start());
        }
        let Some(of) = outer.parent().filter(|_| outer.kind() == BLOCK) else { continue };
        return match of.kind() {
            MIXIN => Place::Mixin,
            AMEND | PRESET | COMPILE | PKGS_WHERE | STEPS => Place::Settings,
            OUTPUT => Place::Output,
            TEST => Place::Test,
            // Behind the arrow stands what may stand around the knob.
            KNOB if in_arm => {
                in_arm = false;
                continue;
            }
            KNOB => Place::Arms,
            VERSION_ENTRY => Place::Versions,
            // Blocks under conditions hold what is around them.
            _ => continue,
        };
    }
    Place::File
}

/// A setting to fill in.
fn setting_snippet(name: &str, ty: &Ty) -> String {
    match ty.without_opt() {
        Ty::Set(_) => format!("{name} += $0"),
        Ty::Bool => format!("{name} = ${{1|on,off|}}"),
        Ty::List(_) => format!("{name} += [$0]"),
        Ty::Map(_) => format!("{name}.$0"),
        Ty::String(_) | Ty::Path => format!("{name} = \"$0\""),
        _ => format!("{name} = $0"),
    }
}
