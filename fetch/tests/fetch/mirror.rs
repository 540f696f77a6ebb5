//! Mirrors of machines that are set up in one way or another. Every machine is a temporary folder.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use expect_test::{Expect, expect};
use kiln_fetch::{Machine, MirrorConfig, Mirrors, WebFetcher};
use kiln_store::{Cancel, FetchHash, Unpack};

use crate::server::{Reply, Server};
use crate::web::{Client, explained, sha256, simplified};

/// A machine, with the user's configuration of Kiln.
struct Setup {
    root: tempfile::TempDir,
    variables: BTreeMap<String, String>,
    config: MirrorConfig,
}

impl Setup {
    fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let variables = [("HOME", "/home/me"), ("PATH", "/usr/bin")];
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Setup { root, variables, config: MirrorConfig::default() }
    }

    fn file(self, path: &str, text: &str) -> Self {
        let path = self.root.path().join(&path[1..]);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
        self
    }

    /// A program that counts how often it is run.
    fn program(self, name: &str, script: &str) -> Self {
        let path = format!("/usr/bin/{name}");
        let count = self.root.path().join(format!("{name}.runs")).display().to_string();
        let setup = self.file(&path, &format!("#!/bin/sh\necho \"$@\" >> {count}\n{script}"));
        let real = setup.root.path().join(&path[1..]);
        std::fs::set_permissions(real, std::fs::Permissions::from_mode(0o755)).unwrap();
        setup
    }

    fn variable(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn base(mut self, name: &str, base: &str) -> Self {
        self.config.bases.entry(name.to_owned()).or_default().push(base.to_owned());
        self
    }

    fn mirrors(&self) -> Mirrors {
        Mirrors::new(self.config.clone(), Machine::at(self.root.path(), self.variables.clone()))
    }

    /// The lines that a program was run with.
    fn runs(&self, name: &str) -> Vec<String> {
        let text = std::fs::read_to_string(self.root.path().join(format!("{name}.runs")));
        text.unwrap_or_default().lines().map(str::to_owned).collect()
    }

    #[track_caller]
    fn describe(&self, name: &str, expected: Expect) {
        let cancel = Cancel::new().unwrap();
        let text = self.mirrors().describe(name, &cancel).unwrap().to_string();
        expected.assert_eq(&text);
    }

    /// Fetches something that is `content`, and returns what came of it as text.
    fn fetch(&self, url: &str) -> String {
        self.fetch_by(&self.fetcher(), url, sha256(b"content"))
    }

    fn fetcher(&self) -> WebFetcher {
        WebFetcher::new(self.mirrors(), Client::new().options)
    }

    fn fetch_by(&self, fetcher: &WebFetcher, url: &str, hash: FetchHash) -> String {
        let client = Client::new();
        let unpack = Unpack::File { executable: false };
        let text = explained(&client.fetch_by(fetcher, hash, &[url.to_owned()], unpack));
        text.replace(&self.root.path().display().to_string(), "")
    }
}

/// A server with these files, each `content`.
fn serving(paths: &[&str]) -> Server {
    let paths: Vec<String> = paths.iter().map(|it| (*it).to_owned()).collect();
    Server::start(move |request| {
        if paths.contains(&request.path) {
            Reply::ok(b"content")
        } else {
            Reply::status("404 Not Found")
        }
    })
}

const SOURCES: &str = "\
# A comment.
Types: deb deb-src
URIs: http://one.example/debian
 http://two.example/debian/
Suites: bookworm bookworm-updates
# A comment inside.
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

types: deb
uris: http://one.example/debian-security
suites: bookworm-security
components: main

Enabled: no
Types: deb
URIs: http://disabled.example/debian
Suites: bookworm
Components: main

Types: deb
URIs: https://deb.company.example/tools
Suites: nodistro
Components: main
";

#[test]
fn debian_is_where_apt_gets_it_from() {
    let setup = Setup::new()
        .file("/etc/apt/sources.list.d/debian.sources", SOURCES)
        .file(
            "/etc/apt/sources.list",
            "deb http://old.example/debian bullseye main contrib # comment\n\
             # deb http://commented.example/debian bullseye main\n\
             deb-src [arch=amd64 signed-by=/x.gpg] http://user:secret@src.example/debian/ sid main\n\
             deb http://old.example/debian-security bullseye-security main\n\
             deb http://old.example/updates stretch/updates main\n\
             deb cdrom:[Debian]/ bookworm main\n\
             debug http://no.example/debian bookworm main\n\
             deb http://flat.example/debian ./\n\
             deb https://download.example/linux/debian bookworm stable\n\
             deb https://cloud.example/apt cloud-sdk-bookworm main\n",
        )
        .file("/etc/apt/sources.list.d/backup.list.save", "deb http://save.example/debian sid main\n")
        .file("/etc/apt/sources.list.d/odd.sources", "URIs\n:\n continued\n\n\nTypes: deb\n");
    setup.describe("debian", expect![[r#"
        mirror://debian/
          http://old.example/debian (from /etc/apt/sources.list:1)
          http://src.example/debian/ (from /etc/apt/sources.list:3)
          http://one.example/debian (from /etc/apt/sources.list.d/debian.sources:3)
          http://two.example/debian/ (from /etc/apt/sources.list.d/debian.sources:3)
          http://old.example/debian-security (from /etc/apt/sources.list:4)
          http://one.example/debian-security (from /etc/apt/sources.list.d/debian.sources:11)
          note: the source `cdrom:[Debian]/` of apt (/etc/apt/sources.list:6) is left out: `cdrom:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can
    "#]]);
}

#[test]
fn a_debian_release_of_the_future_is_known_by_the_machine_itself() {
    let future = "deb http://one.example/debian zurg main\n";
    Setup::new()
        .file("/etc/apt/sources.list", future)
        .file("/etc/os-release", "ID=debian\nVERSION_CODENAME=\"zurg\"\n")
        .describe(
            "debian",
            expect![[r#"
            mirror://debian/
              http://one.example/debian (from /etc/apt/sources.list:1)
        "#]],
        );
    Setup::new()
        .file("/etc/apt/sources.list", future)
        .file("/etc/os-release", "ID=other\nVERSION_CODENAME=zurg\n")
        .describe("debian", expect![[r#"
            mirror://debian/ has no base; set KILN_MIRROR_DEBIAN or `mirrors.debian` in config.toml to a base of your own
              note: none of apt's sources is an archive of Debian
        "#]]);
    Setup::new().describe("debian", expect![[r#"
        mirror://debian/ has no base; set KILN_MIRROR_DEBIAN or `mirrors.debian` in config.toml to a base of your own
          note: apt has no sources (/etc/apt/sources.list, /etc/apt/sources.list.d)
    "#]]);
}

#[test]
fn a_file_of_debian_is_looked_for_in_main_and_security_archives() {
    let server = serving(&["/debian-security/pool/updates/main/o/openssl/openssl_3.0.orig.tar.gz"]);
    let sources = format!(
        "deb {} bookworm main\ndeb {} bookworm-security main\n",
        server.url("debian"),
        server.url("debian-security/")
    );
    let setup = Setup::new().file("/etc/apt/sources.list", &sources);
    let url = "mirror://debian/pool/main/o/openssl/openssl_3.0.orig.tar.gz";
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/debian-security/pool/updates/main/o/openssl/openssl_3.0.orig.tar.gz
    "#]].assert_eq(&setup.fetch(url));
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/debian/pool/main/n/none/none_1+b1%2b.tar: it answered 404: it is not there
          http://127.0.0.1:PORT/debian-security/pool/updates/main/n/none/none_1+b1%2b.tar: it answered 404: it is not there
        help: set KILN_MIRROR_DEBIAN or `mirrors.debian` in config.toml to a base of your own
    "#]].assert_eq(&setup.fetch("mirror://debian/pool/main/n/none/none_1+b1%2b.tar"));
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/debian/dists/x: it answered 404: it is not there
          http://127.0.0.1:PORT/debian-security/: a security archive has nothing but `pool/…`
        help: set KILN_MIRROR_DEBIAN or `mirrors.debian` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://debian/dists/x"));
    let asked: Vec<_> = server.requests().into_iter().map(|it| it.path).collect();
    expect![[r#"
        [
            "/debian/pool/main/o/openssl/openssl_3.0.orig.tar.gz",
            "/debian-security/pool/updates/main/o/openssl/openssl_3.0.orig.tar.gz",
            "/debian/pool/main/n/none/none_1+b1%2b.tar",
            "/debian-security/pool/updates/main/n/none/none_1+b1%2b.tar",
            "/debian/dists/x",
        ]
    "#]]
    .assert_debug_eq(&asked);
    // The user's own bases come first.
    let own = serving(&["/mine/pool/main/o/openssl/openssl_3.0.orig.tar.gz"]);
    let setup = setup.base("debian", "gopher://x/").base("debian", &own.url("mine"));
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/mine/pool/main/o/openssl/openssl_3.0.orig.tar.gz
    "#]]
    .assert_eq(&setup.fetch(url));
    let setup = setup.base("debian", &own.url("my-security"));
    let cancel = Cancel::new().unwrap();
    let report = setup.mirrors().describe("debian", &cancel).unwrap();
    expect![[r#"
        mirror://debian/
          http://127.0.0.1:PORT/mine (from Kiln's configuration)
          http://127.0.0.1:PORT/my-security (from Kiln's configuration)
          http://127.0.0.1:PORT/debian (from /etc/apt/sources.list:1)
          http://127.0.0.1:PORT/debian-security/ (from /etc/apt/sources.list:2)
          note: the base `gopher://x/` of Kiln's configuration is left out: `gopher:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can
    "#]].assert_eq(&simplified(&report.to_string()));
}

#[test]
fn python_projects_are_where_pip_looks() {
    let pip = "[global]\nindex-url = https://global.example/simple\n";
    Setup::new()
        .file("/etc/pip.conf", pip)
        .file(
            "/home/me/.config/pip/pip.conf",
            "; comment\n[global]\ntimeout=60\nextra-index-url =\n  https://a.example/simple\n  \
             https://u:secret@b.example/simple/\n[search]\nindex-url = https://no.example/\n\
             [install]\nindex_url: https://user.example/simple\n",
        )
        .describe(
            "pypi",
            expect![[r#"
            mirror://pypi/
              https://user.example/simple (from /home/me/.config/pip/pip.conf:10)
              https://a.example/simple (from /home/me/.config/pip/pip.conf:4)
              https://b.example/simple/ (from /home/me/.config/pip/pip.conf:4)
        "#]],
        );
    Setup::new()
        .file("/etc/pip.conf", pip)
        .variable("PIP_INDEX_URL", "https://variable.example/simple")
        .variable("PIP_EXTRA_INDEX_URL", "https://c.example/simple ssh://d.example")
        .describe("pypi", expect![[r#"
            mirror://pypi/
              https://variable.example/simple (from the variable PIP_INDEX_URL)
              https://c.example/simple (from the variable PIP_EXTRA_INDEX_URL)
              note: the index `ssh://d.example` of pip (the variable PIP_EXTRA_INDEX_URL) is left out: `ssh:` cannot be fetched; `https:`, `http:`, `file:` and `mirror:` can
        "#]]);
    Setup::new()
        .file("/etc/pip.conf", pip)
        .file("/venv/pip.conf", "[global]\nindex-url = https://venv.example/simple\n")
        .variable("VIRTUAL_ENV", "/venv")
        .describe(
            "pypi",
            expect![[r#"
            mirror://pypi/
              https://venv.example/simple (from /venv/pip.conf:2)
        "#]],
        );
    Setup::new()
        .file("/etc/pip.conf", pip)
        .variable("PIP_CONFIG_FILE", "/dev/null")
        .describe("pypi", expect![[r#"
            mirror://pypi/ has no base; set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
              note: pip names no index, and cannot be asked: there is no `python3` in PATH
        "#]]);
    Setup::new()
        .file("/etc/pip.conf", pip)
        .file("/my.conf", "[global]\nindex-url = https://my.example/simple\n")
        .variable("PIP_CONFIG_FILE", "/my.conf")
        .describe(
            "pypi",
            expect![[r#"
            mirror://pypi/
              https://my.example/simple (from /my.conf:2)
        "#]],
        );
}

const HELP: &str = r#"cat <<'END'
Package Index Options:
  -i, --index-url <url>       Base URL of the index (default https://default.example/simple). This
                              should point to a repository.
  --extra-index-url <url>     Extra URLs (default https://other.example).
END
"#;

#[test]
fn pip_is_asked_only_if_nobody_names_an_index_and_only_once() {
    let setup = Setup::new().program("python3", HELP);
    setup.describe(
        "pypi",
        expect![[r#"
        mirror://pypi/
          https://default.example/simple (from the answer of `python3 -m pip install --help`)
    "#]],
    );
    let mirrors = setup.mirrors();
    let cancel = Cancel::new().unwrap();
    mirrors.describe("pypi", &cancel).unwrap();
    mirrors.describe("pypi", &cancel).unwrap();
    expect![[r#"
        [
            "-m pip --disable-pip-version-check install --help",
            "-m pip --disable-pip-version-check install --help",
        ]
    "#]]
    .assert_debug_eq(&setup.runs("python3"));
    let setup = Setup::new().program("python3", HELP).base("pypi", "https://own.example/simple");
    setup.describe(
        "pypi",
        expect![[r#"
        mirror://pypi/
          https://own.example/simple (from Kiln's configuration)
    "#]],
    );
    assert_eq!(setup.runs("python3").len(), 0);
    Setup::new().describe("pypi", expect![[r#"
        mirror://pypi/ has no base; set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
          note: pip names no index, and cannot be asked: there is no `python3` in PATH
    "#]]);
    Setup::new()
        .program("python3", "echo No module named pip >&2\nexit 1\n")
        .describe("pypi", expect![[r#"
            mirror://pypi/ has no base; set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
              note: pip names no index, and cannot be asked: `python3` failed (exit status: 1): No module named pip
        "#]]);
    // What it says is no longer what it said.
    let help = "echo '  -i, --index-url <url>  Base URL'\necho '  --other (default 3)'\n";
    Setup::new().program("python3", help).describe(
        "pypi",
        expect![[r#"
        mirror://pypi/
          what pip downloads (from the answer of `python3 -m pip install --dry-run --report -`)
    "#]],
    );
}

/// A server with an index whose file lies at an address that nobody can guess.
fn index(as_json: bool) -> Server {
    Server::start(move |request| match request.path.as_str() {
        "/simple/my-project/" if as_json => Reply::ok(
            br#"{"meta": {}, "name": "my-project", "files": [
                {"filename": "my_project-1.0.tar.gz", "url": "x", "hashes": {}},
                {"filename": "my_project-1.1.tar.gz", "url": "../../files/7a/my_project-1.1.tar.gz",
                 "hashes": {"sha256": "00"}}
            ]}"#,
        )
        .header("Content-Type", "application/vnd.pypi.simple.v1+json"),
        "/simple/my-project/" => Reply::ok(
            br#"<!DOCTYPE html><html><body><h1>Links</h1><abbr href="no">no</abbr>
                <a href="x">my_project-1.0.tar.gz</a><br/>
                <A data-x="1" HREF='../../files/7a/my_project-1.1.tar.gz?a=1&amp;b=2#sha256=00'>
                my_project-1.1.tar.gz</A></body></html>"#,
        )
        .header("Content-Type", "text/html; charset=UTF-8"),
        "/files/7a/my_project-1.1.tar.gz" | "/files/7a/my_project-1.1.tar.gz?a=1&b=2" => {
            Reply::ok(b"content")
        }
        _ => Reply::status("404 Not Found"),
    })
}

#[test]
fn a_python_file_is_found_by_its_name_in_either_form_of_an_index() {
    for (as_json, expected) in [
        (
            true,
            expect![[r#"
        7 bytes from http://127.0.0.1:PORT/files/7a/my_project-1.1.tar.gz
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/simple: its index does not list the file `my_project-2.0.tar.gz`
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]],
        ),
        (
            false,
            expect![[r#"
        7 bytes from http://127.0.0.1:PORT/files/7a/my_project-1.1.tar.gz?a=1&b=2
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/simple: its index does not list the file `my_project-2.0.tar.gz`
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]],
        ),
    ] {
        let server = index(as_json);
        let user = server.url("simple").replace("http://", "http://u:secret@");
        let setup = Setup::new().variable("PIP_INDEX_URL", &user);
        let fetcher = setup.fetcher();
        let fetch = |file: &str| {
            let url = format!("mirror://pypi/My_.Project/{file}");
            setup.fetch_by(&fetcher, &url, sha256(b"content"))
        };
        let text = [fetch("my_project-1.1.tar.gz"), fetch("my_project-2.0.tar.gz")].concat();
        expected.assert_eq(&text);
        let pages = server.requests().iter().filter(|it| it.path == "/simple/my-project/").count();
        assert_eq!(pages, 1, "the page is read once");
        for request in server.requests() {
            assert!(request.header("authorization").is_some(), "the index' own host");
        }
    }
}

#[test]
fn an_index_that_is_not_there_or_lies_is_explained() {
    let broken =
        Server::replying(vec![Reply::ok(b"{not json").header("Content-Type", "application/json")]);
    let sly = Server::replying(vec![
        Reply::ok(b"<a href='file:///etc/x.whl'>x.whl</a>").header("Content-Type", "text/html"),
    ]);
    let failing = Server::replying(vec![Reply::status("503 Service Unavailable")]);
    let missing = Server::replying(vec![Reply::status("404 Not Found")]);
    let mut setup = Setup::new();
    for server in [&broken, &sly, &failing, &missing] {
        setup = setup.base("pypi", &server.url("simple/"));
    }
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/simple/: its index says that it is JSON, but is not: key must be a string at line 1 column 2
          http://127.0.0.1:PORT/simple/: its index points to a file of this machine
          http://127.0.0.1:PORT/simple/: it answered 503: Service Unavailable
          http://127.0.0.1:PORT/simple/: it answered 404: it is not there
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]].assert_eq(&setup.fetch("mirror://pypi/x/x.whl"));
    assert_eq!(failing.requests().len(), 4, "it may come back");
    for server in [&broken, &sly, &missing] {
        assert_eq!(server.requests().len(), 1, "these will not get better");
    }
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://pypi/x: it should be `mirror://pypi/<project>/<file>`
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://pypi/x"));
}

#[test]
fn an_index_is_not_read_if_an_earlier_one_has_the_file() {
    let (first, second) = (index(true), index(true));
    let setup = Setup::new().base("pypi", &first.url("simple")).base("pypi", &second.url("simple"));
    let text = setup.fetch("mirror://pypi/my-project/my_project-1.1.tar.gz");
    assert!(text.starts_with("7 bytes"), "{text}");
    assert_eq!(second.requests().len(), 0);
}

#[test]
fn pip_is_asked_for_a_wheel_if_it_does_not_say_where_its_index_is() {
    let server = serving(&["/files/x-1.0-py3-none-any.whl"]);
    let script = format!(
        "case \"$*\" in *--help*) echo nothing of use;; \
         *) echo '{{\"install\": [{{\"download_info\": {{\"url\": \"{}\"}}}}]}}';; esac\n",
        server.url("files/x-1.0-py3-none-any.whl")
    );
    let setup = Setup::new().program("python3", &script);
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/files/x-1.0-py3-none-any.whl
    "#]]
    .assert_eq(&setup.fetch("mirror://pypi/X/x-1.0-py3-none-any.whl"));
    expect![[r#"
        error: no place gave sha256:ed70
          what pip downloads: pip would download another file: http://127.0.0.1:PORT/files/x-1.0-py3-none-any.whl
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]].assert_eq(&setup.fetch("mirror://pypi/x/x-1.0-py2-none-any.whl"));
    expect![[r#"
        error: no place gave sha256:ed70
          what pip downloads: pip can be asked for wheels only
        help: set KILN_MIRROR_PYPI or `mirrors.pypi` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://pypi/x/x-1.0.tar.gz"));
    expect!["-m pip --disable-pip-version-check --no-input install --dry-run --quiet --no-deps --ignore-installed --only-binary=:all: --report - -- x==1.0"].assert_eq(&setup.runs("python3")[1]);
}

#[test]
fn crates_are_where_cargo_gets_them_from() {
    let index = |dl: &str| format!("{{\"dl\": \"{dl}\", \"api\": \"https://api.example\"}}");
    // What cargo has used so far.
    Setup::new()
        .file(
            "/home/me/.cargo/registry/index/a.example-1/config.json",
            &index("https://dl.example/crates"),
        )
        .file("/home/me/.cargo/registry/index/b.example-2/config.json", "{}")
        .file("/home/me/.cargo/registry/cache/a.example-1/x-1.0.0.crate", "")
        .describe("crates", expect![[r#"
            mirror://crates/
              file:///home/me/.cargo/registry/cache/a.example-1 (from /home/me/.cargo/registry/cache/a.example-1)
              https://dl.example/crates (from /home/me/.cargo/registry/index/a.example-1/config.json:1)
              note: /home/me/.cargo/registry/index/b.example-2/config.json has no `dl`
        "#]]);
    // What its configuration puts in the place of the default.
    let replaced = "[source.crates-io]\nreplace-with = 'mine'\n\n[source.mine]\n\
                    registry = 'sparse+https://mine.example/index/'\n";
    Setup::new()
        .variable("CARGO_HOME", "/cargo")
        .file("/cargo/config.toml", replaced)
        .file("/cargo/registry/index/a.example-1/config.json", &index("https://dl.example/crates"))
        .describe(
            "crates",
            expect![[r#"
            mirror://crates/
              https://mine.example/index/ (from /cargo/config.toml:5)
        "#]],
        );
    let described = |config: &str, expected: Expect| {
        Setup::new().file("/home/me/.cargo/config.toml", config).describe("crates", expected);
    };
    described(
        "[source.crates-io]\nreplace-with = 'gone'\n",
        expect![[r#"
        mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
          note: /home/me/.cargo/config.toml: the source `gone` is not defined
          note: cargo has not downloaded anything yet; it is asked when a crate is wanted
    "#]],
    );
    described(
        "[source.crates-io]\nreplace-with = 'crates-io'\n",
        expect![[r#"
        mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
          note: /home/me/.cargo/config.toml: more than 8 sources replace each other
          note: cargo has not downloaded anything yet; it is asked when a crate is wanted
    "#]],
    );
    described(
        "[source.crates-io]\nregistry = 'https://git.example/index'\n",
        expect![[r#"
        mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
          note: /home/me/.cargo/config.toml: the index `https://git.example/index` is a git repository, which cannot be read over HTTP
          note: cargo has not downloaded anything yet; it is asked when a crate is wanted
    "#]],
    );
    described(
        "[source.crates-io]\nreplace-with = 'r'\n[registries.r]\nindex = 'sparse+https://r.example/'\n",
        expect![[r#"
            mirror://crates/
              https://r.example/ (from /home/me/.cargo/config.toml:4)
        "#]],
    );
    described(
        "[source.crates-io]\nreplace-with = 'v'\n[source.v]\nlocal-registry = '/vendored'\n",
        expect![[r#"
            mirror://crates/
              file:///vendored (from /home/me/.cargo/config.toml:4)
        "#]],
    );
    described(
        "[source.crates-io]\nreplace-with = 'v'\n[source.v]\ndirectory = '/v'\n",
        expect![[r#"
            mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
              note: /home/me/.cargo/config.toml: the source `v` has no archives of crates
              note: cargo has not downloaded anything yet; it is asked when a crate is wanted
        "#]],
    );
    described(
        "not toml",
        expect![[r#"
        mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
          note: /home/me/.cargo/config.toml is not TOML: key with no value, expected `=`
          note: cargo has not downloaded anything yet; it is asked when a crate is wanted
    "#]],
    );
}

#[test]
fn a_crate_is_found_in_cargos_cache_by_its_template_or_its_index() {
    let server = Server::start(|request| match request.path.as_str() {
        "/index/config.json" => {
            let host = request.header("host").unwrap();
            let path = "t/{prefix}/{lowerprefix}/{crate}-{version}.crate";
            Reply::ok(format!("{{\"dl\": \"http://{host}/{path}\"}}").as_bytes())
        }
        "/t/Se/rd/se/rd/Serde-1.0.0.crate" => Reply::ok(b"content"),
        "/plain/Serde/1.0.0/download"
        | "/sum/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73" => {
            Reply::ok(b"content")
        }
        _ => Reply::status("404 Not Found"),
    });
    // No network at all.
    let setup = Setup::new().file("/home/me/.cargo/registry/cache/a/Serde-1.0.0.crate", "content");
    for path in ["Serde/1.0.0", "Serde/Serde-1.0.0.crate", "Serde-1.0.0.crate"] {
        let text = setup.fetch(&format!("mirror://crates/{path}"));
        assert_eq!(
            text,
            "7 bytes from file:///home/me/.cargo/registry/cache/a/Serde-1.0.0.crate\n"
        );
    }
    let own = |base: &str| Setup::new().base("crates", base);
    let fetch = |base: &str| own(base).fetch("mirror://crates/Serde/1.0.0");
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/plain/Serde/1.0.0/download
    "#]]
    .assert_eq(&fetch(&server.url("plain")));
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/sum/ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73
    "#]].assert_eq(&fetch(&server.url("sum/{sha256-checksum}")));
    let setup = own(&server.url("sum/{sha256-checksum}"));
    let blake3 = FetchHash::Blake3(*blake3::hash(b"content").as_bytes());
    expect![[r#"
        error: no place gave blake3:3fba5250be9ac259c56e7250c526bc83bacb4be825f2799d3d59e5b4878dd74e
          http://127.0.0.1:PORT/sum/%7Bsha256-checksum%7D: it finds crates by SHA-256, which the source does not give
        help: set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
    "#]].assert_eq(&setup.fetch_by(
        &setup.fetcher(),
        "mirror://crates/Serde/1.0.0",
        blake3,
    ));
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/t/Se/rd/se/rd/Serde-1.0.0.crate
    "#]]
    .assert_eq(&fetch(&format!("sparse+{}", server.url("index/"))));
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://crates/Serde/../1: `mirror://crates/` must be followed by a path without `.`, `..` and empty parts
    "#]].assert_eq(&own("sparse+https://x").fetch("mirror://crates/Serde/../1"));
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://crates/Serde: it should be `mirror://crates/<name>/<version>`
        help: set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
    "#]]
    .assert_eq(&own("sparse+https://x").fetch("mirror://crates/Serde"));
}

#[test]
fn cargo_is_asked_to_look_for_a_crate_if_it_never_downloaded_one() {
    let server = serving(&["/dl/a/1.0.0/download", "/dl/b/2.0.0/download"]);
    let setup = Setup::new();
    let folder = setup.root.path().join("home/me/.cargo/registry/index/x");
    let script = format!(
        "/bin/mkdir -p {folder}\necho '{{\"dl\": \"{}\"}}' > {folder}/config.json\n",
        server.url("dl"),
        folder = folder.display()
    );
    let setup = setup.program("cargo", &script);
    let fetcher = setup.fetcher();
    // A report does not settle the matter.
    fetcher.mirrors().describe("crates", &Cancel::new().unwrap()).unwrap();
    let fetch = |path: &str| {
        setup.fetch_by(&fetcher, &format!("mirror://crates/{path}"), sha256(b"content"))
    };
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/dl/a/1.0.0/download
        7 bytes from http://127.0.0.1:PORT/dl/b/2.0.0/download
    "#]]
    .assert_eq(&[fetch("a/1.0.0"), fetch("b/2.0.0")].concat());
    expect![[r#"
        [
            "info --quiet a@1.0.0",
        ]
    "#]]
    .assert_debug_eq(&setup.runs("cargo"));
    Setup::new().describe("crates", expect![[r#"
        mirror://crates/ has no base; set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
          note: cargo has not downloaded anything yet; it is asked when a crate is wanted
    "#]]);
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://crates/a/1.0.0: no base is known for the mirror `crates`; cargo names no registry, and cannot be asked: there is no `cargo` in PATH
        help: set KILN_MIRROR_CRATES or `mirrors.crates` in config.toml to a base of your own
    "#]].assert_eq(&Setup::new().fetch("mirror://crates/a/1.0.0"));
}

#[test]
fn packages_of_npm_are_where_npm_gets_them_from() {
    Setup::new()
        .file("/usr/etc/npmrc", "registry=https://global.example/npm/\n")
        .file(
            "/home/me/.npmrc",
            "; comment\n//user.example/npm/:_authToken=${TOKEN}\nfund=false\n\
             registry = \"https://user.example/npm/\"\n@corp:registry=https://corp.example/\n",
        )
        .variable("TOKEN", "secret")
        .describe(
            "npm",
            expect![[r#"
            mirror://npm/
              https://corp.example/ for @corp (from /home/me/.npmrc:5)
              https://user.example/npm/ (from /home/me/.npmrc:4)
        "#]],
        );
    Setup::new()
        .file("/home/me/.npmrc", "registry=https://user.example/\n")
        .variable("NPM_CONFIG_REGISTRY", "https://variable.example/")
        .describe(
            "npm",
            expect![[r#"
            mirror://npm/
              https://variable.example/ (from the variable NPM_CONFIG_REGISTRY)
        "#]],
        );
    let setup = Setup::new().program("npm", "echo https://asked.example/\n");
    setup.describe(
        "npm",
        expect![[r#"
        mirror://npm/
          https://asked.example/ (from the answer of `npm config get registry`)
    "#]],
    );
    expect![[r#"
        [
            "config get registry",
        ]
    "#]]
    .assert_debug_eq(&setup.runs("npm"));
    Setup::new().program("npm", "echo undefined\n").describe("npm", expect![[r#"
        mirror://npm/ has no base; set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
          note: the registry `undefined` of npm (the answer of `npm config get registry`) is left out: it is not an address: relative URL without a base
    "#]]);
    Setup::new().describe("npm", expect![[r#"
        mirror://npm/ has no base; set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
          note: npm names no registry, and cannot be asked: there is no `npm` in PATH
    "#]]);
}

#[test]
fn a_token_goes_to_the_registry_it_is_for() {
    let public = serving(&["/left-pad/-/left-pad-1.0.0.tgz"]);
    let corp = serving(&["/npm/@corp/x/-/x-1.0.0.tgz"]);
    let host = corp.url("npm/");
    let host = host.trim_start_matches("http:");
    let npmrc = format!(
        "registry={}\n@corp:registry={}\n{host}:_authToken=${{TOKEN}}\n",
        public.url(""),
        corp.url("npm")
    );
    let setup = Setup::new().file("/home/me/.npmrc", &npmrc).variable("TOKEN", "secret");
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/left-pad/-/left-pad-1.0.0.tgz
    "#]]
    .assert_eq(&setup.fetch("mirror://npm/left-pad/left-pad-1.0.0.tgz"));
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/npm/@corp/x/-/x-1.0.0.tgz
    "#]]
    .assert_eq(&setup.fetch("mirror://npm/@corp/x/x-1.0.0.tgz"));
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/npm/@corp/y/-/y-1.0.0.tgz: it answered 404: it is not there
        help: set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://npm/@corp/y/y-1.0.0.tgz"));
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://npm/x: it should be `mirror://npm/<package>/<file>`
        help: set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://npm/x"));
    expect![[r#"
        error: no place gave sha256:ed70
          mirror://npm/a/b/x.tgz: it should be `mirror://npm/<package>/<file>`
        help: set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
    "#]]
    .assert_eq(&setup.fetch("mirror://npm/a/b/x.tgz"));
    for request in corp.requests() {
        assert_eq!(request.header("authorization"), Some("Bearer secret"));
    }
    for request in public.requests() {
        assert_eq!(request.header("authorization"), None);
        assert!(!request.path.contains("corp"), "it is not told the company's names");
    }
}

#[test]
fn a_mirror_of_ones_own_needs_nothing_but_a_base() {
    let server = serving(&["/files/a/b.tar"]);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.tar"), "content").unwrap();
    let local = format!("file://{}", folder.path().display());
    let setup = Setup::new().base("corp-1", &server.url("files/")).base("corp-1", &local);
    expect![[r#"
        7 bytes from http://127.0.0.1:PORT/files/a/b.tar
    "#]]
    .assert_eq(&setup.fetch("mirror://corp-1/a/b.tar"));
    let text = setup.fetch("mirror://corp-1/c.tar");
    assert_eq!(text, format!("7 bytes from {local}/c.tar\n"));
    let text = setup.fetch("mirror://corp-1/d.tar").replace(&local, "LOCAL");
    expect![[r#"
        error: no place gave sha256:ed70
          http://127.0.0.1:PORT/files/d.tar: it answered 404: it is not there
          LOCAL/d.tar: cannot read it: it is not there
        help: set KILN_MIRROR_CORP_1 or `mirrors.corp-1` in config.toml to a base of your own
    "#]]
    .assert_eq(&text);
    expect!["corp-1 crates debian gnu kernel npm pypi savannah sourceforge"]
        .assert_eq(&setup.mirrors().names().join(" "));
    setup.describe(
        "gnu",
        expect![[r#"
        mirror://gnu/
          https://ftpmirror.gnu.org/gnu/ (from Kiln's own table)
          https://ftp.gnu.org/gnu/ (from Kiln's own table)
    "#]],
    );
    setup.describe("corp-2", expect![[r#"
        mirror://corp-2/ has no base; set KILN_MIRROR_CORP_2 or `mirrors.corp-2` in config.toml to a base of your own
    "#]]);
    setup.describe(
        "Corp/../2",
        expect![[r#"
        mirror://Corp/../2/ has no base; a mirror's name consists of a-z, 0-9 and `-`
          note: `Corp/../2` is no name of a mirror
    "#]],
    );
}

#[test]
fn a_program_that_hangs_is_stopped_with_its_children() {
    let setup = Setup::new();
    let pid = setup.root.path().join("child");
    let script = format!("/bin/sleep 1000 &\necho $! > {}\nwait\n", pid.display());
    let setup = setup.program("npm", &script);
    let mirrors = setup.mirrors();
    let cancel = Cancel::new().unwrap();
    let result = std::thread::scope(|scope| {
        let describe = scope.spawn(|| mirrors.describe("npm", &cancel));
        while !std::fs::read_to_string(&pid).is_ok_and(|it| it.ends_with('\n')) {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        cancel.set();
        describe.join().unwrap()
    });
    assert!(matches!(result, Err(kiln_store::FetchError::Cancelled)));
    wait_for_end(&pid);
}

/// Waits for the end of the process whose number is in a file; it was killed already, and is gone
/// as soon as whoever inherited it notices.
fn wait_for_end(pid: &Path) {
    let pid = std::fs::read_to_string(pid).unwrap();
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    while std::fs::read_to_string(&stat).is_ok_and(|it| !it.contains(") Z ")) {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

#[test]
fn what_a_program_leaves_behind_is_stopped_with_it() {
    for (end, expected) in [
        (
            "echo sorry >&2\nexit 7\n",
            expect![[r#"
            mirror://npm/ has no base; set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
              note: npm names no registry, and cannot be asked: `npm` failed (exit status: 7): sorry
        "#]],
        ),
        (
            "echo https://asked.example/\n",
            expect![[r#"
            mirror://npm/
              https://asked.example/ (from the answer of `npm config get registry`)
        "#]],
        ),
    ] {
        let setup = Setup::new();
        let pid = setup.root.path().join("child");
        let script = format!("/bin/sleep 1000 >/dev/null &\necho $! > {}\n{end}", pid.display());
        let setup = setup.program("npm", &script);
        setup.describe("npm", expected);
        wait_for_end(&pid);
    }
}

#[test]
fn files_that_cannot_be_read_are_noted() {
    let setup =
        Setup::new().file("/etc/apt/sources.list.d/x.list", "").file("/home/me/.npmrc/x", "");
    let list = setup.root.path().join("etc/apt/sources.list.d/x.list");
    std::fs::remove_file(&list).unwrap();
    // A loop cannot be read by anybody, root included.
    std::os::unix::fs::symlink("x.list", &list).unwrap();
    setup.describe("debian", expect![[r#"
        mirror://debian/ has no base; set KILN_MIRROR_DEBIAN or `mirrors.debian` in config.toml to a base of your own
          note: cannot read /etc/apt/sources.list.d/x.list: Too many levels of symbolic links (os error 40)
          note: apt has no sources (/etc/apt/sources.list, /etc/apt/sources.list.d)
    "#]]);
    setup.describe("npm", expect![[r#"
        mirror://npm/ has no base; set KILN_MIRROR_NPM or `mirrors.npm` in config.toml to a base of your own
          note: npm names no registry, and cannot be asked: there is no `npm` in PATH
    "#]]);
}
