//! Texts made by the rules of `lang/kiln.ungram`: what they derive, with random white space between.
//!
//! The rules say which nodes there are, not how operators bind, which lines end statements, and
//! which words a place takes. What the prose of the grammar says about that is here: each such
//! restriction is a case below.

use std::collections::HashMap;
use std::path::Path;

use ungrammar::{Grammar, Node, Rule};

use super::random::Random;

/// How deep derivations go before only the shortest are taken.
const DEPTH_MAX: usize = 9;

/// Names that are no words of the grammar, and no units behind a number.
const NAMES: &[&str] =
    &["a", "b", "foo", "rdma-core", "x86_64", "libfoo2", "zlib", "on", "off", "Driver", "it"];

/// The grammar, by the names of its rules.
pub(crate) struct Rules {
    grammar: Grammar,
    by_name: HashMap<String, Node>,
}

impl Rules {
    /// Reads the grammar below `root`.
    pub(crate) fn read(root: &Path) -> Result<Rules, String> {
        let path = root.join("lang/kiln.ungram");
        let text =
            std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        let grammar: Grammar = text.parse().map_err(|e| format!("{}: {e}", path.display()))?;
        let by_name = grammar.iter().map(|it| (grammar[it].name.clone(), it)).collect();
        Ok(Rules { grammar, by_name })
    }

    /// Makes a file.
    pub(crate) fn text(&self, random: &mut Random) -> String {
        let mut maker = Maker {
            rules: self,
            random,
            out: String::new(),
            free: vec![false],
            depth: 0,
            tight: false,
        };
        maker.node("File");
        maker.out
    }
}

struct Maker<'a> {
    rules: &'a Rules,
    random: &'a mut Random,
    out: String,
    /// For each bracket that is open: whether line breaks mean nothing in it.
    free: Vec<bool>,
    depth: usize,
    /// Whether the next token stands on the line of the one before.
    tight: bool,
}

impl Maker<'_> {
    fn node(&mut self, name: &str) {
        self.depth += 1;
        match name {
            "File" => self.file(),
            "Name" | "NameRef" => {
                let name = *self.random.pick(NAMES);
                self.token(name);
            }
            "Literal" => {
                let text = *self.random.pick(&["7", "0x1F", "1.2.3", "3.*", "64 B", "30s", "/a+/"]);
                self.token(text);
            }
            "StringLit" => self.string(),
            // An expression of which it is clear where it ends.
            "Binary" => self.binary(),
            "Prefix" => {
                let op = *self.random.pick(&["!", "-"]);
                self.token(op);
                self.operand();
            }
            "Range" => {
                if self.random.one_in(2) {
                    self.operand();
                }
                let op = *self.random.pick(&["..", "..="]);
                self.token(op);
                match self.random.one_in(2) {
                    true => self.node("Literal"),
                    false => self.node("NameRef"),
                }
            }
            "Member" => {
                self.operand();
                self.token(".");
                self.node("NameRef");
            }
            "Call" => {
                self.callee();
                self.node("ArgList");
            }
            "Match" => {
                self.word("match");
                self.operand();
                self.body("Match");
            }
            "MatchPattern" => self.operand(),
            "ArmPattern" => self.arm_pattern(),
            "VersionReq" => {
                let op = *self.random.pick(&["==", "!=", ">=", "<=", ">", "<"]);
                self.token(op);
                let version = *self.random.pick(&["1.2", "3", "1.*", "1.2.3-rc1"]);
                self.token(version);
            }
            // The grammar cannot say that there is at least one.
            "ReqAlt" => {
                self.node("VersionReq");
                self.many("VersionReq", 1);
            }
            "SpecItem" => {
                if self.random.one_in(3) {
                    self.token("~");
                }
                self.node("Path");
                if self.random.one_in(2) {
                    let op = *self.random.pick(&["=", "+=", "-="]);
                    self.token(op);
                    self.operand();
                }
            }
            // What begins with `..` is a spread element, and no key.
            "EntryElement" => {
                self.operand();
                self.token(":");
                self.node("Expr");
            }
            "SpreadElement" => {
                self.token("..");
                self.operand();
            }
            "Enumerator" => self.enumerator(),
            "VersionEntry" => {
                let version = *self.random.pick(&["1.2.3", "7", "main", "\"weekly\""]);
                self.token(version);
                if self.random.one_in(2) {
                    self.node("Block");
                }
            }
            "SpecStmt" => {
                self.node("Path");
                self.node("SpecItems");
            }
            // `test "…"` is the other item of that name.
            "Dep" => {
                let role = *self.random.pick(&["build", "host", "run", "test", "extends"]);
                self.token(role);
                self.node(if role == "test" { "Path" } else { "Spec" });
                self.many("Req", 2);
                self.many("DepTail", 2);
            }
            _ => {
                let rules = self.rules;
                let rule = &rules.grammar[rules.by_name[name]].rule;
                self.rule(name, rule);
            }
        }
        self.depth -= 1;
    }

    fn rule(&mut self, name: &str, rule: &Rule) {
        match rule {
            Rule::Labeled { rule, .. } => self.rule(name, rule),
            Rule::Node(node) => {
                let rules = self.rules;
                self.node(&rules.grammar[*node].name);
            }
            Rule::Token(token) => {
                let rules = self.rules;
                self.bracket_or_token(name, &rules.grammar[*token].name);
            }
            Rule::Seq(all) => all.iter().for_each(|it| self.rule(name, it)),
            Rule::Alt(all) => {
                let simple = match name {
                    "Expr" => Some("NameExpr"),
                    "Item" => Some("Setting"),
                    "Type" => Some("NamedType"),
                    "Element" => Some("ExprElement"),
                    _ => None,
                };
                match simple {
                    Some(simple) if self.depth > DEPTH_MAX => self.node(simple),
                    _ => {
                        let at = self.random.below(all.len());
                        self.rule(name, &all[at]);
                    }
                }
            }
            Rule::Opt(rule) => {
                if self.depth < DEPTH_MAX && self.random.one_in(2) {
                    self.rule(name, rule);
                }
            }
            Rule::Rep(rule) => {
                let most = if self.depth < DEPTH_MAX { 3 } else { 1 };
                for _ in 0..self.random.below(most) {
                    self.rule(name, rule);
                    if is_body(name) {
                        self.end_of_line();
                    }
                }
            }
        }
    }

    fn file(&mut self) {
        let kind =
            *self.random.pick(&["recipe", "override", "overlay", "project", "module", "interface"]);
        if self.random.one_in(3) {
            self.out.push_str("//! What it is.\n\n");
        }
        self.token(kind);
        if kind != "project" {
            self.node("Name");
        }
        self.out.push('\n');
        for _ in 0..1 + self.random.below(6) {
            if self.random.one_in(4) {
                self.out.push_str("\n/// About it.\n");
            }
            self.node("Item");
            self.end_of_line();
        }
    }

    //------ tokens

    fn bracket_or_token(&mut self, rule: &str, token: &str) {
        match token {
            "{" => {
                self.token("{");
                let free = matches!(rule, "SetLit" | "GroupBody");
                self.free.push(free);
                if !free && self.random.one_in(2) {
                    self.out.push('\n');
                }
            }
            "(" | "[" => {
                self.token(token);
                self.free.push(true);
            }
            "}" | ")" | "]" => {
                self.token(token);
                self.free.pop();
            }
            "if" | "with" | "when" => self.word(token),
            _ => self.token(token),
        }
    }

    /// A word that what follows on its line makes a keyword.
    fn word(&mut self, word: &str) {
        self.token(word);
        self.tight = true;
    }

    fn token(&mut self, text: &str) {
        self.trivia();
        self.out.push_str(text);
        self.tight = false;
    }

    fn trivia(&mut self) {
        let free = self.free.last().copied().unwrap_or(false) && !self.tight;
        match self.random.below(if free { 12 } else { 8 }) {
            0 => self.out.push_str("  "),
            8 => self.out.push('\n'),
            9 => self.out.push_str("\n\n\n   "),
            10 => self.out.push_str(" // why\n"),
            11 => self.out.push_str("\n// above\n\t"),
            _ => self.out.push(' '),
        }
    }

    fn end_of_line(&mut self) {
        match self.random.below(6) {
            0 => self.out.push_str(" // beside\n"),
            1 => self.out.push_str("\n\n\n"),
            2 => self.out.push_str("\n    // above\n"),
            3 => self.out.push_str("\r\n"),
            _ => self.out.push('\n'),
        }
    }

    //------ expressions

    /// An expression that whatever stands beside it leaves whole.
    fn operand(&mut self) {
        match self.random.below(6) {
            0 => self.node("Literal"),
            1 => self.node("StringLit"),
            2 if self.depth < DEPTH_MAX => {
                self.bracket_or_token("Paren", "(");
                self.node("Expr");
                self.bracket_or_token("Paren", ")");
            }
            3 if self.depth < DEPTH_MAX => self.node("SetLit"),
            4 if self.depth < DEPTH_MAX => self.node("ListLit"),
            _ => self.node("NameRef"),
        }
    }

    /// What can be called: no literal.
    fn callee(&mut self) {
        self.node("NameRef");
        for _ in 0..self.random.below(3) {
            self.token(".");
            self.node("NameRef");
            if self.depth < DEPTH_MAX && self.random.one_in(2) {
                self.node("ArgList");
            }
        }
    }

    fn binary(&mut self) {
        self.operand();
        for _ in 0..1 + self.random.below(3) {
            let op = *self.random.pick(&[
                "|", "&", "==", "!=", "<", "<=", ">", ">=", "has", "in", "+", "-", "*", "%",
                "has any", "has all",
            ]);
            self.token(op);
            if op.starts_with("has ") {
                self.out.push(' ');
                self.out.push_str("{a, b}");
            } else {
                self.operand();
            }
        }
    }

    fn arm_pattern(&mut self) {
        let pattern = *self.random.pick(&["a", "mlx5", ".dlopen", "7", "1.2", "1..=8", "\"c++\""]);
        self.token(pattern);
    }

    fn enumerator(&mut self) {
        if self.random.one_in(4) {
            self.out.push_str("\n/// About the value.\n");
        }
        let name = *self.random.pick(&["a", "mlx5", "x86_64", "11", "9.0", "\"c++\""]);
        self.token(name);
        if self.random.one_in(3) {
            self.token("=");
            self.operand();
        }
        if self.random.one_in(3) {
            self.node("WhenTail");
        }
        if self.random.one_in(2) {
            self.token(",");
        }
    }

    fn many(&mut self, name: &str, most: usize) {
        for _ in 0..self.random.below(most + 1) {
            self.node(name);
        }
    }

    /// The braces of a rule that begins with other things, which have been written.
    fn body(&mut self, name: &str) {
        self.bracket_or_token(name, "{");
        for _ in 0..self.random.below(3) {
            self.node("MatchArm");
            self.end_of_line();
        }
        self.bracket_or_token(name, "}");
    }

    //------ strings

    fn string(&mut self) {
        self.trivia();
        self.tight = false;
        let (open, close, interpolation) = *self.random.pick(&[
            ("\"", "\"", "\\("),
            ("sh\"", "\"", "\\("),
            ("#\"", "\"#", "\\#("),
            ("\"\"\"", "\"\"\"", "\\("),
            ("sh\"\"\"", "\"\"\"", "\\("),
            ("sh##\"\"\"", "\"\"\"##", "\\##("),
        ]);
        let indent = *self.random.pick(&["", "  ", "    ", "\t", " \t "]);
        let is_long = open.contains("\"\"\"");
        let is_laid_out = is_long && self.random.one_in(2);
        self.out.push_str(open);
        let line_end = if is_laid_out { "\n" } else { "" };
        if is_laid_out {
            self.out.push_str(if self.random.one_in(4) { " \n" } else { "\n" });
            self.out.push_str(indent);
        }
        for _ in 0..self.random.below(4) {
            let text = *self.random.pick(&["", " ", "x", "--with=y ", "é", "$HOME ", "# no"]);
            self.out.push_str(text);
            if self.depth < DEPTH_MAX && self.random.one_in(3) {
                self.out.push_str(interpolation);
                self.simple_expr();
                self.out.push(')');
            }
            if is_laid_out && self.random.one_in(2) {
                let end = *self.random.pick(&["\n", "  \n", "\n\n", "\r\n"]);
                self.out.push_str(end);
                self.out.push_str(indent);
            } else if is_long && self.random.one_in(4) {
                self.out.push_str("\n ");
                // Lines that begin with too little make the whole string one that is left alone.
                self.out.push_str(indent);
            }
        }
        if is_laid_out {
            self.out.push_str(line_end);
            self.out.push_str(indent);
        }
        self.out.push_str(close);
    }

    /// An expression on one line.
    fn simple_expr(&mut self) {
        let text = *self.random.pick(&[
            "a",
            " a.b ",
            "dep.zlib",
            "f(a,b = 1)",
            "[x, for x in l=>x]",
            "if a then b else c",
            "\"in\"",
            "{ a : b }",
            "(x)->x",
        ]);
        self.out.push_str(text);
    }
}

/// Whether what a rule repeats stands on lines.
fn is_body(name: &str) -> bool {
    matches!(name, "File" | "Block" | "EnumBody" | "RecordBody" | "Versions" | "ExportList")
}
