//! What kind of value is expected where an expression stands.

use super::context::{Context, names};
use crate::env::Env;
use crate::globals::{facts_of_module, global_table};
use crate::module::{Name, OptionKind, TypeNameKind};
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};
use crate::types::{Object, RecordTy, Ty};

/// What is expected of an expression.
#[derive(Default)]
pub(super) struct Expected {
    /// Its type.
    pub(super) ty: Option<Ty>,
    /// Whether groups may stand here: behind `..`, or as arms.
    pub(super) groups: bool,
    /// The package whose versions may stand here.
    pub(super) versions_of: Option<Name>,
    /// The package whose values are meant, to say what they bring.
    pub(super) owner: Option<Name>,
    /// The option that is set, with the sign: `prev` and `default` may stand here.
    pub(super) setting: Option<(Name, &'static str)>,
    /// Whether it is part of a condition.
    pub(super) condition: bool,
    /// Whether it decides something before anything is built: the value of a feature or knob.
    pub(super) choice: bool,
    /// Whether overlays may stand here.
    pub(super) overlays: bool,
    /// Whether packages may stand here.
    pub(super) packages: bool,
}

/// How many nodes outwards are looked at; nobody nests deeper by hand.
const DEPTH_MAX: usize = 128;

/// Finds out what is expected of the expression `node`.
pub(super) fn expected(context: &Context<'_>, node: &SyntaxNode) -> Expected {
    within(context, node, DEPTH_MAX)
}

fn within(context: &Context<'_>, node: &SyntaxNode, depth: usize) -> Expected {
    let (Some(parent), Some(depth)) = (node.parent(), depth.checked_sub(1)) else {
        return Expected::default();
    };
    let of = |ty: Ty| Expected { ty: Some(ty), ..Expected::default() };
    match parent.kind() {
        SETTING => setting(context, &parent),
        SPEC_ITEM => spec_item(context, &parent),
        FEATURE => Expected { choice: true, ..of(Ty::Bool) },
        KNOB | FIELD | LET => {
            let choice = parent.kind() == KNOB;
            let name = parent.children().find_map(ast::Name::cast).map(|it| it.text());
            let table = context.table(&parent);
            let option = name.and_then(|name| table.as_ref()?.get(&name).cloned());
            match option {
                Some(option) if option.ty != Ty::Error => {
                    Expected { owner: context.own_package(), choice, ..of(option.ty) }
                }
                _ => Expected { choice, ..Expected::default() },
            }
        }
        ARM_PATTERN => {
            let knob = parent.ancestors().find_map(ast::Knob::cast);
            let name = knob.and_then(|it| it.name()).map(|it| it.text());
            let table = context.table(&parent);
            let option = name.and_then(|name| table.as_ref()?.get(&name).cloned());
            let ty = option.map(|it| element(&it.ty));
            Expected { ty, groups: true, owner: context.own_package(), ..Expected::default() }
        }
        BINARY => binary(context, node, &parent, depth),
        EXPR_ELEMENT | SPREAD_ELEMENT => {
            let Some(list) = parent.parent() else { return Expected::default() };
            if list.parent().is_some_and(|it| it.kind() == OVERLAYS) {
                return Expected { overlays: true, ..Expected::default() };
            }
            let mut outer = within(context, &list, depth);
            if parent.kind() == SPREAD_ELEMENT {
                outer.groups = true;
                outer.ty = outer.ty.map(|it| element(&it));
            } else {
                outer.ty = outer.ty.map(|it| element(&it));
            }
            outer
        }
        FOR_ELEMENT | WHEN_ELEMENT | ENTRY_ELEMENT => Expected::default(),
        PAREN => within(context, &parent, depth),
        PREFIX => Expected { condition: true, ..of(Ty::Bool) },
        IF => {
            let parent_if = ast::If::cast(parent.clone());
            let is_cond = parent_if.and_then(|it| it.cond()).is_some_and(|it| it.syntax() == node);
            if is_cond { of(Ty::Bool) } else { within(context, &parent, depth) }
        }
        MATCH_PATTERN => {
            let matched = parent.ancestors().find_map(ast::Match::cast).and_then(|it| it.expr());
            let ty = matched.and_then(|it| context.type_of(it.syntax()));
            Expected { ty, owner: context.own_package(), ..Expected::default() }
        }
        MATCH_ARM => match parent.parent() {
            Some(outer) => within(context, &outer, depth),
            None => Expected::default(),
        },
        CALL_ARG => argument(context, &parent, depth),
        RULE | WHEN_TAIL | WHEN | EXPORT_WHEN => Expected { condition: true, ..of(Ty::Bool) },
        VERSION_REQ => {
            let spec = parent.ancestors().find_map(|it| it.children().find_map(ast::Spec::cast));
            let package = spec.and_then(|it| it.path()).and_then(|it| it.name_refs().next());
            let versions_of = package.map(|it| it.text().into());
            Expected { versions_of, ..of(Ty::Version) }
        }
        STEP => of(Ty::Script),
        _ => Expected::default(),
    }
}

/// What stands in a collection of this type.
pub(super) fn element(ty: &Ty) -> Ty {
    match ty.without_opt() {
        Ty::Set(of) => Ty::Enum(of.clone()),
        Ty::List(of) | Ty::Map(of) => (**of).clone(),
        other => other.clone(),
    }
}

fn setting(context: &Context<'_>, setting: &SyntaxNode) -> Expected {
    let Some(node) = ast::Setting::cast(setting.clone()) else { return Expected::default() };
    let Some(path) = node.path().map(|it| names(&it)) else { return Expected::default() };
    let mut whole = context.prefix(setting);
    whole.extend(path.iter().cloned());
    if whole.first().is_some_and(|it| it == "providers") {
        return Expected { packages: true, ..Expected::default() };
    }
    if context.around(&[PKGS_WHERE]).is_some() {
        let name = context.around(&[PKGS_WHERE]).and_then(ast::PkgsWhere::cast);
        let is_feature =
            name.and_then(|it| it.kind_token()).is_none_or(|it| it.kind() == FEATURE_KW);
        let ty = is_feature.then_some(Ty::Bool);
        return Expected { ty, ..Expected::default() };
    }
    if !context.is_layer() && path == ["files"] && context.around(&[OUTPUT]).is_some() {
        return Expected { ty: Some(Ty::list(Ty::STRING)), ..Expected::default() };
    }
    let Some(target) = context.path_target(setting, &path) else { return Expected::default() };
    let ty = context.path_type(&target);
    let sign = match node.op_token().map(|it| it.kind()) {
        Some(PLUS_EQ) => "+=",
        Some(MINUS_EQ) => "-=",
        _ => "=",
    };
    let option = target.rest.first().cloned().unwrap_or_default();
    let kind = target.table.get(&option).map(|it| it.kind);
    let choice = kind.is_some_and(OptionKind::is_choice);
    let versions_of = (target.rest == ["version"]).then(|| target.owner.clone()).flatten();
    Expected {
        ty,
        versions_of,
        owner: target.owner,
        choice,
        setting: Some((option, sign)),
        ..Expected::default()
    }
}

fn spec_item(context: &Context<'_>, item: &SyntaxNode) -> Expected {
    let node = ast::SpecItem::cast(item.clone());
    let path = node.and_then(|it| it.path()).map(|it| names(&it)).unwrap_or_default();
    let package = match (&path[..], spec_package(item)) {
        ([inner, _], Some(package))
            if context.package(&package).is_none_or(|it| it.table.get(inner).is_none()) =>
        {
            inner.clone()
        }
        (_, Some(package)) => package,
        (_, None) => return Expected::default(),
    };
    let option = path.last().cloned().unwrap_or_default();
    let ty = context.package(&package).and_then(|it| it.table.get(&option).map(|it| it.ty.clone()));
    Expected { ty, owner: Some(package), ..Expected::default() }
}

/// The package of the spec that a node is in.
pub(super) fn spec_package(node: &SyntaxNode) -> Option<Name> {
    let spec = node.ancestors().find_map(ast::Spec::cast)?;
    Some(spec.path()?.name_refs().next()?.text().into())
}

fn binary(context: &Context<'_>, node: &SyntaxNode, parent: &SyntaxNode, depth: usize) -> Expected {
    let Some(binary) = ast::Binary::cast(parent.clone()) else { return Expected::default() };
    let lhs = binary.lhs();
    let is_lhs = lhs.as_ref().is_some_and(|it| it.syntax() == node);
    let outer = within(context, parent, depth);
    match binary.op() {
        Some(AMP | PIPE) => {
            Expected { ty: Some(Ty::Bool), condition: outer.condition, ..Expected::default() }
        }
        Some(PLUS | MINUS | STAR | PERCENT) => outer,
        Some(EQ_EQ | NEQ | LT | LE | GT | GE | HAS_KW | IN_KW) => {
            let condition = outer.condition;
            if is_lhs {
                return Expected { condition, ..Expected::default() };
            }
            let ty = lhs.as_ref().and_then(|it| side_type(context, it));
            let ty = match binary.op() {
                Some(HAS_KW) => ty.map(|it| element(&it)),
                _ => ty,
            };
            let is_version = lhs.is_some_and(|it| it.syntax().text() == "version");
            let versions_of = is_version.then(|| context.own_package()).flatten();
            let owner = context.own_package();
            Expected { ty, condition, versions_of, owner, ..Expected::default() }
        }
        _ => Expected::default(),
    }
}

/// The record that is made by a name in its own file.
pub(super) fn record_named<'e>(env: &'e Env, name: &str) -> Option<&'e RecordTy> {
    let found = env.module().type_names.iter().find(|it| it.ident.name == name)?;
    match found.kind {
        TypeNameKind::Record(id) => env.records.get(id.index()),
        TypeNameKind::Enum(_) | TypeNameKind::Alias(_) => None,
    }
}

/// The type of a side of an operator.
pub(super) fn side_type(context: &Context<'_>, side: &ast::Expr) -> Option<Ty> {
    if let Some(ty) = context.type_of(side.syntax()) {
        return Some(ty);
    }
    // The text without the marker may not even have the expression.
    let table = context.table(side.syntax());
    match side {
        ast::Expr::NameExpr(it) => {
            let name = it.name_ref()?.text();
            match name.as_str() {
                "version" => Some(Ty::Version),
                _ => table?.get(&name).map(|it| it.ty.clone()),
            }
        }
        ast::Expr::Member(it) => {
            let of = it.expr()?.syntax().text().to_string();
            let member = it.name_ref()?.text();
            global_member(context, of.trim(), &member)
        }
        _ => None,
    }
}

/// The type of `platform.cpu` and the like.
pub(super) fn global_member(context: &Context<'_>, object: &str, member: &str) -> Option<Ty> {
    let object = match object {
        "platform" | "machine" => Object::Platform,
        "toolchain" => Object::Toolchain,
        "facts" => Object::Facts,
        // `facts.cluster.fabric`
        _ => {
            let module = object.strip_prefix("facts.")?;
            let (_, table) = facts_of_module(context.db, module)?;
            return table.get(member).map(|it| it.ty.clone());
        }
    };
    global_table(context.db, object).get(member).map(|it| it.ty.clone())
}

fn argument(context: &Context<'_>, arg: &SyntaxNode, depth: usize) -> Expected {
    let call = arg.ancestors().find_map(ast::Call::cast);
    let Some(callee) = call.as_ref().and_then(|it| it.expr()) else { return Expected::default() };
    let name = callee.syntax().text().to_string();
    let name = name.trim();
    if name == "auto"
        && let Some(call) = &call
    {
        return within(context, call.syntax(), depth);
    }
    let env = &context.schema().env;
    let named = arg.children().find_map(ast::Name::cast).map(|it| it.text());
    if let (Some(record), Some(named)) = (record_named(env, name), &named) {
        let field = record.fields.iter().find(|it| it.name == *named);
        return Expected { ty: field.map(|it| it.ty.clone()), ..Expected::default() };
    }
    let (env, index) = match name.split_once('.') {
        None => match env.function(name) {
            Some(index) => (env.clone(), index),
            None => return Expected::default(),
        },
        Some((module, name)) => {
            let file = env.used(module).or_else(|| context.db.module(module));
            let Some(env) = file.map(|it| context.db.env(it)) else { return Expected::default() };
            match env.function(name) {
                Some(index) => (env, index),
                None => return Expected::default(),
            }
        }
    };
    let params = &env.functions[index].params;
    let at = arg.prev_siblings_of_kind();
    let param = match named {
        Some(name) => params.iter().find(|it| it.0 == name),
        None => params.get(at),
    };
    Expected { ty: param.map(|it| it.1.clone()), ..Expected::default() }
}

trait Siblings {
    /// How many nodes of the same kind stand before this one.
    fn prev_siblings_of_kind(&self) -> usize;
}

impl Siblings for SyntaxNode {
    fn prev_siblings_of_kind(&self) -> usize {
        let mut count = 0;
        let mut node = self.prev_sibling();
        while let Some(it) = node {
            count += usize::from(it.kind() == self.kind());
            node = it.prev_sibling();
        }
        count
    }
}
