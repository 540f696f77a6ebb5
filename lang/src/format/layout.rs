//! The syntax tree to a document: items, and what all nodes have in common.
//!
//! It borrows the tree: a token is a slice of the text.
//! Separators wait until the next token is written, so that a comment between two tokens can turn
//! whatever stands between them into the end of a line.

use text_size::TextRange;

use super::document::{Document, How};
use crate::syntax::{Child, Ref, SyntaxKind, SyntaxKind::*, TRIVIA};

/// What stands between two tokens, from the weakest to the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sep {
    Nothing,
    /// The end of a line if the group is broken, nothing otherwise.
    Soft,
    Space,
    /// A space or the end of a line, whichever fits.
    Fill,
    /// The same between values of an enum, with a comma unless the line ends.
    FillComma,
    /// The end of a line if the group is broken, a space otherwise.
    Line,
    Hard,
}

pub(super) struct Layout<'a> {
    pub(super) document: Document<'a>,
    /// What comes before the next token.
    pending: Sep,
    /// How many line breaks the text has had since the last token.
    newlines: usize,
    /// Whether empty lines are dropped: at the beginning and end of a block.
    no_blank: bool,
    /// Whether a doc comment was written since the last token.
    doc_above: bool,
    /// Whether nothing may be broken: inside an interpolation.
    pub(super) flat: u32,
    /// Whether the pattern of an arm is written, which ends with its line.
    is_pattern: bool,
}

/// Lays out a file; `skipped` are the lines in it that are left as they are.
pub(super) fn file<'a>(root: Ref<'a>, skipped: &[TextRange]) -> Document<'a> {
    let document = Document::default();
    let mut layout = Layout {
        document,
        pending: Sep::Nothing,
        newlines: 1,
        no_blank: true,
        doc_above: false,
        flat: 0,
        is_pattern: false,
    };
    layout.top(root, skipped);
    layout.document
}

/// The kind of a node or token.
pub(super) fn kind(child: Child<'_>) -> SyntaxKind {
    child.kind()
}

pub(super) fn kind_of(node: Ref<'_>) -> SyntaxKind {
    node.kind()
}

/// Whether white space or a comment.
pub(super) fn is_trivia(kind: SyntaxKind) -> bool {
    TRIVIA.contains(kind)
}

impl<'a> Layout<'a> {
    //------ tokens

    /// Asks for at least this separator before the next token.
    pub(super) fn sep(&mut self, sep: Sep) {
        self.pending = self.pending.max(sep);
    }

    /// Asks for a separator that may be the end of a line; in the pattern of an arm it may not.
    pub(super) fn breakable(&mut self, sep: Sep) {
        self.sep(match sep {
            Sep::Soft if self.is_pattern => Sep::Nothing,
            Sep::Line | Sep::Fill if self.is_pattern => Sep::Space,
            it => it,
        });
    }

    /// Empty lines do not count before the next token.
    pub(super) fn no_blank(&mut self) {
        self.no_blank = true;
    }

    /// Writes what stands before the next token.
    pub(super) fn flush(&mut self) {
        let blank = self.newlines > 1 && !self.no_blank;
        match std::mem::replace(&mut self.pending, Sep::Nothing) {
            Sep::Nothing => {}
            Sep::Hard => self.document.hard(blank),
            Sep::Soft if self.flat > 0 => {}
            Sep::Soft => self.document.line(false),
            Sep::Space => self.document.text(" "),
            Sep::Line | Sep::Fill if self.flat > 0 => self.document.text(" "),
            Sep::FillComma if self.flat > 0 => self.document.text(", "),
            Sep::FillComma => self.document.fill_comma(),
            Sep::Line => self.document.line(true),
            Sep::Fill => self.document.fill(),
        }
        self.newlines = 0;
        self.no_blank = false;
    }

    /// Writes a token.
    pub(super) fn text(&mut self, text: &'a str) {
        self.doc_above = false;
        self.flush();
        self.document.text(text);
    }

    /// Notes white space, and writes a comment.
    pub(super) fn trivia(&mut self, token: Ref<'a>) {
        let text = token.text();
        if token.kind() == WHITESPACE {
            self.newlines += text.bytes().filter(|&it| it == b'\n').count();
            return;
        }
        if self.newlines > 0 {
            self.sep(Sep::Hard);
            self.flush();
            self.document.text(text.trim_end());
        } else {
            self.pending = Sep::Nothing;
            self.flush();
            self.document.comment(text.trim_end());
        }
        self.pending = Sep::Hard;
        self.doc_above |= token.kind() == DOC;
    }

    /// Notes a `;` or `,` that is not written. What stands above it says nothing of what comes
    /// behind it: an empty line shows that where the sign is gone.
    fn separator(&mut self) {
        if self.doc_above {
            self.newlines = self.newlines.max(2);
        }
    }

    /// Whether an empty line comes before the next token.
    pub(super) fn is_blank(&self) -> bool {
        self.newlines > 1
    }

    pub(super) fn open(&mut self, how: How) {
        self.flush();
        if self.flat == 0 {
            self.document.open(how);
        }
    }

    pub(super) fn close(&mut self) {
        if self.flat == 0 {
            self.document.close();
        }
    }

    //------ nodes

    pub(super) fn child(&mut self, child: Child<'a>) {
        match child {
            Child::Token(token) if is_trivia(kind(child)) => self.trivia(token),
            Child::Token(token) => self.text(token.text()),
            Child::Node(node) => self.node(node),
        }
    }

    pub(super) fn node(&mut self, node: Ref<'a>) {
        match kind_of(node) {
            BLOCK => self.block(node),
            SET_LIT | LIST_LIT | ARG_LIST | PARAM_LIST | SPEC_ITEMS | PAREN => self.list(node),
            ENUM_BODY | GROUP_BODY | RECORD_BODY | EXPORT_LIST | VERSIONS | MATCH => {
                self.body(node);
            }
            STRING_LIT => self.string(node),
            BINARY => self.binary(node),
            MEMBER | CALL => self.postfix(node),
            IF => self.choice(node),
            FOR_ELEMENT | WHEN_ELEMENT => self.generator(node),
            ARG => self.arg(node),
            RULE | UNAVAILABLE | POLICY => self.rule(node),
            WANT | PUBLISH => self.wishes(node),
            ARM_PATTERN => {
                self.is_pattern = true;
                self.words(node);
                self.is_pattern = false;
            }
            _ => self.words(node),
        }
    }

    /// Any node of which nothing special is known: its parts with spaces between them, where there
    /// are any.
    pub(super) fn words(&mut self, node: Ref<'a>) {
        let parent = kind_of(node);
        let last =
            matches!(parent, ENUMERATOR | GROUP | MATCH_ARM).then(|| last_of(node)).flatten();
        let mut before: Option<SyntaxKind> = None;
        for (index, child) in node.children().enumerate() {
            let kind = kind(child);
            if !is_trivia(kind) {
                // The comma of a list belongs to the list, which writes its own.
                let is_list_comma = kind == COMMA && Some(index) == last;
                if is_list_comma {
                    continue;
                }
                if let Some(before) = before {
                    self.sep(between(parent, before, kind));
                }
                before = Some(kind);
            }
            self.child(child);
        }
    }

    //------ items

    fn top(&mut self, root: Ref<'a>, skipped: &[TextRange]) {
        let mut skipped = skipped.iter().peekable();
        let mut was_skipped = false;
        for child in root.children() {
            let range = child.text_range();
            while skipped.peek().is_some_and(|it| it.end() <= range.start()) {
                skipped.next();
            }
            if let Some(lines) = skipped.peek()
                && lines.intersect(range).is_some_and(|it| !it.is_empty())
            {
                self.verbatim(child, **lines);
                was_skipped = true;
                continue;
            }
            if std::mem::take(&mut was_skipped) {
                self.sep(Sep::Hard);
            }
            self.item(child, Sep::Hard);
        }
    }

    /// Something on lines that are left as they are.
    fn verbatim(&mut self, child: Child<'a>, lines: TextRange) {
        let range = child.text_range();
        match child {
            Child::Node(node) => {
                for child in node.children() {
                    self.verbatim(child, lines);
                }
            }
            Child::Token(token) if kind(child) == WHITESPACE => {
                // White space around the lines is as ever; inside it stays.
                let inside = lines.intersect(range).unwrap_or(TextRange::empty(range.start()));
                let inside = inside - range.start();
                let text = token.text();
                self.newlines +=
                    text[..inside.start().into()].bytes().filter(|&it| it == b'\n').count();
                let kept = &text[std::ops::Range::<usize>::from(inside)];
                if range.end() <= lines.end() {
                    self.flush();
                    self.document.raw(kept);
                }
                let behind = &text[inside.end().into()..];
                let ends = behind.bytes().filter(|&it| it == b'\n').count();
                if ends > 0 {
                    self.newlines += ends;
                    self.sep(Sep::Hard);
                }
            }
            Child::Token(token) => {
                self.flush();
                self.document.raw(token.text());
                self.pending = Sep::Nothing;
            }
        }
    }

    /// An item of a block, or something between two items, and `sep` behind it.
    fn item(&mut self, child: Child<'a>, sep: Sep) {
        match kind(child) {
            it if is_trivia(it) => self.child(child),
            SEMICOLON | COMMA => self.separator(),
            _ => {
                self.child(child);
                self.sep(sep);
            }
        }
    }

    /// `{ items }`
    fn block(&mut self, node: Ref<'a>) {
        self.braces(node, Ends::Semicolon);
    }

    /// Items, enum values and the like between braces, after words if the node begins with some.
    fn body(&mut self, node: Ref<'a>) {
        let ends = match kind_of(node) {
            ENUM_BODY | GROUP_BODY if super::lists::is_all_words(node) => Ends::Words,
            ENUM_BODY | GROUP_BODY => Ends::Comma,
            MATCH => Ends::Comma,
            _ => Ends::Semicolon,
        };
        self.braces(node, ends);
    }

    fn braces(&mut self, node: Ref<'a>, ends: Ends) {
        let mut children = node.children().peekable();
        let mut before = None;
        while let Some(child) = children.next_if(|it| kind(*it) != L_BRACE) {
            let kind = kind(child);
            if let (Some(before), false) = (before, is_trivia(kind)) {
                self.sep(between(kind_of(node), before, kind));
            }
            if !is_trivia(kind) {
                before = Some(kind);
            }
            self.child(child);
        }
        if before.is_some() {
            self.sep(Sep::Space);
        }
        let inside: Vec<Child<'a>> =
            children.filter(|it| !matches!(kind(*it), L_BRACE | R_BRACE)).collect();
        if inside.iter().all(|it| matches!(kind(*it), WHITESPACE | SEMICOLON | COMMA)) {
            self.text("{}");
            return;
        }
        // A line break that the user made between two items keeps all of them on lines of their
        // own; in lists of values it is only the first that counts.
        let any_gap = ends == Ends::Semicolon;
        let broken = inside
            .iter()
            .take_while(|it| any_gap || is_trivia(kind(**it)))
            .any(|it| matches!(it, Child::Token(it) if it.text().contains('\n') || it.text().starts_with("//")));
        let count = inside.iter().filter(|it| is_element(kind(**it))).count();
        self.open(if broken { How::Always } else { How::IfNeeded });
        self.text("{");
        self.document.indent();
        self.no_blank();
        let edge = if broken { Sep::Hard } else { Sep::Line };
        let gap = if ends == Ends::Words { Sep::FillComma } else { edge };
        self.sep(edge);
        let mut done = 0;
        let mut is_after_word = false;
        for child in inside {
            let it = kind(child);
            if !is_element(it) {
                match it {
                    SEMICOLON | COMMA => self.separator(),
                    _ => self.child(child),
                }
                continue;
            }
            let is_word = super::lists::is_bare(child);
            if done > 0 && broken {
                // Values without anything to say stay side by side, if that is how they stood.
                let side_by_side = ends == Ends::Comma
                    && is_after_word
                    && is_word
                    && self.newlines == 0
                    && self.pending == Sep::Nothing;
                self.sep(match ends {
                    _ if self.is_blank() => Sep::Hard,
                    Ends::Words => Sep::FillComma,
                    _ if side_by_side => Sep::FillComma,
                    _ => Sep::Hard,
                });
            }
            is_after_word = is_word;
            self.child(child);
            done += 1;
            match ends {
                Ends::Semicolon if done < count => self.end_in_flat(";"),
                Ends::Comma if done < count && !broken => self.end_in_flat(","),
                _ => {}
            }
            if done < count && !broken {
                self.sep(gap);
            }
        }
        self.document.dedent();
        self.no_blank();
        self.sep(edge);
        self.text("}");
        self.close();
    }

    fn end_in_flat(&mut self, text: &'static str) {
        if self.flat > 0 {
            self.document.text(text);
        } else {
            self.document.if_flat(text);
        }
    }

    /// Writes the attributes and comments that a node begins with; returns what comes behind them,
    /// which begins the node's own line.
    fn attributes(&mut self, node: Ref<'a>) -> impl Iterator<Item = Child<'a>> + use<'a> {
        let mut children = node.children().peekable();
        let mut is_behind = false;
        while let Some(child) = children.next_if(|it| is_trivia(kind(*it)) || kind(*it) == ATTR) {
            if is_behind && kind(child) == ATTR {
                self.sep(between(kind_of(node), ATTR, ATTR));
            }
            self.child(child);
            is_behind |= kind(child) == ATTR;
        }
        if let Some(next) = children.peek().filter(|_| is_behind) {
            self.sep(between(kind_of(node), ATTR, kind(*next)));
        }
        children
    }

    /// `arg A else B`
    fn arg(&mut self, node: Ref<'a>) {
        let children = self.attributes(node);
        self.open(How::IfNeeded);
        self.document.indent();
        for child in children {
            match kind(child) {
                ARG_KW => {
                    self.child(child);
                    self.sep(Sep::Space);
                }
                ELSE_KW => {
                    self.sep(Sep::Line);
                    self.child(child);
                    self.sep(Sep::Space);
                }
                _ => self.child(child),
            }
        }
        self.document.dedent();
        self.close();
    }

    /// `conflict A "message"`, with the message on a line of its own if both do not fit on one.
    fn rule(&mut self, node: Ref<'a>) {
        let children = self.attributes(node);
        self.open(How::IfNeeded);
        self.document.indent();
        let mut before = None;
        for child in children {
            let it = kind(child);
            if let (Some(before), false) = (before, is_trivia(it)) {
                self.sep(between(kind_of(node), before, it));
                let is_message = !matches!(before, REQUIRE_KW | CONFLICT_KW | WHEN_KW);
                if it == STRING_LIT && is_message {
                    self.sep(Sep::Line);
                }
            }
            if !is_trivia(it) {
                before = Some(it);
            }
            self.child(child);
        }
        self.document.dedent();
        self.close();
    }

    /// `want a, b`
    fn wishes(&mut self, node: Ref<'a>) {
        let children = self.attributes(node);
        self.flush();
        self.document.indent();
        for child in children {
            self.child(child);
            match kind(child) {
                COMMA => self.sep(Sep::Fill),
                WANT_KW | PUBLISH_KW => self.sep(Sep::Space),
                _ => {}
            }
        }
        self.document.dedent();
    }
}

/// What ends the elements of a body.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    /// `;` on one line, nothing on several.
    Semicolon,
    /// `,` on one line, nothing on several.
    Comma,
    /// `,` between any two; as many on a line as fit.
    Words,
}

/// Whether something between braces is an element, and no separator or comment.
fn is_element(kind: SyntaxKind) -> bool {
    !is_trivia(kind) && !matches!(kind, COMMA | SEMICOLON)
}

/// The index of the last child that is neither white space nor comment.
fn last_of(node: Ref<'_>) -> Option<usize> {
    node.children().enumerate().filter(|it| !is_trivia(kind(it.1))).map(|it| it.0).last()
}

/// What stands between two neighbours in a node.
pub(super) fn between(parent: SyntaxKind, before: SyntaxKind, after: SyntaxKind) -> Sep {
    match (before, after) {
        (ATTR, _) => Sep::Hard,
        // `1 .name` is no version.
        (LITERAL, DOT) => Sep::Space,
        (COMMA, _) if matches!(parent, ARM | MATCH_ARM) => Sep::Fill,
        (_, COMMA | SEMICOLON | R_PAREN | R_BRACKET | COLON | QUESTION | DOT | GT)
            if !(after == GT && parent != TYPE_ARGS) =>
        {
            Sep::Nothing
        }
        (L_PAREN | L_BRACKET | AT | TILDE | BANG | DOT, _) => Sep::Nothing,
        (LT, _) if parent == TYPE_ARGS => Sep::Nothing,
        (MINUS, _) if parent == PREFIX => Sep::Nothing,
        (QUESTION, _) if parent == AMEND => Sep::Nothing,
        (DOT_DOT | DOT_DOT_EQ, _) | (_, DOT_DOT | DOT_DOT_EQ)
            if matches!(parent, RANGE | SPREAD_ELEMENT) =>
        {
            Sep::Nothing
        }
        (_, ARG_LIST | TYPE_ARGS | REFINEMENT | PARAM_LIST | SPEC_ITEMS) => Sep::Nothing,
        _ => Sep::Space,
    }
}
