//! The rules that a derivation must keep beyond what its types can say.

use crate::derivation::{Build, Derivation, Fetch, Piece, Template, Unpack, UnpackRoot};
use crate::name::{Label, OutputName, StepName};

/// The folders in which a build may ask for links, each with a slash at its end. In the last one
/// they are emulators.
const LINK_FOLDERS: [&str; 5] = ["/bin/", "/usr/bin/", "/lib/", "/lib64/", "/kiln/emulators/"];

/// Why a derivation cannot be realised by any builder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DerivationError {
    /// A build has no output.
    #[error("a build has at least one output")]
    NoOutput,
    /// The outputs of a build are not sorted, or one occurs twice.
    #[error(
        "the outputs of a build are sorted and distinct; `{output}` is not after the one before it"
    )]
    OutputOrder {
        /// The first output that is not greater than the one before it.
        output: OutputName,
    },
    /// A build has no step.
    #[error("a build has at least one step")]
    NoStep,
    /// A place names an input that the build does not have.
    #[error("{place} refers to the input `{label}`, which the build does not have")]
    UnknownInput {
        /// The label.
        label: Label,
        /// Where it is referred to, in words.
        place: String,
    },
    /// A place names an output that the build does not have.
    #[error("{place} refers to the output `{output}`, which the build does not have")]
    UnknownOutput {
        /// The output.
        output: OutputName,
        /// Where it is referred to, in words.
        place: String,
    },
    /// A path is not relative, or has an empty, `.` or `..` component or a NUL byte.
    #[error("{place} is `{path}`; it must be a relative path of normal components")]
    BadPath {
        /// The path, escaped.
        path: String,
        /// What it is, in words.
        place: &'static str,
    },
    /// A link is asked for outside the folders in which links may be.
    #[error(
        "a link is asked for at `{path}`; links may be `/bin/NAME`, `/usr/bin/NAME`, `/lib/NAME`, `/lib64/NAME` and `/kiln/emulators/CPU`"
    )]
    BadLink {
        /// The path, escaped.
        path: String,
    },
    /// A program is not given by an absolute path, or not at all.
    #[error("step `{step}` must name its program by an absolute path")]
    BadProgram {
        /// The step.
        step: StepName,
    },
    /// A text that becomes an argument, a variable or a link has a NUL byte.
    #[error("{place} has a NUL byte, which no program can be given")]
    Nul {
        /// Where it is, in words.
        place: String,
    },
    /// The paths that become executable are not sorted, or one occurs twice.
    #[error(
        "the executables of a fetch are sorted and distinct; `{path}` is not after the one before it"
    )]
    ExecutableOrder {
        /// The first path that is not greater than the one before it, escaped.
        path: String,
    },
}

impl Derivation {
    /// Checks the rules of `spec/store/derivation.md` that no type holds up.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, as [`DerivationError`].
    pub fn check(&self) -> Result<(), DerivationError> {
        match self {
            Derivation::Build(build) => build.check(),
            Derivation::Fetch(fetch) => check_fetch(fetch),
            Derivation::Import(_) => Ok(()),
        }
    }
}

impl<I> Build<I> {
    /// Checks the rules of `spec/store/derivation.md` that no type holds up.
    ///
    /// # Errors
    ///
    /// The first rule that is broken, as [`DerivationError`].
    pub fn check(&self) -> Result<(), DerivationError> {
        if self.outputs.is_empty() {
            return Err(DerivationError::NoOutput);
        }
        if let Some(pair) = self.outputs.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(DerivationError::OutputOrder { output: pair[1].clone() });
        }
        for (path, label) in &self.sources {
            check_relative(path, "the target of a source")?;
            self.check_label(label, || format!("the source `{path}`"))?;
        }
        for (path, target) in &self.links {
            if !is_link_path(path) {
                return Err(DerivationError::BadLink { path: path.escape_debug().collect() });
            }
            self.check_template(target, true, || format!("the link `{path}`"))?;
        }
        for (name, value) in &self.env {
            self.check_template(value, true, || format!("the environment variable `{name}`"))?;
        }
        if self.steps.is_empty() {
            return Err(DerivationError::NoStep);
        }
        for step in &self.steps {
            if !step.argv.first().is_some_and(is_absolute) {
                return Err(DerivationError::BadProgram { step: step.name.clone() });
            }
            for template in &step.argv {
                let place = || format!("an argument of step `{}`", step.name);
                self.check_template(template, true, place)?;
            }
            if let Some(script) = &step.script {
                self.check_template(script, false, || format!("the script of `{}`", step.name))?;
            }
        }
        Ok(())
    }

    fn check_label(
        &self,
        label: &Label,
        place: impl Fn() -> String,
    ) -> Result<(), DerivationError> {
        if self.inputs.contains_key(label) {
            return Ok(());
        }
        Err(DerivationError::UnknownInput { label: label.clone(), place: place() })
    }

    fn check_template(
        &self,
        template: &Template,
        is_c_string: bool,
        place: impl Fn() -> String,
    ) -> Result<(), DerivationError> {
        for piece in template.pieces() {
            match piece {
                Piece::Text(text) if is_c_string && text.contains('\0') => {
                    return Err(DerivationError::Nul { place: place() });
                }
                Piece::Text(_) => {}
                Piece::Input(label) => self.check_label(label, &place)?,
                Piece::Output(output) if !self.outputs.contains(output) => {
                    return Err(DerivationError::UnknownOutput {
                        output: output.clone(),
                        place: place(),
                    });
                }
                Piece::Output(_) => {}
            }
        }
        Ok(())
    }
}

fn check_fetch(fetch: &Fetch) -> Result<(), DerivationError> {
    let Unpack::Tree { root, executables } = &fetch.unpack else { return Ok(()) };
    if let UnpackRoot::Folder(folder) = root {
        check_relative(folder, "the folder of an archive")?;
    }
    if let Some(pair) = executables.windows(2).find(|pair| pair[0] >= pair[1]) {
        return Err(DerivationError::ExecutableOrder { path: pair[1].escape_debug().collect() });
    }
    executables.iter().try_for_each(|path| check_relative(path, "an executable of an archive"))
}

fn check_relative(path: &str, place: &'static str) -> Result<(), DerivationError> {
    let is_normal = |it: &str| !it.is_empty() && it != "." && it != ".." && !it.contains('\0');
    if path.split('/').all(is_normal) {
        return Ok(());
    }
    Err(DerivationError::BadPath { path: path.escape_debug().collect(), place })
}

fn is_link_path(path: &str) -> bool {
    let name = LINK_FOLDERS.iter().find_map(|folder| path.strip_prefix(folder));
    name.is_some_and(|it| check_relative(it, "").is_ok() && !it.contains('/'))
}

fn is_absolute(program: &Template) -> bool {
    match program.pieces().first() {
        Some(Piece::Text(text)) => text.starts_with('/'),
        Some(Piece::Input(_) | Piece::Output(_)) => true,
        None => false,
    }
}
