//! Makes `SyntaxKind` and the typed tree from `lang/kiln.ungram`.
//!
//! A rule that is a choice of nodes becomes an enum; any other rule becomes a struct with an
//! accessor for each child. Where a rule has several children of one type, the accessors count.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use ungrammar::{Grammar, Node, Rule, Token};

/// What to do with the generated text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Write the files.
    Write,
    /// Fail if a file would change.
    Check,
}

/// Generates all files below `root`.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<(), String> {
    let source = root.join("lang/kiln.ungram");
    let text =
        std::fs::read_to_string(&source).map_err(|e| format!("{}: {e}", source.display()))?;
    let grammar: Grammar = text.parse().map_err(|e| format!("{}: {e}", source.display()))?;
    let files = [
        ("lang/src/syntax/kind.rs", rustfmt(&kinds(&grammar))?),
        ("lang/src/syntax/ast/nodes.rs", rustfmt(&nodes(&grammar))?),
        (PAGE, page(root, &text)?),
    ];
    for (name, code) in files {
        let path = root.join(name);
        if mode == Mode::Write {
            std::fs::write(&path, code).map_err(|e| format!("{}: {e}", path.display()))?;
        } else if std::fs::read_to_string(&path).unwrap_or_default() != code {
            return Err(format!("{name} is not current: run `cargo xtask codegen`"));
        }
    }
    Ok(())
}

/// The page of the specification that prints the grammar.
const PAGE: &str = "spec/lang/grammar.md";

/// Puts the grammar into its page.
fn page(root: &Path, grammar: &str) -> Result<String, String> {
    let page = std::fs::read_to_string(root.join(PAGE)).map_err(|e| format!("{PAGE}: {e}"))?;
    let (open, close) = ("```ungrammar\n", "```\n");
    let wrong = || format!("{PAGE} has no block of ungrammar");
    let (before, rest) = page.split_once(open).ok_or_else(wrong)?;
    let (_, after) = rest.split_once(close).ok_or_else(wrong)?;
    Ok(format!("{before}{open}{grammar}{close}{after}"))
}

fn rustfmt(code: &str) -> Result<String, String> {
    let mut child = Command::new("rustfmt")
        .args(["--edition=2024", "--config=max_width=100,use_small_heuristics=Max"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| format!("rustfmt: {e}"))?;
    if let Some(stdin) = &mut child.stdin {
        stdin.write_all(code.as_bytes()).map_err(|e| format!("rustfmt: {e}"))?;
    }
    let output = child.wait_with_output().map_err(|e| format!("rustfmt: {e}"))?;
    if !output.status.success() {
        return Err("rustfmt refused the generated code".to_owned());
    }
    String::from_utf8(output.stdout).map_err(|e| format!("rustfmt: {e}"))
}

/// The names of the punctuation; keywords are their own names.
const PUNCTUATION: &[(&str, &str)] = &[
    ("=", "EQ"),
    ("+=", "PLUS_EQ"),
    ("-=", "MINUS_EQ"),
    ("==", "EQ_EQ"),
    ("!=", "NEQ"),
    ("<=", "LE"),
    (">=", "GE"),
    ("<", "LT"),
    (">", "GT"),
    ("=>", "FAT_ARROW"),
    ("->", "ARROW"),
    ("..", "DOT_DOT"),
    ("..=", "DOT_DOT_EQ"),
    (".", "DOT"),
    (",", "COMMA"),
    (":", "COLON"),
    (";", "SEMICOLON"),
    ("(", "L_PAREN"),
    (")", "R_PAREN"),
    ("[", "L_BRACKET"),
    ("]", "R_BRACKET"),
    ("{", "L_BRACE"),
    ("}", "R_BRACE"),
    ("|", "PIPE"),
    ("&", "AMP"),
    ("!", "BANG"),
    ("~", "TILDE"),
    ("+", "PLUS"),
    ("-", "MINUS"),
    ("*", "STAR"),
    ("%", "PERCENT"),
    ("?", "QUESTION"),
    ("@", "AT"),
];

/// Token kinds that no rule names: what lies between tokens, and what is none.
const OTHER_TOKENS: &[(&str, &str)] = &[
    ("WHITESPACE", "Spaces, tabs and newlines."),
    ("COMMENT", "`// …` to the end of the line."),
    ("DOC", "`/// …`: documents what follows."),
    ("INNER_DOC", "`//! …`: documents the file."),
    ("ERROR_TOKEN", "A character that begins no token."),
];

fn keywords(grammar: &Grammar) -> Vec<String> {
    let mut words: Vec<String> = grammar
        .tokens()
        .map(|token| grammar[token].name.clone())
        .filter(|name| name.chars().all(|c| c.is_ascii_lowercase()))
        .collect();
    words.sort();
    words
}

fn token_kind(name: &str) -> String {
    if let Some(class) = name.strip_prefix('#') {
        return class.to_uppercase();
    }
    match PUNCTUATION.iter().find(|(text, _)| *text == name) {
        Some((_, kind)) => (*kind).to_owned(),
        None => format!("{}_KW", name.to_uppercase()),
    }
}

fn kinds(grammar: &Grammar) -> String {
    let mut code = String::from(
        "//! Kinds of tokens and nodes. Generated from `kiln.ungram` by `cargo xtask codegen`.\n\n\
         /// What a token or a node of the syntax tree is.\n\
         #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]\n\
         #[repr(u8)]\n\
         #[allow(non_camel_case_types, reason = \"the usual spelling of syntax kinds\")]\n\
         pub enum SyntaxKind {\n",
    );
    for (kind, doc) in OTHER_TOKENS {
        let _ = writeln!(code, "/// {doc}\n{kind},");
    }
    for class in classes(grammar) {
        let _ = writeln!(code, "/// A token of the class `{class}`.\n{},", class.to_uppercase());
    }
    for (text, kind) in PUNCTUATION {
        let _ = writeln!(code, "/// `{text}`\n{kind},");
    }
    for word in keywords(grammar) {
        let _ =
            writeln!(code, "/// `{word}`, where the grammar has it.\n{}_KW,", word.to_uppercase());
    }
    code.push_str("/// A node for what could not be parsed.\nERROR,\n");
    for node in grammar.iter().filter(|&it| !is_choice(grammar, it)) {
        let name = &grammar[node].name;
        let kind = screaming(name);
        let _ = writeln!(code, "/// A node of the rule `{name}`.\n{kind},");
    }
    code.push_str("}\n\nuse SyntaxKind::*;\n\nimpl SyntaxKind {\n");
    code.push_str(
        "/// Returns the keyword that a name is where the grammar asks for one.\n\
         pub(crate) fn keyword(text: &str) -> Option<SyntaxKind> {\n\
         // By bytes, as these are compared one by one: most names differ in the first.\n\
         Some(match text.as_bytes() {\n",
    );
    for word in keywords(grammar) {
        let _ = writeln!(code, "b{word:?} => {}_KW,", word.to_uppercase());
    }
    code.push_str("_ => return None,\n})\n}\n\n");
    code.push_str(
        "/// Returns the text of a keyword or a punctuation mark, and a name for other tokens.\n\
         pub fn describe(self) -> &'static str {\nmatch self {\n",
    );
    for (text, kind) in PUNCTUATION {
        let _ = writeln!(code, "{kind} => \"`{text}`\",");
    }
    for word in keywords(grammar) {
        let _ = writeln!(code, "{}_KW => \"`{word}`\",", word.to_uppercase());
    }
    code.push_str(
        "IDENT => \"a name\",\nINT => \"a number\",\nVERSION => \"a version\",\nSERIES => \"a version series\",\n\
         QUANTITY => \"a size or duration\",\nREGEX => \"a pattern\",\nSTRING_OPEN | STRING_TEXT | STRING_CLOSE => \"a string\",\n\
         INTERPOLATION_OPEN => \"`\\\\(`\",\nDOC | INNER_DOC | COMMENT => \"a comment\",\nWHITESPACE => \"white space\",\n\
         ERROR_TOKEN => \"a character that Kiln does not know\",\n_ => \"a piece of syntax\",\n}\n}\n}\n",
    );
    code
}

fn classes(grammar: &Grammar) -> Vec<String> {
    grammar
        .tokens()
        .filter_map(|token| grammar[token].name.strip_prefix('#').map(str::to_owned))
        .collect()
}

/// Whether a rule is a choice of nodes, and so an enum.
fn is_choice(grammar: &Grammar, node: Node) -> bool {
    match &grammar[node].rule {
        Rule::Alt(rules) => rules.iter().all(|it| matches!(it, Rule::Node(_))),
        Rule::Labeled { .. }
        | Rule::Node(_)
        | Rule::Token(_)
        | Rule::Seq(_)
        | Rule::Opt(_)
        | Rule::Rep(_) => false,
    }
}

fn screaming(name: &str) -> String {
    let mut text = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.extend(c.to_uppercase());
    }
    text
}

fn snake(name: &str) -> String {
    screaming(name).to_lowercase()
}

/// How often a child can occur.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Arity {
    One,
    Many,
}

/// A child of a node as its accessor sees it.
enum Child {
    Node { label: Option<String>, node: Node, arity: Arity },
    Tokens { label: Option<String>, tokens: Vec<Token> },
}

fn children(rule: &Rule, label: Option<&str>, arity: Arity, out: &mut Vec<Child>) {
    match rule {
        Rule::Labeled { label, rule } => children(rule, Some(label), arity, out),
        Rule::Node(node) => {
            out.push(Child::Node { label: label.map(str::to_owned), node: *node, arity });
        }
        Rule::Token(token) => {
            out.push(Child::Tokens { label: label.map(str::to_owned), tokens: vec![*token] });
        }
        Rule::Seq(rules) => rules.iter().for_each(|it| children(it, label, arity, out)),
        Rule::Alt(rules) => {
            let tokens: Vec<Token> = rules
                .iter()
                .filter_map(|it| if let Rule::Token(token) = it { Some(*token) } else { None })
                .collect();
            if label.is_some() && tokens.len() == rules.len() {
                out.push(Child::Tokens { label: label.map(str::to_owned), tokens });
            } else {
                rules.iter().for_each(|it| children(it, label, arity, out));
            }
        }
        Rule::Opt(rule) => children(rule, label, arity, out),
        Rule::Rep(rule) => children(rule, label, Arity::Many, out),
    }
}

fn nodes(grammar: &Grammar) -> String {
    let mut code = String::from(
        "//! The typed tree. Generated from `kiln.ungram` by `cargo xtask codegen`.\n\n\
         use super::{AstChildren, AstNode, Node, support};\n\
         use crate::syntax::{SyntaxKind, SyntaxKind::*, SyntaxNode};\n\n",
    );
    for node in grammar.iter() {
        if is_choice(grammar, node) {
            choice(grammar, node, &mut code);
        } else {
            structure(grammar, node, &mut code);
        }
    }
    code
}

fn alternatives(grammar: &Grammar, node: Node) -> Vec<Node> {
    match &grammar[node].rule {
        Rule::Alt(rules) => rules
            .iter()
            .filter_map(|it| if let Rule::Node(node) = it { Some(*node) } else { None })
            .collect(),
        Rule::Labeled { .. }
        | Rule::Node(_)
        | Rule::Token(_)
        | Rule::Seq(_)
        | Rule::Opt(_)
        | Rule::Rep(_) => Vec::new(),
    }
}

fn choice(grammar: &Grammar, node: Node, code: &mut String) {
    let name = &grammar[node].name;
    let variants = alternatives(grammar, node);
    let _ = writeln!(
        code,
        "/// One of the nodes of the rule `{name}`.\n#[derive(Debug, Clone, PartialEq, Eq, Hash)]\npub enum {name}<N = SyntaxNode> {{"
    );
    for variant in &variants {
        let variant = &grammar[*variant].name;
        let _ = writeln!(code, "/// `{variant}`\n{variant}({variant}<N>),");
    }
    let _ = writeln!(
        code,
        "}}\n\nimpl<N: Node> AstNode for {name}<N> {{\ntype Node = N;\n\nfn can_cast(kind: SyntaxKind) -> bool {{"
    );
    let kinds: Vec<String> = variants.iter().map(|it| screaming(&grammar[*it].name)).collect();
    let _ = writeln!(
        code,
        "matches!(kind, {})\n}}\n\nfn cast(syntax: N) -> Option<Self> {{\nSome(match syntax.borrowed().kind() {{",
        kinds.join(" | ")
    );
    for (variant, kind) in variants.iter().zip(&kinds) {
        let variant = &grammar[*variant].name;
        let _ = writeln!(code, "{kind} => {name}::{variant}({variant} {{ syntax }}),");
    }
    let _ =
        writeln!(code, "_ => return None,\n}})\n}}\n\nfn syntax(&self) -> &N {{\nmatch self {{");
    for variant in &variants {
        let variant = &grammar[*variant].name;
        let _ = writeln!(code, "{name}::{variant}(it) => it.syntax(),");
    }
    let _ = writeln!(code, "}}\n}}\n}}\n");
}

fn structure(grammar: &Grammar, node: Node, code: &mut String) {
    let name = &grammar[node].name;
    let kind = screaming(name);
    let _ = writeln!(
        code,
        "/// A node of the rule `{name}`.\n#[derive(Debug, Clone, PartialEq, Eq, Hash)]\npub struct {name}<N = SyntaxNode> {{\npub(crate) syntax: N,\n}}\n\n\
         impl<N: Node> AstNode for {name}<N> {{\ntype Node = N;\n\nfn can_cast(kind: SyntaxKind) -> bool {{\nkind == {kind}\n}}\n\n\
         fn cast(syntax: N) -> Option<Self> {{\nSelf::can_cast(syntax.borrowed().kind()).then_some({name} {{ syntax }})\n}}\n\n\
         fn syntax(&self) -> &N {{\n&self.syntax\n}}\n}}\n\nimpl<N: Node> {name}<N> {{"
    );
    let mut all = Vec::new();
    children(&grammar[node].rule, None, Arity::One, &mut all);
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let many: Vec<String> = all
        .iter()
        .filter_map(|it| match it {
            Child::Node { node, arity: Arity::Many, .. } => Some(grammar[*node].name.clone()),
            Child::Node { .. } | Child::Tokens { .. } => None,
        })
        .collect();
    for child in &all {
        match child {
            Child::Node { label, node, arity } => {
                let ty = &grammar[*node].name;
                if *arity == Arity::Many || (many.contains(ty) && label.is_none()) {
                    let method = label.clone().unwrap_or_else(|| plural(&snake(ty)));
                    if seen.insert(method.clone(), ty.clone()).is_none() {
                        let _ = writeln!(
                            code,
                            "/// The children `{ty}`, in order.\npub fn {method}(&self) -> AstChildren<{ty}<N>> {{\nsupport::children(&self.syntax)\n}}\n"
                        );
                    }
                    continue;
                }
                let nth = counts.entry(ty.clone()).or_insert(0);
                let method = escape(label.clone().unwrap_or_else(|| snake(ty)));
                if seen.insert(method.clone(), ty.clone()).is_none() {
                    let _ = writeln!(
                        code,
                        "/// The child `{}`.\npub fn {method}(&self) -> Option<{ty}<N>> {{\nsupport::child(&self.syntax, {nth})\n}}\n",
                        label.as_deref().unwrap_or(ty)
                    );
                }
                *nth += 1;
            }
            Child::Tokens { label, tokens } => {
                let kinds: Vec<String> =
                    tokens.iter().map(|it| token_kind(&grammar[*it].name)).collect();
                let base = match label {
                    Some(label) => label.clone(),
                    None => kinds[0].to_lowercase().trim_end_matches("_kw").to_owned(),
                };
                let method = format!("{base}_token");
                if seen.insert(method.clone(), String::new()).is_none() {
                    let _ = writeln!(
                        code,
                        "/// The token `{base}`.\npub fn {method}(&self) -> Option<N::Token> {{\nsupport::token(&self.syntax, &[{}])\n}}\n",
                        kinds.join(", ")
                    );
                }
            }
        }
    }
    let _ = writeln!(code, "}}\n");
}

fn plural(word: &str) -> String {
    match word.strip_suffix('y') {
        Some(stem) if !word.ends_with("ey") => format!("{stem}ies"),
        _ => format!("{word}s"),
    }
}

/// Gives accessors whose natural name is a Rust keyword another one.
fn escape(word: String) -> String {
    match word.as_str() {
        "let" | "else" | "in" | "for" | "match" | "if" | "use" | "type" | "where" => {
            format!("{word}_")
        }
        _ => word,
    }
}
