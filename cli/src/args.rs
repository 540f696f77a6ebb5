//! The command line.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use crate::data::Format;
use crate::terminal::Color;

/// Builds packages from source in sandboxes without a network.
///
/// A spec names a package and what is asked of it: `curl[http2, ~ldap]`, or, for every shell,
/// `curl:http2,-ldap`.
#[derive(Debug, Parser)]
#[command(name = "kiln", version, max_term_width = 100)]
pub(crate) struct Kiln {
    #[command(flatten)]
    pub(crate) common: Common,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What all commands take.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The folder of the store
    #[arg(long, global = true, value_name = "DIR", help_heading = "Common options")]
    pub(crate) store: Option<PathBuf>,
    /// When to color messages
    #[arg(
        long,
        global = true,
        value_enum,
        default_value = "auto",
        value_name = "WHEN",
        help_heading = "Common options"
    )]
    pub(crate) color: Color,
    /// Say only what went wrong
    #[arg(long, short, global = true, help_heading = "Common options")]
    pub(crate) quiet: bool,
}

/// What is evaluated: recipes, layers, wishes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Wishes {
    /// What is wanted; what the project wants if none is given
    #[arg(value_name = "SPEC")]
    pub(crate) specs: Vec<String>,
    #[command(flatten)]
    pub(crate) layers: Layers,
    #[command(flatten)]
    pub(crate) locking: Locking,
}

/// How strictly the project's lock counts.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct Locking {
    /// Fail if something would be chosen otherwise than kiln.lock has it
    #[arg(long)]
    pub(crate) locked: bool,
}

/// Where recipes and layers come from.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Layers {
    /// An override or overlay file; a later one overrules an earlier one
    #[arg(long = "override", short = 'f', value_name = "FILE")]
    pub(crate) overrides: Vec<PathBuf>,
    /// The project file; `project.kiln` here or above if not given
    #[arg(long, value_name = "FILE", conflicts_with = "no_project")]
    pub(crate) project: Option<PathBuf>,
    /// Look at no project file
    #[arg(long)]
    pub(crate) no_project: bool,
    /// A folder with recipes of your own; they come before the standard ones
    #[arg(long, value_name = "DIR")]
    pub(crate) recipes: Vec<PathBuf>,
    /// The machine that packages are for, such as aarch64-linux; this one if not given
    #[arg(long, value_name = "CPU-OS")]
    pub(crate) target: Option<String>,
}

/// How building goes about it.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Building {
    /// How many builds run at a time
    #[arg(long, short = 'j', value_name = "NUMBER", value_parser = at_least_one::<NonZeroUsize>)]
    pub(crate) builds: Option<NonZeroUsize>,
    /// How many processors each build is told to use
    #[arg(long, value_name = "NUMBER", value_parser = at_least_one::<NonZeroU32>)]
    pub(crate) cores: Option<NonZeroU32>,
    /// Build everything that does not need what failed
    #[arg(long, short = 'k')]
    pub(crate) keep_going: bool,
    /// Show what builds print
    #[arg(long, short = 'L')]
    pub(crate) print_logs: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build what is wanted, or take it from the store
    Realise {
        #[command(flatten)]
        wishes: Wishes,
        #[command(flatten)]
        building: Building,
        /// Make a link to what is realised, which keeps it from being collected for as long as it is
        /// there; of several packages, a folder of links
        #[arg(long, value_name = "NAME", conflicts_with_all = ["dry_run", "published"])]
        link: Option<PathBuf>,
        /// Build it once more, elsewhere, and compare bit for bit
        #[arg(long)]
        check: bool,
        /// Only say what would be built
        #[arg(long, conflicts_with = "check")]
        dry_run: bool,
        /// Build what the project and its recipes publish, each by itself; of the packages that are
        /// named, if there are names
        #[arg(long)]
        published: bool,
        /// Build every package, each by itself: those of the project's recipes and of --recipes, or
        /// else the standard ones
        #[arg(long, conflicts_with_all = ["specs", "published"])]
        all: bool,
        /// Print a table in the end: what became of each package, how long it took, how big it is
        #[arg(long, conflicts_with = "dry_run")]
        summary: bool,
        /// Print events as lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Run the tests of packages, each in a sandbox, as far as something has changed for them
    Test {
        #[command(flatten)]
        wishes: Wishes,
        #[command(flatten)]
        building: Building,
        /// Test also what the packages are linked with and need when they run
        #[arg(long)]
        deps: bool,
        /// Only tests with this in their titles
        #[arg(long, value_name = "TEXT")]
        only: Option<String>,
        /// Only name the tests
        #[arg(long)]
        list: bool,
        /// Run the tests of every package: of the project's recipes and of --recipes, or else of the
        /// standard ones
        #[arg(long, conflicts_with = "specs")]
        all: bool,
        /// Print events and verdicts as lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Download what builds need into the store, and build nothing
    Fetch {
        #[command(flatten)]
        wishes: Wishes,
        /// The sources of every version of every recipe
        #[arg(long, conflicts_with = "specs")]
        all: bool,
        /// Print events as lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Keep sources by their hash in a folder, for KILN_ARCHIVE to take them from
    Archive {
        /// The folder; what is in it already stays
        #[arg(value_name = "DIR")]
        folder: PathBuf,
        #[command(flatten)]
        wishes: Wishes,
        /// The sources of every version of every recipe
        #[arg(long, conflicts_with = "specs")]
        all: bool,
        /// Print what was done as lines of JSON
        #[arg(long)]
        json: bool,
    },
    /// Write the first recipe of a package, from what its source tree says; without one, a project file
    Init {
        /// The folder of the sources, or the URL of an archive
        #[arg(value_name = "SOURCE")]
        what: Option<String>,
        /// The name of the package
        #[arg(long, requires = "what")]
        name: Option<String>,
        /// The file to write; the name of the package, beside the folder, if none is given
        #[arg(long, value_name = "FILE", conflicts_with = "dry_run")]
        out: Option<PathBuf>,
        /// Print the recipe, and write no file
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        layers: Layers,
    },
    /// Write the hashes that downloads have now into recipes of your own
    UpdateHash {
        /// Packages, or files of recipes
        #[arg(value_name = "PACKAGE|FILE", required = true)]
        what: Vec<String>,
        /// Change nothing; show what would change, and fail if there is something
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        layers: Layers,
    },
    /// Build a program if need be, and run it
    Run {
        /// The package
        #[arg(value_name = "SPEC")]
        spec: String,
        /// The program in the package's `bin`; the one with the package's name if not given
        #[arg(long, value_name = "NAME")]
        bin: Option<String>,
        #[command(flatten)]
        layers: Layers,
        #[command(flatten)]
        locking: Locking,
        #[command(flatten)]
        building: Building,
        /// Arguments of the program
        #[arg(last = true, value_name = "ARGS")]
        args: Vec<std::ffi::OsString>,
    },
    /// Show every option with its value and where that comes from, and what would be built; of a
    /// file of a module or recipe, what it says
    Eval {
        #[command(flatten)]
        wishes: Wishes,
        /// Print everything for other programs
        #[arg(long, value_enum, value_name = "FORMAT")]
        format: Option<Format>,
        /// The same as --format json
        #[arg(long, conflicts_with = "format")]
        json: bool,
        /// Show build tools in full, too
        #[arg(long, short)]
        all: bool,
        /// Show only what is chosen otherwise than kiln.lock has it
        #[arg(long)]
        diff_lock: bool,
    },
    /// Show the packages that are chosen, and what needs what
    Graph {
        #[command(flatten)]
        wishes: Wishes,
        /// Show build tools where they are needed, too
        #[arg(long, short)]
        all: bool,
        /// Only what leads to this package
        #[arg(long, value_name = "PACKAGE")]
        to: Option<String>,
        /// Print it as JSON
        #[arg(long, conflicts_with_all = ["dot", "html"])]
        json: bool,
        /// Print it for Graphviz
        #[arg(long, conflicts_with = "html")]
        dot: bool,
        /// Write it as one HTML page; to standard output if this is -
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Write kiln.lock: every choice made for the project, to be made again
    Lock {
        /// Specs to lock beside what the project wants and publishes
        #[arg(value_name = "SPEC")]
        specs: Vec<String>,
        /// Choose this package anew, and what must move with it; everything, without a name
        #[arg(long, short, value_name = "PACKAGE", num_args = 0..=1, default_missing_value = "")]
        update: Vec<String>,
        /// Lock no other specs than these; without, those of earlier runs are locked again
        #[arg(long)]
        only: bool,
        /// Change nothing; list what would change, and fail if there is something
        #[arg(long)]
        check: bool,
        #[command(flatten)]
        layers: Layers,
    },
    /// Mend what diagnostics know how to mend, in the files
    Fix {
        /// Files and folders; the project's folder, or else this one, if none is given
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Change nothing; show what would change, and fail if there is something
        #[arg(long)]
        dry_run: bool,
        /// Only what this diagnostic is about, by the name in brackets
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Also write what was probably meant, where just one thing is near
        #[arg(long)]
        guess: bool,
        #[command(flatten)]
        layers: Layers,
        /// Print what was done as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say everything that is wrong with recipes and override files
    Check {
        /// Files and folders; the project's, or else all of the recipes given with --recipes
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Check the standard recipes
        #[arg(long)]
        std: bool,
        #[command(flatten)]
        layers: Layers,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        /// Print it as SARIF 2.1.0, for code hosts
        #[arg(long, conflicts_with = "json")]
        sarif: bool,
    },
    /// Write files the way all are written
    Fmt {
        /// Files and folders, or - for standard input to standard output; the project's folder,
        /// or else this one, if none is given
        #[arg(value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Change nothing; list the files that would change, and fail if there are any
        #[arg(long)]
        check: bool,
        /// Change nothing; show what would change
        #[arg(long)]
        diff: bool,
    },
    /// Say why an option, a version or a package is as it is
    Why {
        /// Specs, and last what is asked about: `curl.tls`, `dpdk.drivers.mlx5`, `zlib.version`, `zlib`
        #[arg(value_name = "SPEC… WHAT", required = true)]
        words: Vec<String>,
        #[command(flatten)]
        layers: Layers,
    },
    /// Open a shell in the sandbox of a build
    Shell {
        #[command(flatten)]
        wishes: Wishes,
        /// The build of a package that it needs
        #[arg(long, value_name = "PACKAGE")]
        of: Option<String>,
        /// Run the steps before this one, and not all until one fails
        #[arg(long, value_name = "STEP")]
        before: Option<String>,
        #[command(flatten)]
        building: Building,
    },
    /// Show what a build printed
    Log {
        /// A spec, or the first digits of the id of an action
        #[arg(value_name = "SPEC|ID")]
        what: String,
        #[command(flatten)]
        layers: Layers,
    },
    /// List packages, with their newest versions
    List {
        /// Only names that contain this
        #[arg(value_name = "TEXT")]
        filter: Option<String>,
        #[command(flatten)]
        layers: Layers,
    },
    /// Look at the store and clean it
    Store {
        #[command(subcommand)]
        command: StoreCommand,
    },
    /// Look at derivations
    Derivation {
        #[command(subcommand)]
        command: DerivationCommand,
    },
    /// Write the documentation of all recipes, as HTML
    Doc {
        /// The folder; what kiln doc wrote there before is replaced
        #[arg(long, value_name = "DIR", default_value = "kiln-doc")]
        out: PathBuf,
        /// A folder with recipes of your own; they come before the standard ones
        #[arg(long, value_name = "DIR")]
        recipes: Vec<PathBuf>,
    },
    /// Evaluate expressions, line by line
    Repl {
        /// A recipe or a module to stand in
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        /// A folder with recipes of your own; they come before the standard ones
        #[arg(long, value_name = "DIR")]
        recipes: Vec<PathBuf>,
    },
    /// Explain a diagnostic, by the name in brackets
    Explain {
        /// Such as `unknown-option`; lists all if not given
        #[arg(value_name = "NAME")]
        slug: Option<String>,
    },
    /// Serve an editor that speaks the language server protocol, on standard input and output
    Lsp {
        /// What is done without it, too: many editors say so
        #[arg(long)]
        stdio: bool,
    },
    /// Say what this machine is, in the words that recipes may ask for
    Facts {
        /// Write it as an overlay, to be given by -f or listed in a project
        #[arg(long, value_name = "FILE", conflicts_with = "json")]
        write: Option<PathBuf>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
        /// Look at another machine, whose proc, sys and lib are in this folder
        #[arg(long, value_name = "DIR")]
        root: Option<PathBuf>,
        #[command(flatten)]
        layers: Layers,
    },
    /// Say whether this machine can build, and where downloads come from
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: Shell,
    },
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum StoreCommand {
    /// List objects
    Ls {
        /// Only names that contain this
        filter: Option<String>,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Show an object: what it refers to, what keeps it
    Info {
        /// A store path, the beginning of an id, a name, or a link to it
        object: String,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Compare every object with what was recorded, and change nothing
    Verify {
        /// Take damaged objects out of the store, with all that refers to them
        #[arg(long)]
        discard: bool,
    },
    /// Delete what nothing needs
    Gc {
        /// Only say what would be deleted
        #[arg(long)]
        dry_run: bool,
        /// Keep what was used in the last so many seconds
        #[arg(long, value_name = "SECONDS", default_value_t = 3600)]
        grace: u64,
        /// Stop when so much is free on the disk of the store, such as 10GiB
        #[arg(long, value_name = "SIZE")]
        free: Option<String>,
        /// Forget what `realise` keeps, too
        #[arg(long)]
        all: bool,
    },
    /// Make the index anew from the records
    RebuildIndex,
    /// Compare with another store: whether what both built is equal bit for bit
    Compare {
        /// The folder of the other store
        #[arg(value_name = "DIR")]
        other: PathBuf,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
    /// Say why one object refers to another
    WhyDepends {
        /// The object that refers
        from: String,
        /// The object that is referred to
        to: String,
    },
    /// Copy what specs realise to into a cache in a folder
    Export {
        /// The folder
        #[arg(long, value_name = "DIR")]
        to: PathBuf,
        /// Copy what the project and its recipes publish; of the packages that are named, if there
        /// are names
        #[arg(long)]
        published: bool,
        /// Copy also what it was built with: sources, build tools, and all that these refer to
        #[arg(long)]
        inputs: bool,
        #[command(flatten)]
        wishes: Wishes,
    },
}

/// What to do with derivations.
#[derive(Debug, Subcommand)]
pub(crate) enum DerivationCommand {
    /// Show all that a build can observe
    Show {
        /// A spec; with --all, of all that it needs
        #[command(flatten)]
        wishes: Wishes,
        /// Show everything that is needed, too
        #[arg(long, short)]
        all: bool,
        /// Print it as JSON
        #[arg(long)]
        json: bool,
    },
}

/// Reads a number of which 0 would mean that nothing is done.
fn at_least_one<N: FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| "expected a number from 1 on; leave it out for the default".to_owned())
}
