//! Where something is declared.

use super::occurrences::occurrence_at;
use super::{FilePosition, Symbol, Target};
use crate::database::Database;
use crate::types::Ty;

/// Returns where the word at a position is declared; the range of the word comes first. What stands
/// for the options of several packages is declared in each of them.
#[must_use]
pub fn definition(
    db: &Database,
    position: FilePosition,
) -> Option<(text_size::TextRange, Vec<Target>)> {
    let position = position.in_text(db);
    let occurrence = occurrence_at(db, position)?;
    let targets: Vec<Target> = match &occurrence.symbol {
        of_all @ Symbol::OptionOfAll(..) => {
            let mut targets = Vec::new();
            for (_, option) in of_all.options_of_all(db) {
                targets.extend(target(db, &option).filter(|it| !targets.contains(it)));
            }
            targets
        }
        symbol => vec![target(db, symbol)?],
    };
    Some((occurrence.range, targets))
}

/// Returns where the type of the word at a position is declared.
#[must_use]
pub fn type_definition(
    db: &Database,
    position: FilePosition,
) -> Option<(text_size::TextRange, Vec<Target>)> {
    let position = position.in_text(db);
    let occurrence = occurrence_at(db, position)?;
    let symbol = match &occurrence.symbol {
        Symbol::Option(at, index) => {
            let schema = db.schema(at.file);
            let lowered = db.lowered(at.file);
            let decl = lowered.module.bodies.values().get(at.body.index())?;
            let decl = decl.options.get(*index as usize)?;
            let ty = match decl.ty {
                Some(ty) => schema.env.types[ty.index()].clone(),
                None => db.checked(at.file).types[decl.default?.index()].clone(),
            };
            type_symbol(db, &ty)?
        }
        Symbol::Value(file, id, _) | Symbol::Group(file, id, _) => {
            named_enum(db, *file, id.index())?
        }
        _ => return None,
    };
    Some((occurrence.range, vec![target(db, &symbol)?]))
}

/// The place that a symbol leads to.
pub(super) fn target(db: &Database, symbol: &Symbol) -> Option<Target> {
    let declaration = symbol.declaration(db)?;
    Some(Target {
        file: declaration.file,
        whole: declaration.whole.cover(declaration.name_range),
        name: declaration.name_range,
    })
}

/// The name of a type that a file declares.
fn type_symbol(db: &Database, ty: &Ty) -> Option<Symbol> {
    match ty {
        Ty::Enum(it) | Ty::Set(it) => named_enum(db, it.file, it.id.index()),
        Ty::List(of) | Ty::Map(of) | Ty::Opt(of) => type_symbol(db, of),
        Ty::Record(it) => {
            let lowered = db.lowered(it.file);
            let at = lowered.module.type_names.iter().position(
                |name| matches!(name.kind, crate::module::TypeNameKind::Record(id) if id == it.id),
            )?;
            Some(Symbol::Type(it.file, at as u32))
        }
        _ => None,
    }
}

fn named_enum(db: &Database, file: crate::database::FileId, index: usize) -> Option<Symbol> {
    let lowered = db.lowered(file);
    let at = lowered.module.type_names.iter().position(
        |name| matches!(name.kind, crate::module::TypeNameKind::Enum(id) if id.index() == index),
    )?;
    Some(Symbol::Type(file, at as u32))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let mut out = String::new();
        match definition(&fixture.db, fixture.position()) {
            None => out.push_str("nothing\n"),
            Some((from, targets)) => {
                out.push_str(&format!("{}\n", fixture.show_text(fixture.cursor.file, from)));
                for target in targets {
                    out.push_str(&format!("  {}\n", fixture.show(target.file, target.name)));
                }
            }
        }
        expected.assert_eq(&out);
    }

    const RECIPE: &str = "
//- /recipes/dpdk.kiln
recipe dpdk
version = 24.11
use tools
enum Driver { mlx5, ice; group nvidia { mlx5 } }
knob drivers: Set<Driver> = {ice} { mlx5 => host zlib }
feature pcap = off
preset small { drivers = {ice} }
let two = 2
//- /recipes/zlib.kiln
recipe zlib
version = 1.3
feature shared = off
//- /recipes/tools.kiln
module tools
mixin tools { field flags: List<String> = []; step build = sh\"make\" }
fn twice(text: String): String = \"\\(text)\\(text)\"
";

    fn with(text: &str) -> String {
        format!("{RECIPE}{text}")
    }

    #[test]
    fn options_and_values_of_an_override() {
        check(
            &with("//- /my.kiln\noverride dpdk\ndri$0vers += mlx5\n"),
            expect![[r#"
                drivers
                  /recipes/dpdk.kiln:5 `drivers`
            "#]],
        );
        check(
            &with("//- /my.kiln\noverride dpdk\ndrivers += ml$0x5\n"),
            expect![[r#"
                mlx5
                  /recipes/dpdk.kiln:4 `mlx5`
            "#]],
        );
        check(
            &with("//- /my.kiln\noverride dpdk\ndrivers -= {..nvid$0ia}\n"),
            expect![[r#"
                nvidia
                  /recipes/dpdk.kiln:4 `nvidia`
            "#]],
        );
        check(
            &with("//- /my.kiln\noverride d$0pdk\n"),
            expect![[r#"
                dpdk
                  /recipes/dpdk.kiln:1 `dpdk`
            "#]],
        );
    }

    #[test]
    fn specs_and_presets_of_a_project() {
        check(
            &with("//- /project.kiln\nproject\nwant dpdk[ml$0x5]\n"),
            expect![[r#"
                mlx5
                  /recipes/dpdk.kiln:4 `mlx5`
            "#]],
        );
        check(
            &with("//- /project.kiln\nproject\ninclude dpdk.sm$0all\n"),
            expect![[r#"
                small
                  /recipes/dpdk.kiln:7 `small`
            "#]],
        );
        check(
            &with("//- /project.kiln\nproject\nwant zlib[shar$0ed], dpdk\n"),
            expect![[r#"
                shared
                  /recipes/zlib.kiln:3 `shared`
            "#]],
        );
        check(
            &with("//- /project.kiln\nproject\ntoolchain.li$0nk = static\n"),
            expect![[r#"
                link
                  builtin:toolchain.kiln:42 `link`
            "#]],
        );
    }

    #[test]
    fn modules_functions_steps_and_names_of_loops() {
        let recipe = "//- /recipes/a.kiln\nrecipe a\nversion = 1\nuse tools\nsteps tools\n";
        check(
            &with(&format!("{recipe}homepage = tools.twi$0ce(\"a\")\n")),
            expect![[r#"
                twice
                  /recipes/tools.kiln:3 `twice`
            "#]],
        );
        check(
            &with(&format!("{recipe}homepage = to$0ols.twice(\"a\")\n")),
            expect![[r#"
                tools
                  /recipes/tools.kiln:1 `tools`
            "#]],
        );
        check(
            &with(&format!("{recipe}steps.bui$0ld = sh\"true\"\n")),
            expect![[r#"
                build
                  /recipes/tools.kiln:2 `build`
            "#]],
        );
        check(
            &with(&format!("{recipe}flags = [\"a\"].map((x) -> \"\\($0x)\")\n")),
            expect![[r#"
                x
                  /recipes/a.kiln:5 `x`
            "#]],
        );
        check(
            &with(&format!("{recipe}host zlib as z\nargs = [\"\\(dep.z$0)\"]\n")),
            expect![[r#"
                z
                  /recipes/a.kiln:5 `z`
            "#]],
        );
        check(
            "//- /a.kiln\nmodule a\nfn f(n: Int): Int = $0n + 1\n",
            expect![[r#"
                n
                  /a.kiln:2 `n`
            "#]],
        );
    }

    #[test]
    fn a_pattern_leads_to_the_options_of_all_packages() {
        let second = "//- /recipes/vpp.kiln\nrecipe vpp\nversion = 1\nfeature pcap = on\n";
        let layer = "//- /site.kiln\noverlay site\npkgs where has feature pc$0ap { pcap = off }\n";
        check(
            &format!("{RECIPE}{second}{layer}"),
            expect![[r#"
            pcap
              /recipes/dpdk.kiln:6 `pcap`
              /recipes/vpp.kiln:3 `pcap`
        "#]],
        );
    }

    #[test]
    fn places_without_a_word_lead_nowhere() {
        check("//- /a.kiln\nrecipe a\nversion = 1 $0 // c\n", expect!["nothing\n"]);
        check("//- /a.kiln\n$0", expect!["nothing\n"]);
        check("//- /a.kiln\noverride zli$0b\n", expect!["nothing\n"]);
    }
}
