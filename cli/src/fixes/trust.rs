//! Which fixes may be applied without anyone looking at them.

use kiln_lang::Code;

/// Whether the fixes of a diagnostic may be applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trust {
    /// There is one thing that can have been meant.
    Sure,
    /// What was meant is probable, and no more.
    Guess,
    /// Someone has to decide.
    Never,
}

use Trust::{Guess, Never, Sure};

/// Returns whether the fixes of a diagnostic may be applied.
///
/// What is not in the table is for people: a test asks for a line for each diagnostic.
pub(crate) fn trust(code: Code) -> Trust {
    TABLE.iter().find(|it| it.0 == code).map_or(Never, |it| it.1)
}

/// The decision for each diagnostic. A fix with alternatives is never applied, whatever stands here.
const TABLE: &[(Code, Trust)] = &[
    // Slips: the parser knows what was written instead (`&&`, `:` for `=`, `#` for `//`).
    (Code::UnexpectedToken, Sure),
    // Where a bracket or a string should have ended is seldom where its lack was noticed.
    (Code::UnclosedBracket, Guess),
    (Code::UnclosedString, Guess),
    (Code::UnknownCharacter, Never),
    (Code::NestedTooDeep, Never),
    // A file that does not say what it is may be any of six things.
    (Code::MissingHeader, Guess),
    // The name of the file may be what is wrong, and a recipe would change its name.
    (Code::HeaderName, Guess),
    (Code::NumberTooLarge, Never),
    // `\d` is a backslash and a letter wherever it is no escape.
    (Code::BadEscape, Sure),
    // The lines keep their text; only what is no part of them changes.
    (Code::BadIndent, Sure),
    (Code::MisplacedItem, Never),
    // What needs no quotes reads the same without them.
    (Code::QuotedTwice, Sure),
    // An `sh` before a text makes it something else.
    (Code::NotPlainText, Guess),
    // Names that are near to the one that is written.
    (Code::UnknownPackage, Guess),
    (Code::UnknownOption, Guess),
    (Code::UnknownValue, Guess),
    (Code::UnknownName, Guess),
    (Code::UnknownMember, Guess),
    (Code::UnknownType, Guess),
    (Code::UnknownModule, Guess),
    (Code::UnknownStep, Guess),
    (Code::UnknownVersion, Guess),
    (Code::UnknownKeyword, Guess),
    // One of two declarations has to go, or get another name.
    (Code::DuplicateDeclaration, Never),
    (Code::AmbiguousName, Never),
    (Code::UnreadableFile, Never),
    // Some only change the spelling (`"64"` to `64`), others guess a unit (`128` to `128 B`).
    (Code::TypeMismatch, Guess),
    // The nearest number that is allowed is not the one that was asked for.
    (Code::OutOfRange, Never),
    (Code::BadOperator, Guess),
    (Code::BadCall, Guess),
    (Code::NotACondition, Guess),
    (Code::MissingArm, Never),
    // A reason cannot be made up.
    (Code::MissingMessage, Never),
    (Code::MissingValue, Never),
    (Code::BadDeclaration, Guess),
    // `drivers = drivers + {x}` can start from what is below or from the default.
    (Code::OptionCycle, Guess),
    (Code::RecursiveFunction, Never),
    (Code::ContradictingSettings, Never),
    // What repeats the default goes, unless another layer says something about the option.
    (Code::RedundantSetting, Sure),
    // Switching something else on is a decision.
    (Code::NoEffect, Never),
    // The recipe says what the name, or the value, is now.
    (Code::RenamedOption, Sure),
    // There is a fix only where the recipe names a successor.
    (Code::Deprecated, Sure),
    (Code::RemovedOption, Sure),
    // What does not go together, and what fails, needs someone who knows why it is there.
    (Code::Conflict, Never),
    // As of an unknown version.
    (Code::UnmetNeed, Guess),
    (Code::Unavailable, Never),
    (Code::MissingFact, Never),
    (Code::DependencyCycle, Never),
    // A lock is written by `kiln lock` alone.
    (Code::BadLock, Never),
    (Code::StaleLock, Never),
    (Code::Locked, Never),
    (Code::EvaluationLimit, Never),
    (Code::EvaluationError, Never),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_diagnostic_is_decided_once() {
        for code in Code::ALL {
            let count = TABLE.iter().filter(|it| it.0 == *code).count();
            assert_eq!(count, 1, "{code} stands {count} times in the table");
        }
    }
}
