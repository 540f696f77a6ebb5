//! What the features found, in the words of the protocol.

use kiln_lang::ide::{
    CompletionKind, FoldKind, OutlineKind, SemanticToken, Target, TokenKind, TokenMods,
};
use kiln_lang::{Code, Database, Diagnostic, Edit, FileId, Severity};
use lsp_types::{
    CodeDescription, CompletionItemKind, DiagnosticRelatedInformation, DiagnosticSeverity,
    DiagnosticTag, DocumentChanges, FoldingRangeKind, Location, LocationLink, NumberOrString,
    OneOf, OptionalVersionedTextDocumentIdentifier, SemanticTokenModifier, SemanticTokenType,
    SymbolKind, TextDocumentEdit, TextEdit, Uri, WorkspaceEdit,
};

use crate::lines::Lines;
use crate::snapshot::{Located, Snapshot};

//------ diagnostics

/// A diagnostic as clients show it: the sentence, and below it what to do.
pub(crate) fn diagnostic(
    snapshot: &Snapshot,
    db: &Database,
    lines: &Lines,
    diagnostic: &Diagnostic,
) -> lsp_types::Diagnostic {
    let mut message = diagnostic.message.clone();
    if !diagnostic.primary.text.is_empty() {
        message.push_str(&format!(" ({})", diagnostic.primary.text));
    }
    for help in &diagnostic.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let related = diagnostic.secondary.iter().filter_map(|label| {
        let uri = snapshot.uri(db, label.file)?;
        let range = snapshot.lines(db, label.file).range(label.range);
        let message =
            if label.text.is_empty() { "see here".to_owned() } else { label.text.clone() };
        Some(DiagnosticRelatedInformation { location: Location { uri, range }, message })
    });
    let related: Vec<_> =
        if snapshot.client.related_information { related.collect() } else { Vec::new() };
    lsp_types::Diagnostic {
        range: lines.range(diagnostic.primary.range),
        severity: Some(match diagnostic.code.severity() {
            Severity::Error => DiagnosticSeverity::ERROR,
            Severity::Warning => DiagnosticSeverity::WARNING,
        }),
        code: Some(NumberOrString::String(diagnostic.code.slug().to_owned())),
        code_description: page(snapshot, diagnostic.code).map(|href| CodeDescription { href }),
        source: Some("kiln".to_owned()),
        message,
        related_information: (!related.is_empty()).then_some(related),
        tags: tag(diagnostic.code).map(|it| vec![it]),
        data: None,
    }
}

/// The page of a diagnostic, as `kiln explain` prints it.
fn page(snapshot: &Snapshot, code: Code) -> Option<Uri> {
    let text = (snapshot.config.page)(code.slug())?;
    let file = snapshot.extract.as_ref()?.file(&format!("page:{}.md", code.slug()), &text)?;
    crate::paths::uri_of(file.to_str()?)
}

/// How clients draw a diagnostic beside underlining it.
fn tag(code: Code) -> Option<DiagnosticTag> {
    match code {
        Code::Deprecated | Code::RenamedOption | Code::RemovedOption => {
            Some(DiagnosticTag::DEPRECATED)
        }
        Code::RedundantSetting | Code::NoEffect => Some(DiagnosticTag::UNNECESSARY),
        _ => None,
    }
}

//------ places

pub(crate) fn location(snapshot: &Snapshot, db: &Database, target: &Target) -> Option<Location> {
    let uri = snapshot.uri(db, target.file)?;
    let range = snapshot.lines(db, target.file).range(target.name);
    Some(Location { uri, range })
}

pub(crate) fn location_link(
    snapshot: &Snapshot,
    located: &Located,
    from: kiln_lang::TextRange,
    target: &Target,
) -> Option<LocationLink> {
    let lines = snapshot.lines(&located.db, target.file);
    Some(LocationLink {
        origin_selection_range: Some(located.lines.range(from)),
        target_uri: snapshot.uri(&located.db, target.file)?,
        target_range: lines.range(target.whole),
        target_selection_range: lines.range(target.name),
    })
}

//------ edits

/// Edits of files, all in all or none. Files that cannot be changed are left out.
pub(crate) fn workspace_edit(
    snapshot: &Snapshot,
    db: &Database,
    edits: &[Edit],
) -> Option<WorkspaceEdit> {
    let mut files: Vec<FileId> = edits.iter().map(|it| it.file).collect();
    files.sort_unstable();
    files.dedup();
    if files.iter().any(|it| !snapshot.can_edit(db, *it)) {
        return None;
    }
    let mut by_file: Vec<(Uri, Option<i32>, Vec<TextEdit>)> = Vec::new();
    for file in files {
        let lines = snapshot.lines(db, file);
        let own = edits.iter().filter(|it| it.file == file);
        let own = own.map(|it| TextEdit::new(lines.range(it.range), it.text.clone())).collect();
        let version = snapshot.documents.get(&*db.path(file)).map(|it| it.version);
        by_file.push((snapshot.uri(db, file)?, version, own));
    }
    if snapshot.client.document_changes {
        let edits = by_file.into_iter().map(|(uri, version, edits)| TextDocumentEdit {
            text_document: OptionalVersionedTextDocumentIdentifier { uri, version },
            edits: edits.into_iter().map(OneOf::Left).collect(),
        });
        let document_changes = Some(DocumentChanges::Edits(edits.collect()));
        return Some(WorkspaceEdit { document_changes, ..WorkspaceEdit::default() });
    }
    #[allow(clippy::mutable_key_type, reason = "the protocol's type; nobody changes an address")]
    let changes = by_file.into_iter().map(|it| (it.0, it.2)).collect();
    Some(WorkspaceEdit { changes: Some(changes), ..WorkspaceEdit::default() })
}

//------ kinds

pub(crate) fn completion_kind(kind: CompletionKind) -> CompletionItemKind {
    match kind {
        CompletionKind::Keyword => CompletionItemKind::KEYWORD,
        CompletionKind::Snippet => CompletionItemKind::SNIPPET,
        CompletionKind::Package => CompletionItemKind::MODULE,
        CompletionKind::Module => CompletionItemKind::MODULE,
        CompletionKind::Feature => CompletionItemKind::EVENT,
        CompletionKind::Knob => CompletionItemKind::PROPERTY,
        CompletionKind::Field => CompletionItemKind::FIELD,
        CompletionKind::Variable => CompletionItemKind::VARIABLE,
        CompletionKind::Value => CompletionItemKind::ENUM_MEMBER,
        CompletionKind::Group => CompletionItemKind::ENUM,
        CompletionKind::Type => CompletionItemKind::CLASS,
        CompletionKind::Function => CompletionItemKind::FUNCTION,
        CompletionKind::Step => CompletionItemKind::METHOD,
        CompletionKind::Version => CompletionItemKind::VALUE,
        CompletionKind::Member => CompletionItemKind::PROPERTY,
        CompletionKind::Attribute => CompletionItemKind::KEYWORD,
        CompletionKind::Part => CompletionItemKind::UNIT,
    }
}

pub(crate) fn symbol_kind(kind: OutlineKind) -> SymbolKind {
    match kind {
        OutlineKind::File => SymbolKind::PACKAGE,
        OutlineKind::Feature => SymbolKind::BOOLEAN,
        OutlineKind::Knob => SymbolKind::PROPERTY,
        OutlineKind::Field => SymbolKind::FIELD,
        OutlineKind::Let => SymbolKind::VARIABLE,
        OutlineKind::Enum => SymbolKind::ENUM,
        OutlineKind::Value => SymbolKind::ENUM_MEMBER,
        OutlineKind::Group => SymbolKind::ENUM,
        OutlineKind::Record => SymbolKind::STRUCT,
        OutlineKind::Type => SymbolKind::CLASS,
        OutlineKind::Function => SymbolKind::FUNCTION,
        OutlineKind::Mixin => SymbolKind::INTERFACE,
        OutlineKind::Part => SymbolKind::NAMESPACE,
        OutlineKind::Step => SymbolKind::METHOD,
        OutlineKind::Test => SymbolKind::METHOD,
        OutlineKind::Version => SymbolKind::CONSTANT,
        OutlineKind::Dependency => SymbolKind::MODULE,
        OutlineKind::Setting => SymbolKind::KEY,
    }
}

pub(crate) fn fold_kind(kind: FoldKind) -> FoldingRangeKind {
    match kind {
        FoldKind::Comment => FoldingRangeKind::Comment,
        FoldKind::Region => FoldingRangeKind::Region,
    }
}

//------ semantic tokens

/// The types of tokens, in the order of their numbers.
pub(crate) const TOKEN_TYPES: &[SemanticTokenType] = &[
    SemanticTokenType::COMMENT,
    SemanticTokenType::KEYWORD,
    SemanticTokenType::STRING,
    SemanticTokenType::NUMBER,
    SemanticTokenType::REGEXP,
    SemanticTokenType::OPERATOR,
    SemanticTokenType::NAMESPACE,
    SemanticTokenType::PROPERTY,
    SemanticTokenType::VARIABLE,
    SemanticTokenType::PARAMETER,
    SemanticTokenType::ENUM_MEMBER,
    SemanticTokenType::TYPE,
    SemanticTokenType::FUNCTION,
    SemanticTokenType::METHOD,
    SemanticTokenType::DECORATOR,
    SemanticTokenType::CLASS,
];

/// The modifiers of tokens, in the order of their bits.
pub(crate) const TOKEN_MODIFIERS: &[SemanticTokenModifier] = &[
    SemanticTokenModifier::DECLARATION,
    SemanticTokenModifier::MODIFICATION,
    SemanticTokenModifier::DOCUMENTATION,
    SemanticTokenModifier::DEPRECATED,
    SemanticTokenModifier::DEFAULT_LIBRARY,
];

fn token_type(kind: TokenKind) -> u32 {
    match kind {
        TokenKind::Comment => 0,
        TokenKind::Keyword => 1,
        TokenKind::Text => 2,
        TokenKind::Number | TokenKind::Version => 3,
        TokenKind::Regexp => 4,
        TokenKind::Operator => 5,
        TokenKind::Module => 6,
        TokenKind::Option | TokenKind::Field => 7,
        TokenKind::Variable => 8,
        TokenKind::Parameter => 9,
        TokenKind::Value => 10,
        TokenKind::Type => 11,
        TokenKind::Function => 12,
        TokenKind::Step => 13,
        TokenKind::Attribute => 14,
        TokenKind::Package => 15,
    }
}

fn token_modifiers(mods: TokenMods) -> u32 {
    let TokenMods { declaration, modification, documentation, deprecated, builtin } = mods;
    [declaration, modification, documentation, deprecated, builtin]
        .into_iter()
        .enumerate()
        .map(|(bit, is)| u32::from(is) << bit)
        .sum()
}

/// Tokens as the protocol writes them: each relative to the one before, none over several lines.
pub(crate) fn semantic_tokens(
    lines: &Lines,
    tokens: &[SemanticToken],
) -> Vec<lsp_types::SemanticToken> {
    let mut out = Vec::with_capacity(tokens.len());
    let (mut line, mut start) = (0, 0);
    for token in tokens {
        for part in lines.by_line(token.range) {
            let at = lines.position(part.start());
            let delta_line = at.line - line;
            let delta_start = if delta_line == 0 { at.character - start } else { at.character };
            out.push(lsp_types::SemanticToken {
                delta_line,
                delta_start,
                length: lines.width(part),
                token_type: token_type(token.kind),
                token_modifiers_bitset: token_modifiers(token.mods),
            });
            (line, start) = (at.line, at.character);
        }
    }
    out
}
