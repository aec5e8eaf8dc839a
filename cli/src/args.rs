// SPDX-License-Identifier: GPL-3.0-or-later
//! The grammar: `bkt [FLAGS] COMMAND [ITEM|PATTERN…]`. The comments here are what `--help` says.
//!
//! Invariant: flags work before and after the command; nothing is abbreviated; a wrong word is exit code 2.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bkt_core::document;
use bkt_core::name::PackageName;
use bkt_core::problem::Problem;
use bkt_core::recipe::Section;
use clap::{Parser, Subcommand, ValueEnum};

use crate::error::exit;
use crate::output::document_to;

const OPTIONS: &str = "Options of every command";
const CHANGING: &str = "Options of commands that change something";

const EXIT_CODES: &str = "\
Exit codes:
  0    done, also when there are differences
  1    failed, nothing was changed
  2    wrong usage, unknown item, or an answer is missing (add --yes)
  3    differences found (drift check, containerfile check, --exit-code)
  4    permission was not given
  5    partly done
  6    not possible here: no setup, helper missing, system busy
  7    something could not be checked (where 3 would tell of differences)
  130  stopped with Ctrl-C";

/// See how this computer differs from its setup, and decide about each difference
#[derive(Debug, Parser)]
#[command(name = "bkt", version, after_help = "Run ‘bkt help COMMAND’ for examples.", after_long_help = EXIT_CODES)]
#[command(max_term_width = 80)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) globals: Globals,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// The flags every command takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Globals {
    /// Use the setup in DIR [default: BKT_REPO, the repository around the current folder, ~/setup]
    #[arg(short = 'C', long, value_name = "DIR", global = true, help_heading = OPTIONS)]
    pub(crate) repo: Option<PathBuf>,
    /// Look at and change the computer below DIR instead of the running one
    #[arg(long, value_name = "DIR", global = true, help_heading = OPTIONS)]
    pub(crate) root: Option<PathBuf>,
    /// Print one JSON document instead of text
    #[arg(long, global = true, help_heading = OPTIONS)]
    pub(crate) json: bool,
    /// The older spelling of --json
    #[arg(long, value_name = "FORMAT", global = true, hide = true, conflicts_with = "json")]
    pub(crate) format: Option<Format>,
    /// Say less: no hints and no progress
    #[arg(short, long, global = true, conflicts_with = "verbose", help_heading = OPTIONS)]
    pub(crate) quiet: bool,
    /// Say more: what tools print, and how long comparing took
    #[arg(short, long, global = true, help_heading = OPTIONS)]
    pub(crate) verbose: bool,
    /// Colour the output
    #[arg(long, value_name = "WHEN", default_value = "auto", global = true, help_heading = OPTIONS)]
    pub(crate) color: When,
    /// Only show what would be done
    #[arg(short = 'n', long, global = true, help_heading = CHANGING)]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(short, long, visible_alias = "confirm", global = true, help_heading = CHANGING)]
    pub(crate) yes: bool,
    /// Never ask; fail where an answer is needed
    #[arg(long, global = true, help_heading = CHANGING)]
    pub(crate) no_input: bool,
    /// How to show progress on standard error
    #[arg(long, value_name = "HOW", default_value = "auto", global = true, help_heading = CHANGING)]
    pub(crate) progress: Progress,
    /// Stay in this container instead of running on its host
    #[arg(long, global = true, hide = true)]
    pub(crate) no_delegate: bool,
}

impl Globals {
    /// Whether one JSON document is wanted.
    pub(crate) fn wants_json(&self) -> bool {
        self.json || self.format == Some(Format::Json)
    }
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    Table,
    /// One JSON document
    Json,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How to show progress.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Progress {
    /// Lines, and on a terminal also the step that runs
    Auto,
    /// One line per finished step
    Plain,
    /// One JSON object per line
    Json,
    /// Nothing
    None,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show this computer, its setup, and how many changes there are to decide
    #[command(
        after_long_help = "Examples:\n  bkt status\n  bkt status --porcelain | grep '^??'\n  bkt status --json | jq .summary\n\n\
        With --porcelain each line is XY ITEM: X is what this computer did since both sides last\n\
        agreed, Y what the setup did (A added, M changed, D removed). Small letters: never compared\n\
        before, so only the difference is known. ?? could not be checked."
    )]
    Status(StatusArgs),
    /// List every difference
    #[command(after_long_help = "Examples:\n  bkt drift\n  bkt drift --ignored\n  bkt drift check -q || bkt drift")]
    Drift(DriftArgs),
    /// Show both sides of changes, and what apply and capture would do
    #[command(after_long_help = "Examples:\n  bkt diff\n  bkt diff unit:tuned.service 'flatpak:org.gnome.*'")]
    Diff(DiffArgs),
    /// Show exactly what apply and capture would do
    #[command(
        after_long_help = "Examples:\n  bkt plan show\n  bkt plan show --apply unit karg --capture flatpak -o plan.json\n  bkt apply plan.json"
    )]
    Plan(PlanArgs),
    /// Make this computer what the setup says
    ///
    /// Without arguments: everything with a suggestion, each applied or captured as suggested. With items or patterns:
    /// exactly those. With a plan saved by ‘bkt plan show -o’: exactly that plan, or nothing if this computer changed.
    #[command(
        after_long_help = "Examples:\n  bkt apply\n  bkt apply pkg:htop 'flatpak:org.gnome.*'\n  bkt apply --all --yes\n  bkt apply plan.json"
    )]
    Apply(ApplyArgs),
    /// Write what this computer has into the setup
    #[command(
        after_long_help = "Examples:\n  bkt capture\n  bkt capture flatpak:org.gnome.Boxes -y\n  bkt capture gsetting -n"
    )]
    Capture(CaptureArgs),
    /// Stop reporting items
    #[command(after_long_help = "Examples:\n  bkt ignore pkg:powertop\n  bkt ignore 'flatpak:com.valvesoftware.*'\n\n\
        The patterns are kept in .bktignore in the setup; delete a line there to hear of it again.")]
    Ignore(IgnoreArgs),
    /// Show the versions of the system on this computer, and who updates it
    #[command(
        visible_alias = "sys",
        after_long_help = "Examples:\n  bkt system\n  bkt system staged\n  bkt system diff rollback booted\n  bkt system --json | jq .updates"
    )]
    System(SystemArgs),
    /// Keep the Containerfile of the setup in step with its manifests
    #[command(
        after_long_help = "Examples:\n  bkt containerfile check\n  bkt containerfile diff\n  bkt containerfile sync\n  bkt containerfile adopt SYSTEM_PACKAGES\n\n\
        Only the lines between ‘# === NAME (managed by bkt) ===’ and ‘# === END NAME ===’ are ever\n\
        changed. ‘check’ needs neither root nor network, for hooks and CI."
    )]
    Containerfile(ContainerfileArgs),
    /// List past runs, or show one
    #[command(visible_alias = "history", after_long_help = "Examples:\n  bkt log\n  bkt log 41")]
    Log(LogArgs),
    /// Take back what a run did
    ///
    /// Makes a plan that restores what the run changed, on both sides. What was changed again since stays.
    #[command(after_long_help = "Examples:\n  bkt undo\n  bkt undo 41 -n")]
    Undo(UndoArgs),
    /// Install and remove packages, in the setup and on this computer
    #[command(
        after_long_help = "Examples:\n  bkt dnf install htop\n  bkt dnf install htop --now\n  bkt dnf remove nano --setup-only"
    )]
    Dnf {
        #[command(subcommand)]
        command: DnfCommand,
    },
    /// Add and remove Flatpak apps, in the setup and on this computer
    #[command(
        visible_alias = "fp",
        after_long_help = "Examples:\n  bkt flatpak add org.gnome.Boxes\n  bkt flatpak add org.gnome.Boxes --system --setup-only"
    )]
    Flatpak {
        #[command(subcommand)]
        command: FlatpakCommand,
    },
    /// Look at settings: their values, what they mean, which you changed
    #[command(
        visible_alias = "gs",
        after_long_help = "Examples:\n  bkt gsetting discover\n  bkt gsetting describe org.gnome.desktop.interface clock-format\n  \
        bkt gsetting watch\n  bkt capture gsetting:org.gnome.desktop.interface/clock-format"
    )]
    Gsetting(GsettingArgs),
    /// Add and remove commands of the host that toolboxes have, too
    #[command(
        after_long_help = "Examples:\n  bkt shim add nmcli\n  bkt shim add docker --host podman\n  bkt shim list"
    )]
    Shim {
        #[command(subcommand)]
        command: ShimCommand,
    },
    /// Check that everything Bucket needs is there
    Doctor,
    /// Tell of new changes by a desktop notification; silent when there is nothing new
    Notify,
    /// Apply the setup once after a new system version started
    ///
    /// Adds and changes what the setup asks for; removes nothing, leaves kernel arguments to a reviewed plan, never asks.
    #[command(after_long_help = "Examples:\n  bkt first-boot --status\n  bkt first-boot -n")]
    FirstBoot(FirstBootArgs),
    /// Show and verify what the setup takes for granted in its base image
    #[command(after_long_help = "Examples:\n  bkt base verify\n  bkt base assume podman -r 'containers'\n\n\
        verify exits with 3 when an assumption does not hold, with 7 when one could not be checked.")]
    Base(BaseArgs),
    /// Show and verify the software the image fetches from elsewhere; without network
    #[command(after_long_help = "Examples:\n  bkt upstream list\n  bkt upstream verify")]
    Upstream(UpstreamArgs),
    /// List or print the JSON Schemas of manifests and of --json
    #[command(after_long_help = "Examples:\n  bkt schema\n  bkt schema status\n  bkt schema generate -o schemas")]
    Schema(SchemaArgs),
    /// Print the completion script for a shell
    #[command(after_long_help = "Example:\n  bkt completions bash > ~/.local/share/bash-completion/completions/bkt")]
    Completions(CompletionsArgs),
}

/// Which sides a command changes; as a rule both.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct SideArgs {
    /// Write the setup, leave this computer as it is
    #[arg(long, visible_alias = "manifest-only")]
    pub(crate) setup_only: bool,
    /// Change this computer, leave the setup as it is
    #[arg(long, visible_alias = "local", conflicts_with = "setup_only")]
    pub(crate) here_only: bool,
    /// On an image-based computer: have it at once, too, until the next restart
    #[arg(long, conflicts_with = "setup_only")]
    pub(crate) now: bool,
}

/// Things to change, by name.
#[derive(Debug, clap::Args)]
pub(crate) struct ThingsArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

/// Things to look at, by name.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Which
    #[arg(value_name = "NAME", required = true)]
    pub(crate) names: Vec<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DnfCommand {
    /// Add packages
    #[command(visible_alias = "add")]
    Install(ThingsArgs),
    /// Take packages out
    Remove(ThingsArgs),
    /// List what the setup has and what was added here
    List,
    /// Show both sides of packages
    Show(ShowArgs),
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlatpakCommand {
    /// Add apps
    #[command(visible_alias = "install")]
    Add(FlatpakAdd),
    /// Take apps out; their data is kept
    Remove(ThingsArgs),
    /// List what the setup has and what is installed here
    List,
    /// Show both sides of apps
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct FlatpakAdd {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    /// The remote they come from
    #[arg(short, long, value_name = "NAME", default_value = "flathub")]
    pub(crate) remote: String,
    /// For everyone on this computer
    #[arg(long)]
    pub(crate) system: bool,
    /// For you only [default]
    #[arg(long, conflicts_with = "system")]
    pub(crate) user: bool,
    /// The older spelling of --system and --user
    #[arg(short, long, value_name = "SCOPE", hide = true, value_parser = ["system", "user"], conflicts_with_all = ["system", "user"])]
    pub(crate) scope: Option<String>,
    /// The branch
    #[arg(long, value_name = "BRANCH")]
    pub(crate) branch: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ShimCommand {
    /// Add commands
    Add(ShimAdd),
    /// Take commands out
    Remove(ThingsArgs),
    /// List what the setup has and what is here
    List,
    /// Show both sides of commands
    Show(ShowArgs),
}

#[derive(Debug, clap::Args)]
pub(crate) struct ShimAdd {
    #[command(flatten)]
    pub(crate) things: ThingsArgs,
    /// What they run on the host [default: the same name]
    #[arg(short = 'H', long, value_name = "COMMAND")]
    pub(crate) host: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct UndoArgs {
    /// The number of the run [default: the last one that changed something]
    #[arg(value_name = "N")]
    pub(crate) run: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Print one stable line per item, for scripts
    #[arg(long, conflicts_with_all = ["json", "format"])]
    pub(crate) porcelain: bool,
    /// End lines of --porcelain with NUL
    #[arg(short = 'z', requires = "porcelain")]
    pub(crate) nul: bool,
    /// Include ignored items in --porcelain
    #[arg(long, requires = "porcelain")]
    pub(crate) ignored: bool,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct DriftArgs {
    #[command(subcommand)]
    pub(crate) command: Option<DriftCommand>,
    #[command(flatten)]
    pub(crate) list: DriftList,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DriftCommand {
    /// List every difference
    List(DriftList),
    /// Say in the exit code whether there are differences: 0 none, 3 some, 7 something could not be checked
    Check(DriftCheck),
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct DriftList {
    /// List ignored differences instead
    #[arg(long)]
    pub(crate) ignored: bool,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct DriftCheck {
    /// Show a desktop notification when there is something new
    #[arg(long)]
    pub(crate) notify: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DiffArgs {
    /// Items (pkg:htop), patterns ('flatpak:org.gnome.*') or kinds (flatpak) [default: all changes]
    #[arg(value_name = "ITEM|PATTERN")]
    pub(crate) items: Vec<String>,
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct PlanArgs {
    #[command(subcommand)]
    pub(crate) command: Option<PlanCommand>,
    #[command(flatten)]
    pub(crate) show: PlanShow,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PlanCommand {
    /// Show exactly what apply and capture would do
    Show(PlanShow),
}

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct PlanShow {
    /// Apply these [default, without --capture: everything with a suggestion]
    #[arg(long, value_name = "ITEM|PATTERN", num_args = 1..)]
    pub(crate) apply: Vec<String>,
    /// Capture these
    #[arg(long, value_name = "ITEM|PATTERN", num_args = 1..)]
    pub(crate) capture: Vec<String>,
    /// Save the plan, to be run by ‘bkt apply FILE’
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Exit with 3 when there is something to do
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// Items (pkg:htop), patterns ('flatpak:org.gnome.*'), kinds (flatpak), or one saved plan (plan.json)
    #[arg(value_name = "ITEM|PATTERN|PLAN.json")]
    pub(crate) items: Vec<String>,
    /// Apply every change, also those without a suggestion
    #[arg(long, conflicts_with = "items")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct CaptureArgs {
    /// Items, patterns or kinds [default: everything with the suggestion to capture]
    #[arg(value_name = "ITEM|PATTERN")]
    pub(crate) items: Vec<String>,
    /// Capture every change, also those without a suggestion
    #[arg(long, conflicts_with = "items")]
    pub(crate) all: bool,
    /// Capture values that look private, too
    #[arg(long)]
    pub(crate) include_private: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct IgnoreArgs {
    /// Items, patterns or kinds
    #[arg(value_name = "ITEM|PATTERN", required = true)]
    pub(crate) items: Vec<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SystemArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SystemCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SystemCommand {
    /// Show the versions of the system on this computer, and who updates it
    Show,
    /// List the packages that differ between two versions
    ///
    /// A version is named by its role (booted, staged, rollback, pinned), its version, or the beginning of its id.
    /// Without names: what the next start changes, or what the last one changed.
    #[command(
        after_long_help = "Examples:\n  bkt system diff\n  bkt system diff rollback booted\n  bkt system diff pinned"
    )]
    Diff(SystemDiff),
    /// Show what waits for a restart
    Staged,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SystemDiff {
    /// The version before
    #[arg(value_name = "FROM")]
    pub(crate) from: Option<String>,
    /// The version after [default: booted]
    #[arg(value_name = "TO")]
    pub(crate) to: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ContainerfileArgs {
    #[command(subcommand)]
    pub(crate) command: ContainerfileCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ContainerfileCommand {
    /// Say how each section stands, and in the exit code whether one differs: 0 none, 3 some, 7 not checked
    Check,
    /// Show what ‘sync --force’ would change
    Diff(ContainerfileDiff),
    /// Write what the manifests say into the sections that are there
    Sync(ContainerfileSync),
    /// Insert sections that are not there, each where it belongs
    Adopt(ContainerfileAdopt),
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ContainerfileDiff {
    /// Exit with 3 when there are differences, with 7 when something could not be checked
    #[arg(long)]
    pub(crate) exit_code: bool,
}

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct ContainerfileSync {
    /// Replace sections that were edited by hand, too
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ContainerfileAdopt {
    /// The sections [default: those the manifests declare something for]
    #[arg(value_name = "SECTION")]
    pub(crate) sections: Vec<Section>,
    /// Those, Bucket itself and the baked setup
    #[arg(long, conflicts_with = "sections")]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct LogArgs {
    /// The number of a run
    #[arg(value_name = "N")]
    pub(crate) run: Option<u64>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingArgs {
    #[command(subcommand)]
    pub(crate) command: GsettingCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum GsettingCommand {
    /// List the settings of the setup, or the keys of schemas, with their values
    List(GsettingList),
    /// List what differs from its default; the setup need not mention it
    Discover(GsettingChanged),
    /// Print the value of a key
    Get(GsettingName),
    /// Set a key, in the setup and on this computer
    Set(GsettingSet),
    /// Say what keys mean, which values they may have, and what the setup says
    Describe(GsettingName),
    /// Print changes as they happen, to find the key a switch writes; with --json one object per line
    Watch(GsettingChanged),
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingList {
    /// List what differs from its default
    #[arg(long)]
    pub(crate) changed: bool,
    #[command(flatten)]
    pub(crate) keys: GsettingChanged,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingChanged {
    /// Only these schemas (SCHEMA:/PATH/ for one that has instances)
    #[arg(value_name = "SCHEMA")]
    pub(crate) schemas: Vec<String>,
    /// Also keys in which programs remember their state, such as the size of windows
    #[arg(long)]
    pub(crate) all: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingSet {
    /// The schema, SCHEMA:/PATH/ for one that has instances
    #[arg(value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: String,
    /// The value as GVariant text; text alone needs no quotes
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: String,
    #[command(flatten)]
    pub(crate) sides: SideArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct GsettingName {
    /// The schema, SCHEMA:/PATH/ for one that has instances, or a whole item (gsetting:SCHEMA/KEY)
    #[arg(value_name = "SCHEMA")]
    pub(crate) schema: String,
    /// The key
    #[arg(value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct FirstBootArgs {
    /// Do the administrator's part; what the system service runs
    #[arg(long)]
    pub(crate) system: bool,
    /// Only say how the last one ended
    #[arg(long)]
    pub(crate) status: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct BaseArgs {
    #[command(subcommand)]
    pub(crate) command: BaseCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BaseCommand {
    /// Look whether every assumption holds on this computer
    Verify,
    /// List the assumptions
    List,
    /// Show the base image and when it was last verified
    Info,
    /// Take packages of the base image for granted
    Assume {
        /// The packages
        #[arg(value_name = "PACKAGE", required = true)]
        packages: Vec<PackageName>,
        /// Why the setup needs them
        #[arg(short, long, value_name = "TEXT")]
        reason: Option<String>,
    },
    /// No longer take packages for granted
    Unassume {
        /// The packages
        #[arg(value_name = "PACKAGE", required = true)]
        packages: Vec<PackageName>,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct UpstreamArgs {
    #[command(subcommand)]
    pub(crate) command: UpstreamCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UpstreamCommand {
    /// List what the image fetches
    List,
    /// Show one
    Info {
        /// Its name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Look whether every pin has a checksum and agrees with the files beside it
    Verify,
}

#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SchemaArgs {
    #[command(subcommand)]
    pub(crate) command: Option<SchemaCommand>,
    /// Print this one: a manifest (system-packages) or a document (status)
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SchemaCommand {
    /// List them
    List,
    /// Print one
    Show {
        /// A manifest (system-packages) or a document (status)
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// Write all of them into a folder
    Generate {
        /// The folder
        #[arg(short, long, value_name = "DIR", default_value = "schemas")]
        output: PathBuf,
    },
}

#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub(crate) shell: clap_complete::Shell,
}

/// Arguments that name no command, or ask for help.
#[derive(Debug)]
pub(crate) struct Refused {
    error: clap::Error,
    json: bool,
}

/// Reads the arguments.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Args, Refused> {
    Args::try_parse_from(arguments).map_err(|error| {
        let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
        let json = words.iter().any(|word| matches!(*word, "--json" | "--format=json"))
            || words.windows(2).any(|pair| pair == ["--format", "json"]);
        Refused { error, json }
    })
}

impl Refused {
    /// Prints the help that was asked for, or what is wrong.
    pub(crate) fn print(self) -> ExitCode {
        if self.json && self.error.use_stderr() {
            let said = self.error.render().to_string();
            let message = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
            // A closed standard output is no failure of ours.
            let _ = document_to(std::io::stdout(), &document::error(&Problem::new("usage", message), exit::USAGE));
        } else {
            // A closed standard output is no failure of ours.
            let _ = self.error.print();
        }
        ExitCode::from(if self.error.use_stderr() { exit::USAGE } else { exit::DONE })
    }
}
