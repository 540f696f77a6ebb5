//! A synthetic set as expressions of Nix, in the way of its package collection: a function in a
//! file for each package, called with those of its arguments that are in the set.

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::{Package, Set, name, write_tool};

pub(super) fn write(set: &Set, folder: &Path) -> io::Result<()> {
    let packages = folder.join("packages");
    write_tool(&folder.join("tool"))?;
    fs::create_dir_all(&packages)?;
    for package in &set.packages {
        fs::write(packages.join(format!("{}.nix", package.name())), expression(package))?;
    }
    fs::write(packages.join("world.nix"), world(set))?;
    fs::write(folder.join("default.nix"), default(&name(set.overridden)))
}

fn default(overridden: &str) -> String {
    let text = r#"# The set, with one package overridden for all that depend on it.
let
  inherit (builtins) attrNames concatStringsSep functionArgs intersectAttrs listToAttrs readDir
    replaceStrings;
  tool = builtins.path { path = ./tool; name = "tool"; };
  build = { pname, version, inputs, args, license ? null }:
    derivation {
      name = "${pname}-${version}";
      system = "x86_64-linux";
      builder = "${tool}/write";
      args = [ (placeholder "out") "${pname} ${version} ${concatStringsSep " " args}" ];
      inherit inputs;
      script = concatStringsSep " " args;
    };
  makeOverridable = function: arguments:
    function arguments // {
      override = changed: makeOverridable function (arguments // changed);
    };
  callPackage = file:
    let function = import file;
    in makeOverridable function (intersectAttrs (functionArgs function) everything);
  base = listToAttrs (map
    (file: { name = replaceStrings [ ".nix" ] [ "" ] file; value = callPackage (./packages + "/${file}"); })
    (attrNames (readDir ./packages)));
  packages = base // { @ = base.@.override { verbose = true; jobs = 64; }; };
  everything = packages // { inherit build packages; };
in packages
"#;
    text.replace('@', overridden)
}

fn expression(package: &Package) -> String {
    let (name, version) = (package.name(), package.version());
    let mut text = format!("# The synthetic package {name}.\n{{ build");
    let hosts: Vec<String> = package.hosts.iter().map(|it| super::name(it.number)).collect();
    let extra = package.extra.map(super::name);
    let verbose = package.verbose.map(super::name);
    for host in hosts.iter().chain(&extra).chain(&verbose) {
        let _ = write!(text, ", {host}");
    }
    let jobs = package.jobs;
    let _ = write!(
        text,
        r#", extra ? true, verbose ? false, mode ? "fast", jobs ? {jobs} }}:
assert builtins.elem mode [ "fast" "small" "safe" ];
assert jobs >= 1 && jobs <= 64;
if verbose && mode == "small" then throw "{name}: being verbose needs room" else
build {{
  pname = "{name}";
  version = "{version}";
  license = "MIT";
  inputs = [ {} ]"#,
        hosts.join(" ")
    );
    for (option, host) in [("extra", &extra), ("verbose", &verbose)] {
        if let Some(host) = host {
            let _ = write!(text, "\n    ++ (if {option} then [ {host} ] else [ ])");
        }
    }
    let _ = write!(text, ";\n  args = [ \"--jobs=${{toString jobs}}\"");
    for host in &hosts {
        let _ = write!(text, " \"--use=${{{host}}}\"");
    }
    text.push_str(" ]");
    for (option, host) in [("extra", &extra), ("verbose", &verbose)] {
        let on = host.as_ref().map(|it| format!("=${{{it}}}")).unwrap_or_default();
        let _ = write!(
            text,
            "\n    ++ [ (if {option} then \"--{option}{on}\" else \"--no-{option}\") ]"
        );
    }
    text.push_str(
        r#"
    ++ { fast = [ "-O3" ]; small = [ "-Os" ]; safe = [ "-O2" "-fhard" ]; }.${mode}
    ++ (if mode == "safe" && extra then [ "--check" ] else [ ]);
}
"#,
    );
    text
}

fn world(set: &Set) -> String {
    let tops: Vec<String> = set.tops.iter().map(|it| name(*it)).collect();
    format!(
        "# Everything that nothing else depends on, and so everything.\n{{ build, packages }}:\n\
         with packages;\nbuild {{\n  pname = \"world\";\n  version = \"1.0.0\";\n  \
         inputs = [ {} ];\n  args = [ ];\n}}\n",
        tops.join(" ")
    )
}
