//! The words of the grammar, and what is said of them.

/// Returns what a keyword means, with an example in the first line.
pub(super) fn keyword_doc(word: &str) -> Option<(&'static str, &'static str)> {
    KEYWORDS.iter().find(|it| it.0 == word).map(|it| (it.1, it.2))
}

/// Every keyword: the word, an example, and what it does.
pub(super) const KEYWORDS: &[(&str, &str, &str)] = &[
    (
        "recipe",
        "recipe curl",
        "Says that the file describes the package of this name, which is that of the file.",
    ),
    ("override", "override curl", "Says that the file changes settings of one package."),
    (
        "overlay",
        "overlay musl_static",
        "Says that the file changes settings of many packages, and has a name that projects list.",
    ),
    (
        "project",
        "project",
        "Says that the file names what is wanted, and the layers that it is built with.",
    ),
    (
        "module",
        "module autotools",
        "Says that the file has types, functions and mixins for recipes.",
    ),
    (
        "interface",
        "interface mpi",
        "Says that the file names something that several packages can provide.",
    ),
    (
        "feature",
        "feature http2 = on { host nghttp2 }",
        "Declares something that is on or off. What stands in its block holds only if it is on.",
    ),
    (
        "knob",
        "knob tls: enum { openssl, none } = openssl { openssl => host openssl }",
        "Declares a choice: an enum, a set, a number, a text. Arms in its block hold for the values that they name.",
    ),
    (
        "field",
        "field configure: String = \"./configure\"",
        "Declares a value that overrides can change, but that neither dependents nor conditions can ask for.",
    ),
    (
        "let",
        "let short = version.up_to(2)",
        "Gives a value a name in this file. It cannot be overridden.",
    ),
    ("enum", "enum Driver { mlx5, ice }", "Declares a type by its values."),
    (
        "group",
        "group nvidia { mlx4, mlx5 }",
        "Names a part of an enum: `..nvidia` stands for its values.",
    ),
    ("record", "record Server { field host: String }", "Declares a type with named fields."),
    ("type", "type Port = Int(1..=65535)", "Gives a type a name."),
    ("fn", "fn twice(x: Int): Int = x * 2", "Declares a function."),
    (
        "versions",
        "versions { 8.18.0 { sha256 = \"…\" } }",
        "Lists the versions that the recipe can build, newest first.",
    ),
    ("build", "build pkgconf", "Needs a package that runs on the machine that builds."),
    (
        "host",
        "host zlib >= 1.2 when compression",
        "Needs a package that is linked into this one, or has headers for it.",
    ),
    ("run", "run ca-certificates", "Needs a package wherever this one is used."),
    (
        "test",
        "test \"shows its version\" = sh\"curl --version\"",
        "Declares a test, or needs a package for tests.",
    ),
    ("extends", "extends python", "Needs a package in which this one is a plug-in."),
    (
        "provides",
        "provides mpi == 3.1",
        "Says that the package can stand where an interface is needed.",
    ),
    (
        "require",
        "require shared | static \"at least one kind of library\"",
        "A condition that must hold, and why.",
    ),
    (
        "conflict",
        "conflict http3 & tls != openssl \"HTTP/3 needs OpenSSL\"",
        "A condition that must not hold, and why.",
    ),
    (
        "unavailable",
        "unavailable when platform.os == windows \"needs a Unix\"",
        "Says where the package does not work, and why.",
    ),
    (
        "arg",
        "arg \"--with-ssl\" else \"--without-ssl\"",
        "Adds an argument of the build system if what it stands under holds, and another one if it does not.",
    ),
    ("step", "step check after build = sh\"make check\"", "Declares a step of the build."),
    ("steps", "steps autotools", "Takes the steps of a build system."),
    ("include", "include unix", "Takes what a mixin or preset has."),
    (
        "use",
        "use unix",
        "Makes a module's types and functions known here; in a project, names a folder of recipes.",
    ),
    (
        "mixin",
        "mixin autotools { … }",
        "Declares options, steps and settings that recipes take by `include` or `steps`.",
    ),
    (
        "compile",
        "compile shared_build { libs = {shared} }",
        "Declares one compilation, with some options pinned.",
    ),
    (
        "output",
        "output libcurl from shared_build { files = [\"lib/**\"] }",
        "Declares a part of what is installed as a result of its own.",
    ),
    ("exports", "exports { host_to_run libcurl }", "What packages get that depend on this one."),
    ("ignore", "ignore exports from zlib", "Does not take what a dependency exports."),
    (
        "preset",
        "preset minimal { drivers = {virtio} }",
        "Names settings that layers can take by `include`.",
    ),
    (
        "when",
        "when platform.os == linux { … }",
        "What stands in the block, or before it, holds only under this condition.",
    ),
    ("for", "for x in [\"a\", \"b\"] { host \"py-\\(x)\" }", "Repeats the block for each value."),
    ("want", "want curl[http2], git", "Names the packages that the project builds."),
    (
        "overlays",
        "overlays [musl_static, \"./site.kiln\"]",
        "Lists the overlays that the project is built with, lowest first.",
    ),
    (
        "policy",
        "policy openssl[fips] \"site rule 12\"",
        "Demands something of a package that no layer can overrule.",
    ),
    ("publish", "publish curl[static]", "Names what is built for caches."),
    (
        "pkgs",
        "pkgs where has feature lto { lto = on }",
        "Sets an option of every package that has it.",
    ),
    ("if", "if version >= 2 then \"a\" else \"b\"", "One of two values."),
    ("then", "if version >= 2 then \"a\" else \"b\"", "One of two values."),
    ("else", "if version >= 2 then \"a\" else \"b\"", "What holds otherwise."),
    (
        "match",
        "match tls { openssl => \"a\", none => \"b\" }",
        "One value for each value of an enum.",
    ),
    (
        "has",
        "drivers has mlx5",
        "Whether a value is in a set; `has any` and `has all` ask for several.",
    ),
    ("in", "x in {a, b}", "Whether a value is one of several."),
    ("with", "with hdf5[mpi] >= 1.10", "Whether another package is there, and is so."),
    (
        "join",
        "knob max_ports: Int = 32 join max",
        "How the needs of several dependents become one value: `max`, `min`, `or`, `union`, `agree`.",
    ),
    (
        "split",
        "knob libs: Set<enum { shared, static }> = {shared} split",
        "Each compilation pins the option; the recipe's value says which outputs there are.",
    ),
    ("sticky", "knob cxxstd: Int = 17 sticky", "Only an explicit need changes the default."),
    ("exact", "run libcurl exact", "Of the very version of this package."),
    ("as", "host openssl as ssl", "Gives something another name here."),
    (
        "where",
        "Int(1..=64 where it % 2 == 0 else \"must be even\")",
        "A condition on the final value, and what to say where it does not hold.",
    ),
];

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;

    /// What the examples speak of, beside [`PACKAGES`].
    const FILES: &str = "
//- /recipes/autotools.kiln
module autotools
mixin autotools { step build = sh\"make\" }
//- /recipes/unix.kiln
module unix
mixin unix { }
//- /recipes/mpi.kiln
interface mpi
//- /recipes/hdf5.kiln
recipe hdf5
version = 1.14
feature mpi = off
//- /recipes/openssl.kiln
recipe openssl
version = 3.5
feature fips = off
//- /recipes/curl.kiln
recipe curl
version = 8.18
feature http2 = on
feature static = off
//- /recipes/musl_static.kiln
overlay musl_static
//- /site.kiln
overlay site
";

    const PACKAGES: &[&str] = &[
        "ca-certificates",
        "git",
        "libcurl",
        "nghttp2",
        "pkgconf",
        "py-a",
        "py-b",
        "python",
        "zlib",
    ];

    /// What stands in a recipe before the example of a word.
    fn before(word: &str) -> &'static str {
        match word {
            "host" => "feature compression = off\n",
            "require" => "feature shared = on\nfeature static = off\n",
            "conflict" => "feature http3 = off\nknob tls: enum { openssl, none } = none\n",
            "arg" => "feature ssl = off {",
            "step" => "step build = sh\"make\"\n",
            "compile" => "knob libs: Set<enum { shared, static }> = {shared} split\n",
            "output" => {
                "knob libs: Set<enum { shared, static }> = {shared} split\ncompile shared_build { libs = {shared} }\n"
            }
            "exports" | "exact" => "host libcurl\n",
            "ignore" => "host zlib\n",
            "preset" => "knob drivers: Set<enum { virtio, ice }> = {ice}\n",
            "group" => "enum Driver { mlx4, mlx5",
            "match" => "knob tls: enum { openssl, none } = none\nlet chosen: String =",
            "if" | "then" | "else" => "let chosen: String =",
            "has" => "knob drivers: Set<enum { mlx5, ice }> = {ice}\nlet chosen: Bool =",
            "in" => "knob x: enum { a, b } = a\nlet chosen: Bool =",
            "with" => "host hdf5\nrequire",
            "where" => "knob number: ",
            _ => "",
        }
    }

    /// What stands behind it.
    fn behind(word: &str) -> &'static str {
        match word {
            "arg" | "group" => "}",
            "with" => "\"why\"",
            "where" => " = 2",
            _ => "",
        }
    }

    /// A file in which the example of a word stands.
    fn around(word: &str, example: &str) -> (&'static str, String) {
        match word {
            "recipe" => ("/recipes/curl.kiln", format!("{example}\nversion = 1\n")),
            "override" => ("/my.kiln", example.to_owned()),
            "overlay" => ("/recipes/musl_static.kiln", example.to_owned()),
            "project" => ("/project.kiln", example.to_owned()),
            "module" => ("/recipes/autotools.kiln", example.to_owned()),
            "interface" => ("/recipes/mpi.kiln", example.to_owned()),
            "want" | "overlays" | "policy" | "pkgs" | "publish" => {
                ("/project.kiln", format!("project\n{example}\n"))
            }
            _ => {
                let begin = "recipe app\nversion = 2\nshell = [\"sh\"]";
                let (before, behind) = (before(word), behind(word));
                ("/recipes/app.kiln", format!("{begin}\n{before} {example} {behind}\n"))
            }
        }
    }

    #[test]
    fn the_example_of_every_keyword_is_without_mistakes() {
        let mut wrong = Vec::new();
        for (word, example, _) in KEYWORDS {
            let whole = example.replace("{ … }", "{ }").replace('…', &"0".repeat(64));
            let (path, text) = around(word, &whole);
            let mut files: String = FILES
                .split_inclusive("//- ")
                .filter(|it| !it.starts_with(&format!("{path}\n")))
                .collect();
            for package in PACKAGES {
                files.push_str(&format!(
                    "\n//- /recipes/{package}.kiln\nrecipe {package}\nversion = 9\n"
                ));
            }
            let fixture = Fixture::new(&format!("{files}//- {path}\n{text}$0"));
            for diagnostic in fixture.db.diagnostics(fixture.cursor.file) {
                wrong.push(format!("{example}: {}", diagnostic.message));
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
