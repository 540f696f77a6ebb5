//! What is said of the word at a position.

use text_size::TextRange;

use super::describe::describe;
use super::keywords::keyword_doc;
use super::occurrences::occurrence_at;
use super::{Facts, FilePosition};
use crate::database::Database;
use crate::syntax::SyntaxKind;

/// What is said of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hover {
    /// The word.
    pub range: TextRange,
    /// What is said, as Markdown.
    pub markdown: String,
}

/// Returns what is said of the word at a position.
#[must_use]
pub fn hover(db: &Database, position: FilePosition, facts: &dyn Facts) -> Option<Hover> {
    let position = position.in_text(db);
    if let Some(occurrence) = occurrence_at(db, position) {
        let markdown = describe(db, &occurrence.symbol, occurrence.owner.as_ref(), facts)?;
        return Some(Hover { range: occurrence.range, markdown });
    }
    let root = db.parse(position.file).syntax();
    let token = root.token_at_offset(position.offset).find(|it| is_keyword(it.kind()))?;
    let (example, doc) = keyword_doc(token.text())?;
    let markdown = format!("```kiln\n{example}\n```\n\n{doc}");
    Some(Hover { range: token.text_range(), markdown })
}

/// Whether a token is a word of the grammar.
pub(super) fn is_keyword(kind: SyntaxKind) -> bool {
    (SyntaxKind::AFTER_KW..=SyntaxKind::WITH_KW).contains(&kind)
}

#[cfg(test)]
mod tests {
    use super::super::effective::{Effective, Origin};
    use super::super::fixture::Fixture;
    use super::super::{Facts, NoFacts};
    use super::*;
    use expect_test::{Expect, expect};

    fn check_with(text: &str, facts: &dyn Facts, expected: Expect) {
        let fixture = Fixture::new(text);
        let shown = match hover(&fixture.db, fixture.position(), facts) {
            None => "nothing\n".to_owned(),
            Some(hover) => {
                let word = fixture.show_text(fixture.cursor.file, hover.range);
                format!("<{word}>\n{}\n", hover.markdown)
            }
        };
        expected.assert_eq(&shown);
    }

    fn check(text: &str, expected: Expect) {
        check_with(text, &NoFacts, expected);
    }

    const RECIPE: &str = "
//- /recipes/dpdk.kiln
//! Packet processing.
recipe dpdk
versions {
    24.11 { }
    23.11 { }
}
enum Driver {
    /// NVIDIA ConnectX-4 and later.
    mlx5 = \"net/mlx5\"
    ice
    group nvidia { mlx5 }
}
/// What is built.
knob drivers: Set<Driver> = {ice} {
    mlx5 => host rdma-core >= 50
}
/// Ports at most.
@renamed(from = ports, since = 20.05)
knob max_ethports: Int(1..=65536) = 32 join max
feature pcap = off { host rdma-core; arg \"-Dpcap\" else \"\" }
host rdma-core when drivers has mlx5 & pcap
//- /recipes/rdma-core.kiln
recipe rdma-core
version = 50
";

    #[test]
    fn an_option_with_its_type_range_documentation_and_history() {
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\nmax_eth$0ports = 64\n"),
            expect![[r#"
                <max_ethports>
                ```kiln
                knob max_ethports: Int(1..=65536) = 32 join max
                ```

                Ports at most.

                called `ports` before until 20.05
            "#]],
        );
    }

    #[test]
    fn what_features_and_values_bring() {
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\npc$0ap = on\n"),
            expect![[r#"
                <pcap>
                ```kiln
                feature pcap = off
                ```

                brings
                - `host rdma-core`
                - `arg "-Dpcap" else ""`
                - `host rdma-core when drivers has mlx5 & pcap`
            "#]],
        );
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\ndrivers += ml$0x5\n"),
            expect![[r#"
                <mlx5>
                ```kiln
                mlx5: Driver = "net/mlx5"
                ```

                NVIDIA ConnectX-4 and later.

                in group `nvidia`

                brings
                - `host rdma-core >= 50`
                - `host rdma-core when drivers has mlx5 & pcap`
            "#]],
        );
    }

    #[test]
    fn of_a_knob_each_value_brings_its_own() {
        check(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\ndri$0vers += mlx5\n"),
            expect![[r#"
                <drivers>
                ```kiln
                knob drivers: Set<Driver> = {ice}
                ```

                What is built.

                2 values

                brings
                - `mlx5 => host rdma-core >= 50`
                - `host rdma-core when drivers has mlx5 & pcap`
            "#]],
        );
    }

    struct Known;

    impl Facts for Known {
        fn option(&self, package: &str, option: &str) -> Option<Effective> {
            assert_eq!((package, option), ("dpdk", "max_ethports"));
            let origin = |says: &str, by: &str, place: &str, text: &str, overruled| Origin {
                says: says.into(),
                by: by.into(),
                place: place.into(),
                text: text.into(),
                overruled,
            };
            Some(Effective {
                value: "64".into(),
                chain: vec![
                    origin("64", "override dpdk", "my.kiln:2", "max_ethports = 64", false),
                    origin("32", "default", "dpdk.kiln:16", "32", true),
                ],
                of: "my.kiln".into(),
                stale: true,
            })
        }

        fn element(&self, _: &str, _: &str, _: &str) -> Option<Effective> {
            None
        }

        fn version(&self, _: &str) -> Option<Effective> {
            None
        }
    }

    #[test]
    fn an_effective_value_says_where_it_comes_from_and_that_it_is_old() {
        check_with(
            &format!("{RECIPE}//- /my.kiln\noverride dpdk\nmax_eth$0ports = 64\n"),
            &Known,
            expect![[r#"
                <max_ethports>
                ```kiln
                knob max_ethports: Int(1..=65536) = 32 join max
                ```

                Ports at most.

                called `ports` before until 20.05

                **`64`** in my.kiln, before the last edits
                - `64` override dpdk (my.kiln:2): `max_ethports = 64`
                - `32` default (dpdk.kiln:16) *(overruled)*
            "#]],
        );
    }

    #[test]
    fn packages_keywords_and_the_language() {
        check(
            &format!("{RECIPE}//- /project.kiln\nproject\nwant dp$0dk\n"),
            expect![[r#"
                <dpdk>
                ```kiln
                recipe dpdk
                ```

                Packet processing.

                versions: 24.11, 23.11

                options: `drivers`, `max_ethports`, `pcap`

                declared in `/recipes/dpdk.kiln`
            "#]],
        );
        check(
            "//- /project.kiln\nproject\nwa$0nt curl\n",
            expect![[r#"
                <want>
                ```kiln
                want curl[http2], git
                ```

                Names the packages that the project builds.
            "#]],
        );
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nsource = fet$0ch(\"x\")\n",
            expect![[r#"
                <fetch>
                ```kiln
                fetch(url…, sha256 = String, blake3 = String, unpack = Bool, root = String, executables = List<String>): Source
                ```

                A download. The first place that gives bytes with this hash serves; `unpack = off` keeps one file, `root` takes a folder of the archive.
            "#]],
        );
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nlet tw$0o = [1, 2]\n",
            expect![[r#"
                <two>
                ```kiln
                let two: List<Int> = [1, 2]
                ```
            "#]],
        );
        check("//- /a.kiln\nproject\n// wh$0en\n", expect!["nothing\n"]);
    }

    #[test]
    fn a_pattern_says_which_packages_it_is_about() {
        let pattern = "//- /recipes/vpp.kiln\nrecipe vpp\nversion = 1\nfeature pcap = on\n//- /site.kiln\noverlay site\n";
        check(
            &format!("{RECIPE}{pattern}pkgs where has feature pc$0ap {{ pcap = off }}\n"),
            expect![[r#"
                <pcap>
                ```kiln
                feature pcap
                ```

                of `dpdk`, `vpp`
            "#]],
        );
        check(
            &format!("{RECIPE}{pattern}pkgs where has feature lto {{ l$0to = off }}\n"),
            expect![[r#"
                <lto>
                ```kiln
                feature lto
                ```

                no package has it
            "#]],
        );
    }

    #[test]
    fn facts_say_what_they_are() {
        let module = "//- /recipes/cluster.kiln\nmodule cluster\nenum Fabric { ethernet, infiniband }\nmixin facts {\n    /// How machines are connected.\n    knob fabric: Fabric\n}\n";
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nrequire facts.ker$0nel >= 5 \"new\"\n",
            expect![[r#"
                <kernel>
                ```kiln
                knob kernel: Version
                ```

                The version of the kernel.
            "#]],
        );
        check(
            &format!(
                "{module}//- /recipes/a.kiln\nrecipe a\nversion = 1\nrequire facts.cluster.fab$0ric == ethernet \"slow\"\n"
            ),
            expect![[r#"
                <fabric>
                ```kiln
                knob fabric: Fabric
                ```

                How machines are connected.
            "#]],
        );
        check(
            &format!("{module}//- /project.kiln\nproject\nfacts.cluster.fab$0ric = infiniband\n"),
            expect![[r#"
                <fabric>
                ```kiln
                knob fabric: Fabric
                ```

                How machines are connected.

                2 values

                declared in `/recipes/cluster.kiln`
            "#]],
        );
        check(
            "//- /project.kiln\nproject\nfac$0ts.kernel = 5.4\n",
            expect![[r#"
            <facts>
            ```kiln
            facts
            ```

            What is given of the machine that the package is for: `facts.isa`, `facts.gpus`, …
        "#]],
        );
    }
}
