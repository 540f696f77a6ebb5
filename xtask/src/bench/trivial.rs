//! Builds that do nothing but write one small file, with many inputs or none.
//!
//! ```text
//! SHARED/kiln/tool.kiln input-0.kiln … inputs.kiln    SHARED/nix/shared.nix inputs.nix
//! SET/kiln/NAME.kiln …                                SET/default.nix
//! ```

use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::Path;

use super::synthetic::write_tool;

/// Writes the tool and so many inputs, and what realises all of them: `inputs`.
pub(super) fn write_shared(inputs: usize, folder: &Path) -> io::Result<()> {
    let (kiln, nix) = (folder.join("kiln"), folder.join("nix"));
    write_tool(&kiln.join("tool"))?;
    write_tool(&nix.join("tool"))?;
    fs::write(
        kiln.join("tool.kiln"),
        "//! Writes its second argument into the file that its first one names.\nrecipe tool\n\n\
         version = 1.0.0\nsource = dir(\"tool\")\n",
    )?;
    for number in 0..inputs {
        let name = format!("input-{number}");
        fs::write(kiln.join(format!("{name}.kiln")), recipe(&name, 0))?;
    }
    fs::write(kiln.join("inputs.kiln"), recipe("inputs", inputs))?;
    let text = r#"let
  tool = builtins.path { path = ./tool; name = "tool"; };
  build = inputs: name: derivation {
    inherit name inputs;
    system = "x86_64-linux";
    builder = "${tool}/write";
    args = [ (placeholder "out") name ];
  };
in {
  inherit build;
  inputs = builtins.genList (number: build [ ] "input-${toString number}") @;
}
"#;
    fs::write(nix.join("shared.nix"), text.replace('@', &inputs.to_string()))?;
    fs::write(nix.join("inputs.nix"), "(import ./shared.nix).inputs\n")
}

/// Writes builds with these names and so many of the shared inputs.
pub(super) fn write(
    names: &[String],
    inputs: usize,
    shared: &Path,
    folder: &Path,
) -> io::Result<()> {
    let kiln = folder.join("kiln");
    fs::create_dir_all(&kiln)?;
    for name in names {
        fs::write(kiln.join(format!("{name}.kiln")), recipe(name, inputs))?;
    }
    let shared = shared.join("nix/shared.nix");
    let inputs = if inputs == 0 { "[ ]" } else { "shared.inputs" };
    let names: Vec<String> = names.iter().map(|it| format!("\"{it}\"")).collect();
    let text = format!(
        "let shared = import {};\nin map (shared.build {inputs}) [ {} ]\n",
        shared.display(),
        names.join(" ")
    );
    fs::write(folder.join("default.nix"), text)
}

fn recipe(name: &str, inputs: usize) -> String {
    let mut text =
        format!("//! Writes its name.\nrecipe {name}\n\nversion = 1.0.0\n\nbuild tool\n");
    for number in 0..inputs {
        let _ = writeln!(text, "host input-{number}");
    }
    let _ = write!(
        text,
        "\nshell = [\"\\(dep.tool)/write\", \"\\(out)\", \"{name}\"]\n\
         /// Writes the output.\nstep build = sh\"\"\"write\"\"\"\n"
    );
    text
}
