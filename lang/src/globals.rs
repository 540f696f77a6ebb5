//! What `platform`, `machine`, `toolchain` and `facts` have: options that belong to no package.
//!
//! The vocabulary of facts is open. A module of any set of recipes adds to it by a mixin `facts`,
//! whose knobs are then `facts.MODULE.NAME`. Rules: `spec/lang/facts.md`.

use std::sync::Arc;

use crate::database::{Database, FileId};
use crate::schema::{OptionSchema, OptionTable};
use crate::types::Object;

/// The mixin of a module that declares facts.
pub const FACTS_MIXIN: &str = "facts";

/// Returns the module that declares what an object has, and the mixin in it; nothing for objects
/// that are about one build, such as `dep`.
#[must_use]
pub fn global_mixin(object: Object) -> Option<(FileId, &'static str)> {
    match object {
        Object::Platform | Object::Machine => Some((Database::PLATFORM, "platform")),
        Object::Toolchain => Some((Database::TOOLCHAIN, "toolchain")),
        Object::Facts => Some((Database::FACTS, FACTS_MIXIN)),
        Object::Dep | Object::Deps | Object::Outputs | Object::Steps | Object::Sources => None,
    }
}

/// Returns what the standard modules say that an object has.
#[must_use]
pub fn global_table(db: &Database, object: Object) -> Arc<OptionTable> {
    let found = global_mixin(object)
        .and_then(|(file, mixin)| db.schema(file).mixin(mixin).map(|it| it.2.clone()));
    found.unwrap_or_default()
}

/// Returns the facts that a module declares; nothing if there is no such module, or it has none.
#[must_use]
pub fn facts_of_module(db: &Database, module: &str) -> Option<(FileId, Arc<OptionTable>)> {
    let file = db.module(module).filter(|it| !Database::is_builtin(*it))?;
    let table = db.schema(file).mixin(FACTS_MIXIN)?.2.clone();
    Some((file, table))
}

/// Returns what is declared of a fact by its name without `facts.`: `isa`, `cluster.fabric`.
#[must_use]
pub fn fact(db: &Database, name: &str) -> Option<OptionSchema> {
    let (table, name) = match name.split_once('.') {
        None => (global_table(db, Object::Facts), name),
        Some((module, name)) => (facts_of_module(db, module)?.1, name),
    };
    table.get(name).filter(|it| is_fact(it)).cloned()
}

/// Whether an option in a mixin of facts is one: what every mixin has is none.
#[must_use]
pub fn is_fact(option: &OptionSchema) -> bool {
    option.kind.is_choice()
}
