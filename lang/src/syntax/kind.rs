//! Kinds of tokens and nodes. Generated from `kiln.ungram` by `cargo xtask codegen`.

/// What a token or a node of the syntax tree is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(non_camel_case_types, reason = "the usual spelling of syntax kinds")]
pub enum SyntaxKind {
    /// Spaces, tabs and newlines.
    WHITESPACE,
    /// `// …` to the end of the line.
    COMMENT,
    /// `/// …`: documents what follows.
    DOC,
    /// `//! …`: documents the file.
    INNER_DOC,
    /// A character that begins no token.
    ERROR_TOKEN,
    /// A token of the class `ident`.
    IDENT,
    /// A token of the class `int`.
    INT,
    /// A token of the class `version`.
    VERSION,
    /// A token of the class `series`.
    SERIES,
    /// A token of the class `quantity`.
    QUANTITY,
    /// A token of the class `regex`.
    REGEX,
    /// A token of the class `string_open`.
    STRING_OPEN,
    /// A token of the class `string_close`.
    STRING_CLOSE,
    /// A token of the class `string_text`.
    STRING_TEXT,
    /// A token of the class `interpolation_open`.
    INTERPOLATION_OPEN,
    /// `=`
    EQ,
    /// `+=`
    PLUS_EQ,
    /// `-=`
    MINUS_EQ,
    /// `==`
    EQ_EQ,
    /// `!=`
    NEQ,
    /// `<=`
    LE,
    /// `>=`
    GE,
    /// `<`
    LT,
    /// `>`
    GT,
    /// `=>`
    FAT_ARROW,
    /// `->`
    ARROW,
    /// `..`
    DOT_DOT,
    /// `..=`
    DOT_DOT_EQ,
    /// `.`
    DOT,
    /// `,`
    COMMA,
    /// `:`
    COLON,
    /// `;`
    SEMICOLON,
    /// `(`
    L_PAREN,
    /// `)`
    R_PAREN,
    /// `[`
    L_BRACKET,
    /// `]`
    R_BRACKET,
    /// `{`
    L_BRACE,
    /// `}`
    R_BRACE,
    /// `|`
    PIPE,
    /// `&`
    AMP,
    /// `!`
    BANG,
    /// `~`
    TILDE,
    /// `+`
    PLUS,
    /// `-`
    MINUS,
    /// `*`
    STAR,
    /// `%`
    PERCENT,
    /// `?`
    QUESTION,
    /// `@`
    AT,
    /// `after`, where the grammar has it.
    AFTER_KW,
    /// `all`, where the grammar has it.
    ALL_KW,
    /// `any`, where the grammar has it.
    ANY_KW,
    /// `arg`, where the grammar has it.
    ARG_KW,
    /// `as`, where the grammar has it.
    AS_KW,
    /// `before`, where the grammar has it.
    BEFORE_KW,
    /// `build`, where the grammar has it.
    BUILD_KW,
    /// `compile`, where the grammar has it.
    COMPILE_KW,
    /// `conflict`, where the grammar has it.
    CONFLICT_KW,
    /// `else`, where the grammar has it.
    ELSE_KW,
    /// `enum`, where the grammar has it.
    ENUM_KW,
    /// `exact`, where the grammar has it.
    EXACT_KW,
    /// `exports`, where the grammar has it.
    EXPORTS_KW,
    /// `extends`, where the grammar has it.
    EXTENDS_KW,
    /// `feature`, where the grammar has it.
    FEATURE_KW,
    /// `field`, where the grammar has it.
    FIELD_KW,
    /// `fn`, where the grammar has it.
    FN_KW,
    /// `for`, where the grammar has it.
    FOR_KW,
    /// `from`, where the grammar has it.
    FROM_KW,
    /// `group`, where the grammar has it.
    GROUP_KW,
    /// `has`, where the grammar has it.
    HAS_KW,
    /// `host`, where the grammar has it.
    HOST_KW,
    /// `if`, where the grammar has it.
    IF_KW,
    /// `ignore`, where the grammar has it.
    IGNORE_KW,
    /// `in`, where the grammar has it.
    IN_KW,
    /// `include`, where the grammar has it.
    INCLUDE_KW,
    /// `interface`, where the grammar has it.
    INTERFACE_KW,
    /// `join`, where the grammar has it.
    JOIN_KW,
    /// `knob`, where the grammar has it.
    KNOB_KW,
    /// `let`, where the grammar has it.
    LET_KW,
    /// `match`, where the grammar has it.
    MATCH_KW,
    /// `mixin`, where the grammar has it.
    MIXIN_KW,
    /// `module`, where the grammar has it.
    MODULE_KW,
    /// `of`, where the grammar has it.
    OF_KW,
    /// `output`, where the grammar has it.
    OUTPUT_KW,
    /// `overlay`, where the grammar has it.
    OVERLAY_KW,
    /// `overlays`, where the grammar has it.
    OVERLAYS_KW,
    /// `override`, where the grammar has it.
    OVERRIDE_KW,
    /// `pkgs`, where the grammar has it.
    PKGS_KW,
    /// `policy`, where the grammar has it.
    POLICY_KW,
    /// `preset`, where the grammar has it.
    PRESET_KW,
    /// `project`, where the grammar has it.
    PROJECT_KW,
    /// `provides`, where the grammar has it.
    PROVIDES_KW,
    /// `publish`, where the grammar has it.
    PUBLISH_KW,
    /// `recipe`, where the grammar has it.
    RECIPE_KW,
    /// `record`, where the grammar has it.
    RECORD_KW,
    /// `require`, where the grammar has it.
    REQUIRE_KW,
    /// `run`, where the grammar has it.
    RUN_KW,
    /// `split`, where the grammar has it.
    SPLIT_KW,
    /// `step`, where the grammar has it.
    STEP_KW,
    /// `steps`, where the grammar has it.
    STEPS_KW,
    /// `sticky`, where the grammar has it.
    STICKY_KW,
    /// `test`, where the grammar has it.
    TEST_KW,
    /// `then`, where the grammar has it.
    THEN_KW,
    /// `to`, where the grammar has it.
    TO_KW,
    /// `type`, where the grammar has it.
    TYPE_KW,
    /// `unavailable`, where the grammar has it.
    UNAVAILABLE_KW,
    /// `use`, where the grammar has it.
    USE_KW,
    /// `versions`, where the grammar has it.
    VERSIONS_KW,
    /// `want`, where the grammar has it.
    WANT_KW,
    /// `when`, where the grammar has it.
    WHEN_KW,
    /// `where`, where the grammar has it.
    WHERE_KW,
    /// `with`, where the grammar has it.
    WITH_KW,
    /// A node for what could not be parsed.
    ERROR,
    /// A node of the rule `File`.
    FILE,
    /// A node of the rule `Header`.
    HEADER,
    /// A node of the rule `Attr`.
    ATTR,
    /// A node of the rule `Name`.
    NAME,
    /// A node of the rule `NameRef`.
    NAME_REF,
    /// A node of the rule `Path`.
    PATH,
    /// A node of the rule `Feature`.
    FEATURE,
    /// A node of the rule `Knob`.
    KNOB,
    /// A node of the rule `Field`.
    FIELD,
    /// A node of the rule `EnumDecl`.
    ENUM_DECL,
    /// A node of the rule `RecordDecl`.
    RECORD_DECL,
    /// A node of the rule `TypeAlias`.
    TYPE_ALIAS,
    /// A node of the rule `Function`.
    FUNCTION,
    /// A node of the rule `Let`.
    LET,
    /// A node of the rule `Versions`.
    VERSIONS,
    /// A node of the rule `Dep`.
    DEP,
    /// A node of the rule `Provides`.
    PROVIDES,
    /// A node of the rule `Rule`.
    RULE,
    /// A node of the rule `Unavailable`.
    UNAVAILABLE,
    /// A node of the rule `Arg`.
    ARG,
    /// A node of the rule `Step`.
    STEP,
    /// A node of the rule `Steps`.
    STEPS,
    /// A node of the rule `Include`.
    INCLUDE,
    /// A node of the rule `Use`.
    USE,
    /// A node of the rule `Mixin`.
    MIXIN,
    /// A node of the rule `Compile`.
    COMPILE,
    /// A node of the rule `Output`.
    OUTPUT,
    /// A node of the rule `Exports`.
    EXPORTS,
    /// A node of the rule `IgnoreExports`.
    IGNORE_EXPORTS,
    /// A node of the rule `Test`.
    TEST,
    /// A node of the rule `Preset`.
    PRESET,
    /// A node of the rule `When`.
    WHEN,
    /// A node of the rule `For`.
    FOR,
    /// A node of the rule `Want`.
    WANT,
    /// A node of the rule `Overlays`.
    OVERLAYS,
    /// A node of the rule `Policy`.
    POLICY,
    /// A node of the rule `Publish`.
    PUBLISH,
    /// A node of the rule `PkgsWhere`.
    PKGS_WHERE,
    /// A node of the rule `Setting`.
    SETTING,
    /// A node of the rule `Amend`.
    AMEND,
    /// A node of the rule `SpecStmt`.
    SPEC_STMT,
    /// A node of the rule `Arm`.
    ARM,
    /// A node of the rule `ArgList`.
    ARG_LIST,
    /// A node of the rule `Block`.
    BLOCK,
    /// A node of the rule `JoinTail`.
    JOIN_TAIL,
    /// A node of the rule `WhenTail`.
    WHEN_TAIL,
    /// A node of the rule `SplitTail`.
    SPLIT_TAIL,
    /// A node of the rule `StickyTail`.
    STICKY_TAIL,
    /// A node of the rule `EnumBody`.
    ENUM_BODY,
    /// A node of the rule `Enumerator`.
    ENUMERATOR,
    /// A node of the rule `Group`.
    GROUP,
    /// A node of the rule `StringLit`.
    STRING_LIT,
    /// A node of the rule `GroupBody`.
    GROUP_BODY,
    /// A node of the rule `RecordBody`.
    RECORD_BODY,
    /// A node of the rule `ParamList`.
    PARAM_LIST,
    /// A node of the rule `Param`.
    PARAM,
    /// A node of the rule `VersionEntry`.
    VERSION_ENTRY,
    /// A node of the rule `Literal`.
    LITERAL,
    /// A node of the rule `Spec`.
    SPEC,
    /// A node of the rule `SpecItems`.
    SPEC_ITEMS,
    /// A node of the rule `SpecItem`.
    SPEC_ITEM,
    /// A node of the rule `VersionReq`.
    VERSION_REQ,
    /// A node of the rule `ReqGroup`.
    REQ_GROUP,
    /// A node of the rule `ReqAlt`.
    REQ_ALT,
    /// A node of the rule `ExactTail`.
    EXACT_TAIL,
    /// A node of the rule `AsTail`.
    AS_TAIL,
    /// A node of the rule `ExportList`.
    EXPORT_LIST,
    /// A node of the rule `Export`.
    EXPORT,
    /// A node of the rule `ExportWhen`.
    EXPORT_WHEN,
    /// A node of the rule `ElseBlock`.
    ELSE_BLOCK,
    /// A node of the rule `ArmPattern`.
    ARM_PATTERN,
    /// A node of the rule `WantSpec`.
    WANT_SPEC,
    /// A node of the rule `NamedType`.
    NAMED_TYPE,
    /// A node of the rule `EnumType`.
    ENUM_TYPE,
    /// A node of the rule `OptType`.
    OPT_TYPE,
    /// A node of the rule `TypeArgs`.
    TYPE_ARGS,
    /// A node of the rule `Refinement`.
    REFINEMENT,
    /// A node of the rule `Where`.
    WHERE,
    /// A node of the rule `NameExpr`.
    NAME_EXPR,
    /// A node of the rule `DotName`.
    DOT_NAME,
    /// A node of the rule `Member`.
    MEMBER,
    /// A node of the rule `Call`.
    CALL,
    /// A node of the rule `Paren`.
    PAREN,
    /// A node of the rule `Lambda`.
    LAMBDA,
    /// A node of the rule `Binary`.
    BINARY,
    /// A node of the rule `Prefix`.
    PREFIX,
    /// A node of the rule `Range`.
    RANGE,
    /// A node of the rule `If`.
    IF,
    /// A node of the rule `Match`.
    MATCH,
    /// A node of the rule `SetLit`.
    SET_LIT,
    /// A node of the rule `ListLit`.
    LIST_LIT,
    /// A node of the rule `With`.
    WITH,
    /// A node of the rule `CallArg`.
    CALL_ARG,
    /// A node of the rule `LambdaParam`.
    LAMBDA_PARAM,
    /// A node of the rule `MatchArm`.
    MATCH_ARM,
    /// A node of the rule `MatchPattern`.
    MATCH_PATTERN,
    /// A node of the rule `SpreadElement`.
    SPREAD_ELEMENT,
    /// A node of the rule `ForElement`.
    FOR_ELEMENT,
    /// A node of the rule `WhenElement`.
    WHEN_ELEMENT,
    /// A node of the rule `EntryElement`.
    ENTRY_ELEMENT,
    /// A node of the rule `ExprElement`.
    EXPR_ELEMENT,
    /// A node of the rule `StringChunk`.
    STRING_CHUNK,
    /// A node of the rule `Interpolation`.
    INTERPOLATION,
}

use SyntaxKind::*;

impl SyntaxKind {
    /// Returns the keyword that a name is where the grammar asks for one.
    pub(crate) fn keyword(text: &str) -> Option<SyntaxKind> {
        // By bytes, as these are compared one by one: most names differ in the first.
        Some(match text.as_bytes() {
            b"after" => AFTER_KW,
            b"all" => ALL_KW,
            b"any" => ANY_KW,
            b"arg" => ARG_KW,
            b"as" => AS_KW,
            b"before" => BEFORE_KW,
            b"build" => BUILD_KW,
            b"compile" => COMPILE_KW,
            b"conflict" => CONFLICT_KW,
            b"else" => ELSE_KW,
            b"enum" => ENUM_KW,
            b"exact" => EXACT_KW,
            b"exports" => EXPORTS_KW,
            b"extends" => EXTENDS_KW,
            b"feature" => FEATURE_KW,
            b"field" => FIELD_KW,
            b"fn" => FN_KW,
            b"for" => FOR_KW,
            b"from" => FROM_KW,
            b"group" => GROUP_KW,
            b"has" => HAS_KW,
            b"host" => HOST_KW,
            b"if" => IF_KW,
            b"ignore" => IGNORE_KW,
            b"in" => IN_KW,
            b"include" => INCLUDE_KW,
            b"interface" => INTERFACE_KW,
            b"join" => JOIN_KW,
            b"knob" => KNOB_KW,
            b"let" => LET_KW,
            b"match" => MATCH_KW,
            b"mixin" => MIXIN_KW,
            b"module" => MODULE_KW,
            b"of" => OF_KW,
            b"output" => OUTPUT_KW,
            b"overlay" => OVERLAY_KW,
            b"overlays" => OVERLAYS_KW,
            b"override" => OVERRIDE_KW,
            b"pkgs" => PKGS_KW,
            b"policy" => POLICY_KW,
            b"preset" => PRESET_KW,
            b"project" => PROJECT_KW,
            b"provides" => PROVIDES_KW,
            b"publish" => PUBLISH_KW,
            b"recipe" => RECIPE_KW,
            b"record" => RECORD_KW,
            b"require" => REQUIRE_KW,
            b"run" => RUN_KW,
            b"split" => SPLIT_KW,
            b"step" => STEP_KW,
            b"steps" => STEPS_KW,
            b"sticky" => STICKY_KW,
            b"test" => TEST_KW,
            b"then" => THEN_KW,
            b"to" => TO_KW,
            b"type" => TYPE_KW,
            b"unavailable" => UNAVAILABLE_KW,
            b"use" => USE_KW,
            b"versions" => VERSIONS_KW,
            b"want" => WANT_KW,
            b"when" => WHEN_KW,
            b"where" => WHERE_KW,
            b"with" => WITH_KW,
            _ => return None,
        })
    }

    /// Returns the text of a keyword or a punctuation mark, and a name for other tokens.
    pub fn describe(self) -> &'static str {
        match self {
            EQ => "`=`",
            PLUS_EQ => "`+=`",
            MINUS_EQ => "`-=`",
            EQ_EQ => "`==`",
            NEQ => "`!=`",
            LE => "`<=`",
            GE => "`>=`",
            LT => "`<`",
            GT => "`>`",
            FAT_ARROW => "`=>`",
            ARROW => "`->`",
            DOT_DOT => "`..`",
            DOT_DOT_EQ => "`..=`",
            DOT => "`.`",
            COMMA => "`,`",
            COLON => "`:`",
            SEMICOLON => "`;`",
            L_PAREN => "`(`",
            R_PAREN => "`)`",
            L_BRACKET => "`[`",
            R_BRACKET => "`]`",
            L_BRACE => "`{`",
            R_BRACE => "`}`",
            PIPE => "`|`",
            AMP => "`&`",
            BANG => "`!`",
            TILDE => "`~`",
            PLUS => "`+`",
            MINUS => "`-`",
            STAR => "`*`",
            PERCENT => "`%`",
            QUESTION => "`?`",
            AT => "`@`",
            AFTER_KW => "`after`",
            ALL_KW => "`all`",
            ANY_KW => "`any`",
            ARG_KW => "`arg`",
            AS_KW => "`as`",
            BEFORE_KW => "`before`",
            BUILD_KW => "`build`",
            COMPILE_KW => "`compile`",
            CONFLICT_KW => "`conflict`",
            ELSE_KW => "`else`",
            ENUM_KW => "`enum`",
            EXACT_KW => "`exact`",
            EXPORTS_KW => "`exports`",
            EXTENDS_KW => "`extends`",
            FEATURE_KW => "`feature`",
            FIELD_KW => "`field`",
            FN_KW => "`fn`",
            FOR_KW => "`for`",
            FROM_KW => "`from`",
            GROUP_KW => "`group`",
            HAS_KW => "`has`",
            HOST_KW => "`host`",
            IF_KW => "`if`",
            IGNORE_KW => "`ignore`",
            IN_KW => "`in`",
            INCLUDE_KW => "`include`",
            INTERFACE_KW => "`interface`",
            JOIN_KW => "`join`",
            KNOB_KW => "`knob`",
            LET_KW => "`let`",
            MATCH_KW => "`match`",
            MIXIN_KW => "`mixin`",
            MODULE_KW => "`module`",
            OF_KW => "`of`",
            OUTPUT_KW => "`output`",
            OVERLAY_KW => "`overlay`",
            OVERLAYS_KW => "`overlays`",
            OVERRIDE_KW => "`override`",
            PKGS_KW => "`pkgs`",
            POLICY_KW => "`policy`",
            PRESET_KW => "`preset`",
            PROJECT_KW => "`project`",
            PROVIDES_KW => "`provides`",
            PUBLISH_KW => "`publish`",
            RECIPE_KW => "`recipe`",
            RECORD_KW => "`record`",
            REQUIRE_KW => "`require`",
            RUN_KW => "`run`",
            SPLIT_KW => "`split`",
            STEP_KW => "`step`",
            STEPS_KW => "`steps`",
            STICKY_KW => "`sticky`",
            TEST_KW => "`test`",
            THEN_KW => "`then`",
            TO_KW => "`to`",
            TYPE_KW => "`type`",
            UNAVAILABLE_KW => "`unavailable`",
            USE_KW => "`use`",
            VERSIONS_KW => "`versions`",
            WANT_KW => "`want`",
            WHEN_KW => "`when`",
            WHERE_KW => "`where`",
            WITH_KW => "`with`",
            IDENT => "a name",
            INT => "a number",
            VERSION => "a version",
            SERIES => "a version series",
            QUANTITY => "a size or duration",
            REGEX => "a pattern",
            STRING_OPEN | STRING_TEXT | STRING_CLOSE => "a string",
            INTERPOLATION_OPEN => "`\\(`",
            DOC | INNER_DOC | COMMENT => "a comment",
            WHITESPACE => "white space",
            ERROR_TOKEN => "a character that Kiln does not know",
            _ => "a piece of syntax",
        }
    }
}
