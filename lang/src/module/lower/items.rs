//! Items: declarations, statements, blocks.

use super::children::{Has, Head, Many, Slot, split, token_slot};
use super::exprs::doc_of;
use super::{LowerErrorKind, Lowerer, Place, Within, head};
use crate::module::{
    Body, BodyId, Dep, Function, GuardId, GuardKind, Ident, IgnoreExports, Include, ModuleKind,
    OptionDecl, OptionKind, Param, Part, PartKind, Provides, Record, RecordField, Role, Rule,
    Setting, SettingOp, StepDecl, StepPlace, Stmt, StmtKind, TypeName, TypeNameKind, Use,
    VersionEntry, WantSpec,
};
use crate::syntax::Ref;
use crate::syntax::SyntaxKind::{self, *};
use crate::syntax::ast::{self, AstNode, Item};

impl Lowerer {
    pub(super) fn item(&mut self, item: &Item<Ref<'_>>, place: &Place) {
        if !self.allowed(item, place) {
            return;
        }
        match item {
            Item::Feature(it) => self.feature(it, place),
            Item::Knob(it) => self.knob(it, place),
            Item::Field(it) => self.field(it, place),
            Item::Let(it) => self.let_(it, place),
            Item::EnumDecl(it) => {
                let (head, attrs, name, body): (Head, _, _, _) = split(it);
                let (Some(name), Some(body)) = (name, body) else { return };
                let ident = self.name(&name);
                let attrs = self.attrs(attrs);
                let span = self.span(head.range(it));
                let id = self.enum_decl(Some(ident.clone()), head.doc(), attrs, &body, span);
                self.module.type_names.push(TypeName { ident, kind: TypeNameKind::Enum(id) });
            }
            Item::RecordDecl(it) => self.record(it),
            Item::TypeAlias(it) => {
                let Some(name) = it.name() else { return };
                let ident = self.name(&name);
                let ty = self.ty(it.type_());
                self.module.type_names.push(TypeName { ident, kind: TypeNameKind::Alias(ty) });
            }
            Item::Function(it) => self.function(it),
            Item::Versions(it) => self.versions(it, place),
            Item::Dep(it) => {
                let (role, spec, reqs, tails): (Option<Role>, _, _, _) = split(it);
                let Some(spec) = spec else { return };
                let dep = self.dep(role.unwrap_or(Role::Host), &spec, reqs, tails);
                self.stmt(StmtKind::Dep(Box::new(dep)), it, place);
            }
            Item::Provides(it) => self.provides(it, place),
            Item::Rule(it) => {
                let (Has::<{ REQUIRE_KW as u16 }>(require), [cond, when], is_when, texts) =
                    split(it);
                let Has::<{ WHEN_KW as u16 }>(is_when) = is_when;
                // The message is the last string; the condition itself may be one only by mistake.
                let message = Many::iter(texts).last().filter(|it: &ast::StringLit<_>| {
                    let cond: &Option<ast::Expr<_>> = &cond;
                    cond.as_ref().is_some_and(|cond| !cond.syntax().is(*it.syntax()))
                });
                let rule = Rule {
                    require,
                    cond: self.expr_or_missing(cond, it),
                    when: if is_when { self.opt_expr(when) } else { None },
                    message: self.message(message),
                };
                self.stmt(StmtKind::Rule(rule), it, place);
            }
            Item::Unavailable(it) => self.unavailable(it, place.prefix.first().cloned(), place),
            Item::Arg(it) => {
                let ([then, else_], Has::<{ ELSE_KW as u16 }>(is_else)) = split(it);
                let then = self.expr_or_missing(then, it);
                let else_ = if is_else { self.opt_expr(else_) } else { None };
                self.stmt(StmtKind::Arg { then, else_ }, it, place);
            }
            Item::Step(it) => self.step(it, place),
            Item::Steps(it) => {
                let Some(path) = it.path() else { return };
                let include = Include { is_steps: true, path: self.path(&path), when: None };
                self.stmt(StmtKind::Include(include), it, place);
                if let Some(block) = it.block() {
                    let word = head(it.range(), 5);
                    let steps = Ident { name: "steps".into(), span: self.span(word) };
                    self.amend_block(&block, vec![steps], place);
                }
            }
            Item::Include(it) => {
                let Some(path) = it.path() else { return };
                let path = self.path(&path);
                let when = it.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
                let include = Include { is_steps: false, path, when };
                self.stmt(StmtKind::Include(include), it, place);
            }
            Item::Use(it) => self.use_(it, place),
            Item::Mixin(it) => {
                self.part(PartKind::Mixin, it.name(), it.block(), it, place);
            }
            Item::Compile(it) => {
                self.part(PartKind::Compile, it.name(), it.block(), it, place);
            }
            Item::Preset(it) => {
                self.part(PartKind::Preset, it.name(), it.block(), it, place);
            }
            Item::Output(it) => self.output(it, place),
            Item::Test(it) => self.test(it, place),
            Item::Exports(it) => {
                let guard = match it.when_tail().and_then(|it| it.expr()) {
                    Some(when) => {
                        let when = self.expr(&when);
                        self.guard(place.guard, GuardKind::When(when))
                    }
                    None => place.guard,
                };
                if let Some(list) = it.export_list() {
                    self.exports(&list, guard, place);
                }
            }
            Item::IgnoreExports(it) => {
                let Some(name) = it.name_ref() else { return };
                let ignore = Box::new(IgnoreExports {
                    from: it.how_token().is_none_or(|it| it.kind() == FROM_KW),
                    package: self.name_ref(&name),
                    to: it.to().map(|it| self.name_ref(&it)),
                    when: it.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it)),
                });
                self.stmt(StmtKind::IgnoreExports(ignore), it, place);
            }
            Item::When(it) => self.when(it, place),
            Item::For(it) => {
                let (Some(name), Some(block)) = (it.name(), it.block()) else { return };
                let name = self.name(&name);
                let list = self.expr_or_missing(it.expr(), it);
                let guard = self.guard(place.guard, GuardKind::For { name, list });
                self.block(&block, &Place { guard, ..place.clone() });
            }
            Item::Want(it) => {
                let wants = it.want_specs().filter_map(|it| self.want(&it)).collect();
                self.stmt(StmtKind::Want(wants), it, place);
            }
            Item::Publish(it) => {
                let wants = it.want_specs().filter_map(|it| self.want(&it)).collect();
                self.stmt(StmtKind::Publish(wants), it, place);
            }
            Item::Overlays(it) => {
                let list = self.expr_or_missing(it.expr(), it);
                self.stmt(StmtKind::Overlays(list), it, place);
            }
            Item::Policy(it) => {
                let (spec, reqs, message) = split(it);
                let Some(spec): Option<ast::Spec<_>> = spec else { return };
                let policy = StmtKind::Policy {
                    spec: Box::new(self.spec(&spec)),
                    reqs: self.reqs(reqs).into_iter().collect(),
                    message: self.message(message),
                };
                self.stmt(policy, it, place);
            }
            Item::PkgsWhere(it) => self.pkgs_where(it, place),
            Item::Setting(it) => {
                if let Some(setting) = self.setting(it, place) {
                    self.stmt(StmtKind::Setting(setting), it, place);
                }
            }
            Item::Amend(it) => {
                let (path, Has::<{ QUESTION as u16 }>(is_lenient), unavailable, block) = split(it);
                let (path, unavailable): (_, Option<ast::Unavailable<_>>) = (path, unavailable);
                let Some(path) = path else { return };
                let path = Vec::from(self.path(&path));
                let lenient = place.lenient || is_lenient;
                let place = Place { lenient, ..place.clone() };
                if let Some(unavailable) = unavailable {
                    self.unavailable(&unavailable, path.into_iter().next(), &place);
                } else if let Some(block) = block {
                    self.amend_block(&block, path, &place);
                }
            }
            Item::SpecStmt(it) => self.spec_stmt(it, place),
            // An arm outside the block of a knob: the check of places has reported it.
            Item::Arm(_) => {}
        }
    }

    fn block(&mut self, block: &ast::Block<Ref<'_>>, place: &Place) {
        for item in block.items() {
            self.item(&item, place);
        }
    }

    /// A block whose settings begin with `path`.
    fn amend_block(&mut self, block: &ast::Block<Ref<'_>>, path: Vec<Ident>, place: &Place) {
        let mut prefix = place.prefix.clone();
        prefix.extend(path);
        self.block(block, &Place { prefix, within: Within::Amend, ..place.clone() });
    }

    fn stmt(&mut self, kind: StmtKind, node: &impl AstNode, place: &Place) {
        let span = self.span_of(node);
        self.module.bodies[place.body].stmts.push(Stmt { kind, guard: place.guard, span });
    }

    //------ options

    fn feature(&mut self, feature: &ast::Feature<Ref<'_>>, place: &Place) {
        let (head, attrs, name, default, tails, block) = split(feature);
        let (name, block): (Option<ast::Name<_>>, Option<ast::Block<_>>) = (name, block);
        let Some(name) = name else { return };
        let ident = self.name(&name);
        let default = self.opt_expr(default);
        let decl = self.option(OptionKind::Feature, &ident, feature, head, attrs, place);
        let decl = OptionDecl { default, ..self.tails(decl, tails) };
        self.module.bodies[place.body].options.push(decl);
        if let Some(block) = block {
            let guard = self.guard(place.guard, GuardKind::Feature(ident));
            self.block(&block, &Place { guard, ..place.clone() });
        }
    }

    fn knob(&mut self, knob: &ast::Knob<Ref<'_>>, place: &Place) {
        let (head, attrs, name, ty, default, tails, block) = split(knob);
        let (name, block): (Option<ast::Name<_>>, Option<ast::Block<_>>) = (name, block);
        let Some(name) = name else { return };
        let ident = self.name(&name);
        let ty = Some(self.ty(ty));
        let default = self.opt_expr(default);
        let decl = self.option(OptionKind::Knob, &ident, knob, head, attrs, place);
        let decl = OptionDecl { ty, default, ..self.tails(decl, tails) };
        self.module.bodies[place.body].options.push(decl);
        let Some(block) = block else { return };
        let mut named = Vec::new();
        for item in block.items() {
            let Item::Arm(arm) = &item else {
                let kind = LowerErrorKind::NotHere {
                    item: describe(&item),
                    place: "in the block of a knob".to_owned(),
                    belongs: "behind a value, as in `openssl => host openssl`",
                };
                self.error(kind, item.range());
                continue;
            };
            let (patterns, Has::<{ ELSE_KW as u16 }>(is_else), block, item) = split(arm);
            let guard = if is_else {
                let patterns = named.iter().copied().collect();
                self.guard(place.guard, GuardKind::ElseArm { knob: ident.clone(), patterns })
            } else {
                let patterns = self.each(patterns, |it, pattern: ast::ArmPattern<_>| {
                    Some(it.expr_or_missing(pattern.expr(), &pattern))
                });
                named.extend(patterns.iter().copied());
                self.guard(place.guard, GuardKind::Arm { knob: ident.clone(), patterns })
            };
            let inner = Place { guard, ..place.clone() };
            if let Some(block) = block {
                self.block(&block, &inner);
            } else if let Some(item) = item {
                self.item(&item, &inner);
            }
        }
    }

    fn field(&mut self, field: &ast::Field<Ref<'_>>, place: &Place) {
        let (head, attrs, name, ty, default) = split(field);
        let Some(name): Option<ast::Name<_>> = name else { return };
        let ident = self.name(&name);
        let ty = Some(self.ty(ty));
        let default = self.opt_expr(default);
        let decl = self.option(OptionKind::Field, &ident, field, head, attrs, place);
        self.module.bodies[place.body].options.push(OptionDecl { ty, default, ..decl });
    }

    fn let_(&mut self, let_: &ast::Let<Ref<'_>>, place: &Place) {
        let (head, attrs, name, ty, value) = split(let_);
        let Some(name): Option<ast::Name<_>> = name else { return };
        let ident = self.name(&name);
        let ty: Option<ast::Type<_>> = ty;
        let ty = ty.map(|it| self.ty(Some(it)));
        let default = Some(self.expr_or_missing(value, let_));
        let decl = self.option(OptionKind::Let, &ident, let_, head, attrs, place);
        self.module.bodies[place.body].options.push(OptionDecl { ty, default, ..decl });
    }

    fn option<'a>(
        &mut self,
        kind: OptionKind,
        ident: &Ident,
        node: &impl AstNode<Node = Ref<'a>>,
        head: Head,
        attrs: Many<'a, ast::Attr<Ref<'a>>>,
        place: &Place,
    ) -> OptionDecl {
        let range = head.range(node);
        OptionDecl {
            kind,
            ident: ident.clone(),
            ty: None,
            default: None,
            join: None,
            when: None,
            split: false,
            sticky: false,
            guard: place.guard,
            doc: head.doc(),
            attrs: self.attrs(attrs),
            span: self.span(range),
        }
    }

    fn tails<'a>(
        &mut self,
        mut decl: OptionDecl,
        tails: Many<'a, ast::Tail<Ref<'a>>>,
    ) -> OptionDecl {
        for tail in tails.iter() {
            match tail {
                ast::Tail::JoinTail(it) => {
                    decl.join = it.name_ref().map(|it| Box::new(self.name_ref(&it)))
                }
                ast::Tail::WhenTail(it) => decl.when = self.opt_expr(it.expr()),
                ast::Tail::SplitTail(_) => decl.split = true,
                ast::Tail::StickyTail(_) => decl.sticky = true,
            }
        }
        decl
    }

    fn record(&mut self, record: &ast::RecordDecl<Ref<'_>>) {
        let Some(name) = record.name() else { return };
        let ident = self.name(&name);
        let mut fields = Vec::new();
        for field in record.record_body().into_iter().flat_map(|it| it.fields()) {
            let Some(name) = field.name() else { continue };
            fields.push(RecordField {
                ident: self.name(&name),
                ty: self.ty(field.type_()),
                default: self.opt_expr(field.expr()),
                doc: doc_of(&field),
            });
        }
        let id =
            self.module.records.alloc(Record { ident: ident.clone(), doc: doc_of(record), fields });
        self.module.type_names.push(TypeName { ident, kind: TypeNameKind::Record(id) });
    }

    fn function(&mut self, function: &ast::Function<Ref<'_>>) {
        let Some(name) = function.name() else { return };
        let ident = self.name(&name);
        let mut params = Vec::new();
        for param in function.param_list().into_iter().flat_map(|it| it.params()) {
            let Some(name) = param.name() else { continue };
            params.push(Param {
                ident: self.name(&name),
                ty: self.ty(param.type_()),
                default: self.opt_expr(param.expr()),
            });
        }
        let result = self.ty(function.type_());
        let body = self.expr_or_missing(function.expr(), function);
        self.module.functions.alloc(Function {
            ident,
            params,
            result,
            body,
            doc: doc_of(function),
        });
    }

    fn step(&mut self, step: &ast::Step<Ref<'_>>, place: &Place) {
        let (head, name, at, target, script): (Head, _, _, _, _) = split(step);
        let (name, target): (Option<ast::Name<_>>, Option<ast::NameRef<_>>) = (name, target);
        let Some(name) = name else { return };
        let ident = self.name(&name);
        let at = match (at, target) {
            (Some(at), Some(name)) => Some((at, self.name_ref(&name))),
            _ => None,
        };
        let script = self.expr_or_missing(script, step);
        let decl = StepDecl { ident, place: at, script, guard: place.guard, doc: head.doc() };
        self.module.bodies[place.body].steps.push(decl);
    }

    fn versions(&mut self, versions: &ast::Versions<Ref<'_>>, place: &Place) {
        for entry in versions.version_entries() {
            let (head, attrs, literal, name, string, block): (Head, _, _, _, _, _) = split(&entry);
            let literal: Option<ast::Literal<_>> = literal;
            let attrs = self.attrs(attrs);
            let version = match (literal, name, string) {
                (Some(literal), ..) => self.ident(literal.value_token(), *literal.syntax()),
                (None, Some(name), _) => self.name_ref(&name),
                (None, None, Some(string)) => self.string_name(&string),
                (None, None, None) => continue,
            };
            let mut settings = Vec::new();
            let block: Option<ast::Block<_>> = block;
            for item in block.into_iter().flat_map(|it| it.items()) {
                if let Item::Setting(it) = &item {
                    settings.extend(self.setting(it, place));
                } else {
                    let kind = LowerErrorKind::NotHere {
                        item: describe(&item),
                        place: "in the block of a version".to_owned(),
                        belongs: "in `when version == … { }`",
                    };
                    self.error(kind, item.range());
                }
            }
            let entry = VersionEntry { version, settings, doc: head.doc(), attrs };
            self.module.bodies[place.body].versions.push(entry);
        }
    }

    //------ dependencies and exports

    fn dep<'a>(
        &mut self,
        role: Role,
        spec: &ast::Spec<Ref<'a>>,
        reqs: Many<'a, ast::Req<Ref<'a>>>,
        tails: Many<'a, ast::DepTail<Ref<'a>>>,
    ) -> Dep {
        let mut dep = Dep {
            role,
            spec: self.spec(spec),
            reqs: self.reqs(reqs),
            exact: false,
            alias: None,
            when: None,
        };
        for tail in tails.iter() {
            match tail {
                ast::DepTail::ExactTail(_) => dep.exact = true,
                ast::DepTail::AsTail(it) => {
                    dep.alias = it.name().map(|it| Box::new(self.name(&it)))
                }
                ast::DepTail::WhenTail(it) => dep.when = self.opt_expr(it.expr()),
            }
        }
        dep
    }

    fn provides(&mut self, provides: &ast::Provides<Ref<'_>>, place: &Place) {
        // `NameRef Req*` again and again: requirements belong to the name before them.
        let mut interfaces: Vec<(Ident, Vec<crate::module::Req>)> = Vec::new();
        for child in provides.syntax().nodes() {
            if let Some(name) = ast::NameRef::cast(child) {
                interfaces.push((self.name_ref(&name), Vec::new()));
            } else if let (Some(req), Some(last)) = (ast::Req::cast(child), interfaces.last_mut()) {
                last.1.extend(self.req(&req));
            }
        }
        let when = provides.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
        let interfaces = interfaces.into_iter().map(|it| (it.0, it.1.into())).collect();
        let provides_ = Provides { interfaces, when };
        self.stmt(StmtKind::Provides(Box::new(provides_)), provides, place);
    }

    fn exports(&mut self, list: &ast::ExportList<Ref<'_>>, guard: Option<GuardId>, place: &Place) {
        for export in list.exports() {
            let (key, spec, reqs, tails) = split(&export);
            let (Some(key), Some(spec)) = (key, spec) else { continue };
            let key = self.name_ref(&key);
            let dep = self.dep(Role::Host, &spec, reqs, tails);
            let kind = StmtKind::Export { key: Box::new(key), dep: Box::new(dep) };
            self.stmt(kind, &export, &Place { guard, ..place.clone() });
        }
        for when in list.export_whens() {
            let cond = self.expr_or_missing(when.expr(), &when);
            let guard = self.guard(guard, GuardKind::When(cond));
            if let Some(list) = when.export_list() {
                self.exports(&list, guard, place);
            }
        }
    }

    fn want(&mut self, want: &ast::WantSpec<Ref<'_>>) -> Option<WantSpec> {
        let (spec, reqs, tail): (Option<ast::Spec<_>>, _, _) = split(want);
        Some(WantSpec { spec: self.spec(&spec?), reqs: self.reqs(reqs), alias: self.alias(tail) })
    }

    pub(super) fn lone_want(&mut self, want: &ast::WantSpec<Ref<'_>>, place: &Place) {
        if let Some(lowered) = self.want(want) {
            self.stmt(StmtKind::Want(vec![lowered]), want, place);
        }
    }

    fn unavailable(
        &mut self,
        node: &ast::Unavailable<Ref<'_>>,
        package: Option<Ident>,
        place: &Place,
    ) {
        let when = node.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
        let message = self.message(node.message());
        let lenient = place.lenient;
        let package = package.map(Box::new);
        self.stmt(StmtKind::Unavailable { package, when, message, lenient }, node, place);
    }

    //------ parts

    fn part<'a>(
        &mut self,
        kind: PartKind,
        name: Option<ast::Name<Ref<'_>>>,
        block: Option<ast::Block<Ref<'_>>>,
        node: &impl AstNode<Node = Ref<'a>>,
        place: &Place,
    ) -> Option<BodyId> {
        let ident = self.name(&name?);
        let (head, attrs): (Head, _) = split(node);
        let attrs = self.attrs(attrs);
        let body = self.module.bodies.alloc(Body::default());
        if let Some(block) = block {
            let within = match kind {
                PartKind::Mixin => Within::Mixin,
                PartKind::Preset => Within::Preset,
                PartKind::Compile => Within::Compile,
                PartKind::Output => Within::Output,
                PartKind::Test => Within::Test,
            };
            let inner = Place { body, guard: None, prefix: Vec::new(), lenient: false, within };
            self.block(&block, &inner);
        }
        let part = Part {
            kind,
            ident,
            of: None,
            when: None,
            guard: place.guard,
            value: None,
            body,
            doc: head.doc(),
            attrs,
        };
        self.module.bodies[place.body].parts.push(part);
        Some(body)
    }

    fn output(&mut self, output: &ast::Output<Ref<'_>>, place: &Place) {
        let of = output.name_ref().map(|it| self.name_ref(&it));
        let when = output.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
        let (name, block) = (output.name(), output.block());
        if self.part(PartKind::Output, name, block, output, place).is_some()
            && let Some(part) = self.module.bodies[place.body].parts.last_mut()
        {
            part.of = of;
            part.when = when;
        }
    }

    fn test(&mut self, test: &ast::Test<Ref<'_>>, place: &Place) {
        let Some(title) = test.string_lit() else { return };
        let ident = self.string_name(&title);
        let of = test.name_ref().map(|it| self.name_ref(&it));
        // The title is a string, and so an expression too: the value is the one behind it.
        let value = test.eq_token().and_then(|_| {
            let value = test.syntax().nodes().filter_map(ast::Expr::cast).nth(1)?;
            Some(self.expr(&value))
        });
        let when = test.when_tail().and_then(|it| it.expr()).map(|it| self.expr(&it));
        let attrs = self.attrs(split(test));
        let body = self.module.bodies.alloc(Body::default());
        if let Some(block) = test.block() {
            let inner = Place {
                body,
                guard: None,
                prefix: Vec::new(),
                lenient: false,
                within: Within::Test,
            };
            self.block(&block, &inner);
        }
        let part = Part {
            kind: PartKind::Test,
            ident,
            of,
            when,
            guard: place.guard,
            value,
            body,
            doc: doc_of(test),
            attrs,
        };
        self.module.bodies[place.body].parts.push(part);
    }

    //------ groups and settings

    fn when(&mut self, when: &ast::When<Ref<'_>>, place: &Place) {
        let (cond, block, else_) = split(when);
        let (block, else_): (Option<ast::Block<_>>, Option<ast::ElseBlock<_>>) = (block, else_);
        let cond = self.expr_or_missing(cond, when);
        if let Some(block) = block {
            let guard = self.guard(place.guard, GuardKind::When(cond));
            self.block(&block, &Place { guard, ..place.clone() });
        }
        if let Some(block) = else_.and_then(|it| it.block()) {
            let guard = self.guard(place.guard, GuardKind::Unless(cond));
            self.block(&block, &Place { guard, ..place.clone() });
        }
    }

    fn use_(&mut self, use_: &ast::Use<Ref<'_>>, place: &Place) {
        let (target, is_path) = match (use_.string_lit(), use_.path()) {
            (Some(string), _) => (self.string_name(&string), true),
            (None, Some(path)) => {
                let name = path.text().into();
                (Ident { name, span: self.span_of(&path) }, false)
            }
            (None, None) => return,
        };
        let kind = StmtKind::Use(Box::new(Use {
            target,
            is_path,
            alias: use_.name().map(|it| self.name(&it)),
            from: use_.name_ref().map(|it| self.name_ref(&it)),
        }));
        self.stmt(kind, use_, place);
    }

    fn pkgs_where(&mut self, pkgs: &ast::PkgsWhere<Ref<'_>>, place: &Place) {
        let Some(option) = pkgs.name_ref() else { return };
        let option = Box::new(self.name_ref(&option));
        let kind = match pkgs.kind_token().map(|it| it.kind()) {
            Some(KNOB_KW) => OptionKind::Knob,
            _ => OptionKind::Feature,
        };
        let inner = Place { prefix: Vec::new(), within: Within::PkgsWhere, ..place.clone() };
        let mut settings = Vec::new();
        for item in pkgs.block().into_iter().flat_map(|it| it.items()) {
            if let (true, Item::Setting(it)) = (self.allowed(&item, &inner), &item) {
                settings.extend(self.setting(it, &inner));
            }
        }
        let settings = settings.into_iter().collect();
        self.stmt(StmtKind::PkgsWhere { option, kind, settings }, pkgs, place);
    }

    fn setting(&mut self, setting: &ast::Setting<Ref<'_>>, place: &Place) -> Option<Setting> {
        let (path, op, value): (Option<ast::Path<_>>, Option<_>, _) = split(setting);
        let mut path = self.path(&path?);
        if !place.prefix.is_empty() {
            path = place.prefix.iter().cloned().chain(path).collect();
        }
        let op = op?;
        let value = self.expr_or_missing(value, setting);
        let span = self.span_of(setting);
        let (guard, lenient) = (place.guard, place.lenient);
        Some(Setting { path, op, value, guard, lenient, span })
    }

    /// `curl[http2, ~ldap]` in a project: settings of curl.
    fn spec_stmt(&mut self, stmt: &ast::SpecStmt<Ref<'_>>, place: &Place) {
        let Some(spec) = stmt.spec() else { return };
        let Some(items) = spec.spec_items() else { return };
        let mut prefix = place.prefix.clone();
        if let Some(path) = spec.path() {
            prefix.extend(self.path(&path));
        }
        for item in items.spec_items() {
            let (Has::<{ TILDE as u16 }>(is_off), path, op, value) = split(&item);
            let Some(path): Option<ast::Path<_>> = path else { continue };
            let mut whole = prefix.clone();
            whole.extend(self.path(&path));
            let (op, value) = match op {
                Some(op) => (op, self.expr_or_missing(value, &item)),
                None => {
                    let word = if is_off { "off" } else { "on" };
                    let value = crate::module::Expr::Name(word.into());
                    (SettingOp::Set, self.alloc(value, item.range()))
                }
            };
            let span = self.span_of(&item);
            let setting = Setting {
                path: whole.into(),
                op,
                value,
                guard: place.guard,
                lenient: place.lenient,
                span,
            };
            self.stmt(StmtKind::Setting(setting), &item, place);
        }
    }

    //------ what may stand where

    /// Whether `item` may stand in `place`; reports it if not.
    fn allowed(&mut self, item: &Item<Ref<'_>>, place: &Place) -> bool {
        let kind = self.module.kind;
        let in_loop = declares_once(item) && self.is_in_loop(place.guard);
        let again =
            || ("in a `for`".to_owned(), "outside of it: each round would declare it again");
        let found = misplaced(item, place, kind).or_else(|| in_loop.then(again));
        let Some((place_words, belongs)) = found else { return true };
        let error = LowerErrorKind::NotHere { item: describe(item), place: place_words, belongs };
        // The first line is enough to see which item is meant.
        let range = item.range();
        let text = item.syntax().text();
        let skipped = usize::from(range.start() - item.syntax().text_range().start());
        let line = text[skipped..].lines().next().unwrap_or("").trim_end().len() as u32;
        self.error(error, head(range, line.max(1)));
        false
    }

    /// Whether a guard, or one around it, is a loop.
    fn is_in_loop(&self, guard: Option<GuardId>) -> bool {
        let around = |id: &GuardId| self.module.guards[*id].parent;
        std::iter::successors(guard, around)
            .any(|it| matches!(self.module.guards[it].kind, GuardKind::For { .. }))
    }
}

token_slot! {
    Role:
    BUILD_KW => Build,
    HOST_KW => Host,
    RUN_KW => Run,
    TEST_KW => Test,
    EXTENDS_KW => Extends,
}

token_slot! {
    StepPlace:
    BEFORE_KW => Before,
    AFTER_KW => After,
}

/// Whether an item gives a meaning to a name, which it can have only once.
fn declares_once(item: &Item<Ref<'_>>) -> bool {
    matches!(
        item,
        Item::Feature(_)
            | Item::Knob(_)
            | Item::Field(_)
            | Item::EnumDecl(_)
            | Item::RecordDecl(_)
            | Item::TypeAlias(_)
            | Item::Function(_)
            | Item::Let(_)
            | Item::Versions(_)
            | Item::Step(_)
            | Item::Mixin(_)
            | Item::Compile(_)
            | Item::Output(_)
            | Item::Preset(_)
            | Item::Test(_)
    )
}

/// Says where `item` stands and where it belongs, if it may not stand there.
fn misplaced(
    item: &Item<Ref<'_>>,
    place: &Place,
    kind: Option<ModuleKind>,
) -> Option<(String, &'static str)> {
    let kind = kind?;
    let layer = matches!(kind, ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project);
    let declares = matches!(kind, ModuleKind::Recipe) || place.within == Within::Mixin;
    let file = |belongs| Some((format!("in {} {kind}", article(kind)), belongs));
    match place.within {
        Within::PkgsWhere | Within::Preset | Within::Compile | Within::Amend => {
            let settings_only = "holds settings such as `drivers += mlx5`";
            let ok = matches!(
                item,
                Item::Setting(_) | Item::When(_) | Item::Amend(_) | Item::SpecStmt(_)
            ) || place.within == Within::Amend && matches!(item, Item::Unavailable(_));
            if ok {
                return None;
            }
            let words = match place.within {
                Within::PkgsWhere => "in `pkgs where`, which",
                Within::Preset => "in a preset, which",
                Within::Compile => "in a `compile` block, which",
                _ => "in a block that changes something else, which",
            };
            return Some((format!("{words} {settings_only}"), "at the top of a recipe"));
        }
        Within::Test => {
            let ok = matches!(item, Item::Dep(_) | Item::Setting(_) | Item::When(_));
            return (!ok).then(|| ("in a test".to_owned(), "at the top of a recipe"));
        }
        Within::Output => {
            let ok = matches!(
                item,
                Item::Dep(_)
                    | Item::Setting(_)
                    | Item::When(_)
                    | Item::Exports(_)
                    | Item::Provides(_)
                    | Item::IgnoreExports(_)
            );
            return (!ok).then(|| ("in an output".to_owned(), "at the top of a recipe"));
        }
        Within::File | Within::Mixin => {}
    }
    match item {
        Item::Arm(_) => Some((
            "outside the block of a knob".to_owned(),
            "in the block of the knob whose values it names",
        )),
        Item::Feature(_)
        | Item::Knob(_)
        | Item::Field(_)
        | Item::Dep(_)
        | Item::Provides(_)
        | Item::Rule(_)
        | Item::Arg(_)
        | Item::Step(_)
        | Item::Steps(_)
        | Item::Exports(_)
        | Item::IgnoreExports(_)
        | Item::Test(_) => {
            if declares {
                None
            } else {
                file("in a recipe or a mixin")
            }
        }
        Item::Versions(_) | Item::Compile(_) | Item::Output(_) | Item::Preset(_) => {
            if kind == ModuleKind::Recipe && place.within == Within::File {
                None
            } else {
                file("at the top of a recipe")
            }
        }
        Item::Mixin(_) => {
            let ok = matches!(kind, ModuleKind::Module | ModuleKind::Recipe)
                && place.within == Within::File;
            if ok { None } else { file("at the top of a module") }
        }
        Item::EnumDecl(_) | Item::RecordDecl(_) | Item::TypeAlias(_) | Item::Function(_) => {
            if layer { file("in a module or a recipe") } else { None }
        }
        Item::Want(_) | Item::Publish(_) | Item::Policy(_) | Item::Overlays(_) => {
            let ok = kind == ModuleKind::Project
                || kind == ModuleKind::Recipe && matches!(item, Item::Publish(_));
            if ok { None } else { file("in a project") }
        }
        Item::PkgsWhere(_) => {
            if matches!(kind, ModuleKind::Project | ModuleKind::Overlay) {
                None
            } else {
                file("in an overlay or a project")
            }
        }
        Item::SpecStmt(_) => {
            if matches!(kind, ModuleKind::Project | ModuleKind::Overlay) {
                None
            } else {
                file("in a project, or behind `host`, `build` or `run`")
            }
        }
        Item::Setting(_) | Item::Amend(_) => {
            let ok = layer || declares;
            if ok { None } else { file("in a recipe, an override, an overlay or a project") }
        }
        Item::Unavailable(_) => {
            if layer || declares {
                None
            } else {
                file("in a recipe or an overlay")
            }
        }
        Item::Include(_) | Item::Use(_) | Item::When(_) | Item::For(_) | Item::Let(_) => None,
    }
}

fn article(kind: ModuleKind) -> &'static str {
    match kind {
        ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Interface => "an",
        ModuleKind::Recipe | ModuleKind::Project | ModuleKind::Module => "a",
    }
}

/// What an item is, in words.
fn describe(item: &Item<Ref<'_>>) -> &'static str {
    match item {
        Item::Feature(_) => "a feature",
        Item::Knob(_) => "a knob",
        Item::Field(_) => "a field",
        Item::EnumDecl(_) => "an enum",
        Item::RecordDecl(_) => "a record",
        Item::TypeAlias(_) => "a type",
        Item::Function(_) => "a function",
        Item::Let(_) => "a `let`",
        Item::Versions(_) => "`versions`",
        Item::Dep(_) => "a dependency",
        Item::Provides(_) => "`provides`",
        Item::Rule(_) => "a rule",
        Item::Unavailable(_) => "`unavailable`",
        Item::Arg(_) => "`arg`",
        Item::Step(_) => "a step",
        Item::Steps(_) => "`steps`",
        Item::Include(_) => "`include`",
        Item::Use(_) => "`use`",
        Item::Mixin(_) => "a mixin",
        Item::Compile(_) => "`compile`",
        Item::Output(_) => "an output",
        Item::Exports(_) => "`exports`",
        Item::IgnoreExports(_) => "`ignore exports`",
        Item::Test(_) => "a test",
        Item::Preset(_) => "a preset",
        Item::When(_) => "`when`",
        Item::For(_) => "`for`",
        Item::Want(_) => "`want`",
        Item::Overlays(_) => "`overlays`",
        Item::Policy(_) => "`policy`",
        Item::Publish(_) => "`publish`",
        Item::PkgsWhere(_) => "`pkgs where`",
        Item::Setting(_) => "a setting",
        Item::Amend(_) => "a block of settings",
        Item::SpecStmt(_) => "a spec",
        Item::Arm(_) => "an arm",
    }
}
