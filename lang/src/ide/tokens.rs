//! What each token is, for coloring: by its kind, and by what it stands for.

use text_size::TextRange;

use super::Symbol;
use super::hover::is_keyword;
use super::occurrences::{Access, occurrences};
use crate::database::{Database, FileId};
use crate::module::Name;
use crate::syntax::SyntaxKind::*;

/// A token with what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SemanticToken {
    /// Where it is. It may go over several lines.
    pub range: TextRange,
    /// What it is.
    pub kind: TokenKind,
    /// What else is true of it.
    pub mods: TokenMods,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenKind {
    /// A comment or documentation.
    Comment,
    /// A word of the grammar.
    Keyword,
    /// A text.
    Text,
    /// A number, size or duration.
    Number,
    /// A version.
    Version,
    /// A pattern.
    Regexp,
    /// An operator.
    Operator,
    /// A package.
    Package,
    /// A module, mixin, preset, overlay, output or compilation.
    Module,
    /// A feature or knob.
    Option,
    /// A field.
    Field,
    /// A let, or the name of a loop.
    Variable,
    /// A parameter.
    Parameter,
    /// A value of an enum, `on`, `off`.
    Value,
    /// A type.
    Type,
    /// A function or method.
    Function,
    /// A step.
    Step,
    /// An attribute.
    Attribute,
}

/// What else is true of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, PartialOrd, Ord, Hash)]
pub struct TokenMods {
    /// It declares what it names.
    pub declaration: bool,
    /// It sets what it names.
    pub modification: bool,
    /// It is documentation.
    pub documentation: bool,
    /// What it names should not be used any more.
    pub deprecated: bool,
    /// What it names is of the language itself.
    pub builtin: bool,
}

/// Returns the tokens of a file, or of a part of it, in order and apart from each other.
#[must_use]
pub fn tokens(db: &Database, file: FileId, within: Option<TextRange>) -> Vec<SemanticToken> {
    let root = db.parse(file).syntax();
    let words = occurrences(db, file);
    let mut next = 0;
    let mut out = Vec::new();
    for token in root.descendants_with_tokens().filter_map(|it| it.into_token()) {
        let range = token.text_range();
        if within.is_some_and(|it| it.intersect(range).is_none_or(TextRange::is_empty)) {
            continue;
        }
        while words.get(next).is_some_and(|it| it.range.end() <= range.start()) {
            next += 1;
        }
        let word = words.get(next).filter(|it| it.range.contains_range(range));
        let mut mods = TokenMods::default();
        let kind = match (token.kind(), word) {
            (COMMENT, _) => TokenKind::Comment,
            (DOC | INNER_DOC, _) => {
                mods.documentation = true;
                TokenKind::Comment
            }
            (_, Some(word)) => {
                mods.declaration = word.access == Access::Declare;
                mods.modification = word.access == Access::Write;
                mods.deprecated = is_deprecated(db, &word.symbol);
                let (kind, builtin) = kind_of(db, &word.symbol);
                mods.builtin = builtin;
                kind
            }
            (INT | QUANTITY, _) => TokenKind::Number,
            (VERSION | SERIES, _) => TokenKind::Version,
            (REGEX, _) => TokenKind::Regexp,
            (STRING_OPEN | STRING_CLOSE | STRING_TEXT, _) => TokenKind::Text,
            (INTERPOLATION_OPEN, _) => TokenKind::Operator,
            (
                EQ | PLUS_EQ | MINUS_EQ | EQ_EQ | NEQ | LE | GE | LT | GT | FAT_ARROW | ARROW
                | DOT_DOT | DOT_DOT_EQ | PIPE | AMP | BANG | TILDE | PLUS | MINUS | STAR | PERCENT
                | QUESTION,
                _,
            ) => TokenKind::Operator,
            (AT, _) => TokenKind::Attribute,
            (kind, _) if is_keyword(kind) => TokenKind::Keyword,
            _ => continue,
        };
        out.push(SemanticToken { range, kind, mods });
    }
    out
}

fn kind_of(db: &Database, symbol: &Symbol) -> (TokenKind, bool) {
    let own = |kind| (kind, false);
    let builtin = |kind| (kind, true);
    match symbol {
        Symbol::Package(_) => own(TokenKind::Package),
        Symbol::File(_) | Symbol::Part(..) => own(TokenKind::Module),
        Symbol::Option(at, _) => {
            let kind = match symbol.kind(db) {
                "field" => TokenKind::Field,
                "let" => TokenKind::Variable,
                _ => TokenKind::Option,
            };
            (kind, Database::is_builtin(at.file))
        }
        Symbol::OptionOfAll(..) => own(TokenKind::Option),
        Symbol::Value(file, ..) => (TokenKind::Value, Database::is_builtin(*file)),
        Symbol::Group(..) => own(TokenKind::Value),
        Symbol::Type(file, _) => (TokenKind::Type, Database::is_builtin(*file)),
        Symbol::RecordField(..) => own(TokenKind::Field),
        Symbol::Function(..) => own(TokenKind::Function),
        Symbol::Local(..) => own(TokenKind::Parameter),
        Symbol::Step(..) => own(TokenKind::Step),
        Symbol::Version(..) => own(TokenKind::Version),
        Symbol::BuiltinType(_) => builtin(TokenKind::Type),
        Symbol::Builtin(_) | Symbol::Method(_) => builtin(TokenKind::Function),
        Symbol::Object(_) => builtin(TokenKind::Module),
        Symbol::Member(_) => builtin(TokenKind::Field),
        Symbol::Fact(_) => builtin(TokenKind::Variable),
        Symbol::Word(word) => builtin(match word.as_str() {
            "prev" | "default" | "all" => TokenKind::Keyword,
            _ => TokenKind::Value,
        }),
        Symbol::Attribute(_) => builtin(TokenKind::Attribute),
        Symbol::ExportKey(_) | Symbol::Join(_) => builtin(TokenKind::Keyword),
    }
}

fn is_deprecated(db: &Database, symbol: &Symbol) -> bool {
    let attrs = |names: &[crate::module::Attr]| {
        names.iter().any(|it| {
            let name: &Name = &it.ident.name;
            matches!(name.as_str(), "deprecated" | "removed")
        })
    };
    match symbol {
        Symbol::Option(at, index) => {
            let lowered = db.lowered(at.file);
            let body = lowered.module.bodies.values().get(at.body.index());
            body.and_then(|it| it.options.get(*index as usize)).is_some_and(|it| attrs(&it.attrs))
        }
        Symbol::Value(file, id, index) => {
            let lowered = db.lowered(*file);
            let of = lowered.module.enums.values().get(id.index());
            of.and_then(|it| it.values.get(*index as usize)).is_some_and(|it| attrs(&it.attrs))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let file = fixture.cursor.file;
        let all = tokens(&fixture.db, file, None);
        assert!(all.windows(2).all(|it| it[0].range.end() <= it[1].range.start()));
        let mut out = String::new();
        for token in &all {
            let mods = token.mods;
            let mut words = format!("{:?}", token.kind);
            for (is, word) in [
                (mods.declaration, "declaration"),
                (mods.modification, "modification"),
                (mods.documentation, "documentation"),
                (mods.deprecated, "deprecated"),
                (mods.builtin, "builtin"),
            ] {
                if is {
                    words.push_str(&format!(" {word}"));
                }
            }
            out.push_str(&format!("{:?} {words}\n", fixture.show_text(file, token.range)));
        }
        expected.assert_eq(&out);
    }

    #[test]
    fn words_are_colored_by_what_they_stand_for() {
        check(
            "//- /recipes/a.kiln
/// A.$0
recipe a
version = 1.0
@deprecated(\"x\")
knob k: enum { x, y } = x
feature f = on { host zlib >= 1.2; arg \"a\\(out)\" }
require k == y & f \"why\" // c
//- /recipes/zlib.kiln
recipe zlib
version = 1.2
",
            expect![[r#"
                "/// A." Comment documentation
                "recipe" Keyword
                "a" Package declaration
                "version" Variable modification builtin
                "=" Operator
                "1.0" Version
                "@" Attribute
                "deprecated" Attribute builtin
                "\"" Text
                "x" Text
                "\"" Text
                "knob" Keyword
                "k" Option declaration deprecated
                "enum" Keyword
                "x" Value declaration
                "y" Value declaration
                "=" Operator
                "x" Value
                "feature" Keyword
                "f" Option declaration
                "=" Operator
                "on" Value builtin
                "host" Keyword
                "zlib" Package
                ">=" Operator
                "1.2" Version
                "arg" Keyword
                "\"" Text
                "a" Text
                "\\(" Operator
                "out" Variable builtin
                "\"" Text
                "require" Keyword
                "k" Option deprecated
                "==" Operator
                "y" Value
                "&" Operator
                "f" Option
                "\"" Text
                "why" Text
                "\"" Text
                "// c" Comment
            "#]],
        );
        check(
            "//- /recipes/a.kiln
recipe a
version = 1.0
feature f = on
//- /my.kiln
override a
f = off$0
",
            expect![[r#"
                "override" Keyword
                "a" Package
                "f" Option modification
                "=" Operator
                "off" Value builtin
            "#]],
        );
    }
}
