// SPDX-License-Identifier: GPL-3.0-or-later
//! The grammar: `bkt [FLAGS] COMMAND [ITEM|PATTERN…]`. The comments here are what `--help` says.
//!
//! Invariant: flags work before and after the command; nothing is abbreviated; a wrong word is exit code 2.

mod admin;
mod appimage;
mod bin;
mod boxes;
mod brew;
mod build_info;
mod changelog;
mod changes;
mod containerfile;
mod copr;
mod dev;
mod dnf;
mod etc;
mod ext;
mod flatpak;
mod gsetting;
mod init;
mod kept;
mod kinds;
mod local;
mod older;
mod repository;
mod shim;
mod sides;
mod skel;
mod system;
mod topgrade;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use bkt_core::document;
use bkt_core::problem::Problem;
use clap::error::ErrorKind;
use clap::{Parser, Subcommand, ValueEnum};

pub(crate) use admin::{
    AdminArgs, AdminCommand, BootcCommand, KargsCommand, NamesArgs, SwitchArgs, SystemctlCommand, SystemdCommand,
    TwoSidesArgs, UnitsArgs, UpgradeArgs,
};
pub(crate) use appimage::{AppImageAdd, AppImageCommand};
pub(crate) use bin::{BinAdd, BinCommand};
pub(crate) use boxes::{BoxAdd, BoxCapture, BoxCommand, BoxImport};
pub(crate) use brew::BrewCommand;
pub(crate) use build_info::BuildInfoArgs;
pub(crate) use changelog::{
    ChangelogAdd, ChangelogArgs, ChangelogBuilt, ChangelogCommand, ChangelogEdit, ChangelogLost, ChangelogNames,
    ChangelogRelease, ChangelogShow,
};
pub(crate) use changes::{
    ApplyArgs, CaptureArgs, DiffArgs, DriftArgs, DriftCheck, DriftCommand, DriftList, IgnoreArgs, LogArgs, PlanArgs,
    PlanCommand, Side, StatusArgs, UndoArgs, UnignoreArgs,
};
pub(crate) use containerfile::{
    ContainerfileAdopt, ContainerfileArgs, ContainerfileCommand, ContainerfileDiff, ContainerfileSync,
};
pub(crate) use copr::CoprCommand;
pub(crate) use dev::{BoxOption, DevCommand, DevCopr, DevDo, DevLook, DevShow, DevSides};
pub(crate) use dnf::DnfCommand;
pub(crate) use etc::{EtcCapture, EtcCommand, EtcNames};
pub(crate) use ext::ExtCommand;
pub(crate) use flatpak::{
    FlatpakAdd, FlatpakCommand, FlatpakOverride, FlatpakPin, FlatpakThings, PlaceArgs, RemoteAdd, RemoteCommand,
    RemoteThings,
};
pub(crate) use gsetting::{
    GsettingArgs, GsettingChanged, GsettingCommand, GsettingList, GsettingName, GsettingSet, GsettingUnset,
};
pub(crate) use init::InitArgs;
pub(crate) use kept::{
    BaseArgs, BaseCommand, CompleteArgs, CompletionsArgs, ManArgs, SchemaArgs, SchemaCommand, Shell, UpstreamArgs,
    UpstreamCommand,
};
pub(crate) use kinds::KindsArgs;
pub(crate) use local::{LocalArgs, LocalClear, LocalCommand, LocalCommit, LocalItems};
pub(crate) use repository::{CommitArgs, EntriesArgs, PrArgs, RepoArgs, RepoCommand};
pub(crate) use shim::ShimCommand;
pub(crate) use sides::{SideArgs, ThingsArgs};
pub(crate) use skel::{SkelAdd, SkelCommand, SkelNames, SkelSync};
pub(crate) use system::{FirstBootArgs, SystemArgs, SystemCommand, SystemDiff};
pub(crate) use topgrade::{TopgradeArgs, TopgradeCommand};

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
#[derive(Debug, Clone, clap::Args)]
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
    color: When,
    /// The usual other way to say --color never
    #[arg(long, global = true, hide = true, conflicts_with = "color")]
    no_color: bool,
    /// Only show what would be done
    #[arg(short = 'n', long, global = true, help_heading = CHANGING)]
    pub(crate) dry_run: bool,
    /// Do it without asking
    #[arg(short, long, visible_alias = "confirm", overrides_with = "yes", global = true, help_heading = CHANGING)]
    pub(crate) yes: bool,
    /// Open a pull request with what changed in the setup
    #[arg(long, global = true, conflicts_with = "pr_only", help_heading = CHANGING)]
    pub(crate) pr: bool,
    /// Only open a pull request; leave this computer and the setup's folder as they are
    #[arg(long, global = true, help_heading = CHANGING)]
    pub(crate) pr_only: bool,
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
    /// When to use colour.
    pub(crate) const fn color(&self) -> When {
        if self.no_color { When::Never } else { self.color }
    }

    /// Whether one JSON document is wanted.
    pub(crate) fn wants_json(&self) -> bool {
        self.json || self.format == Some(Format::Json)
    }
}

/// Text or JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people
    #[value(alias = "human")]
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
    #[command(
        after_long_help = "Examples:\n  bkt drift\n  bkt drift --origin computer\n  bkt drift --ignored\n  bkt drift check -q || bkt drift"
    )]
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
        after_long_help = "Examples:\n  bkt apply\n  bkt apply pkg:htop 'flatpak:org.gnome.*'\n  bkt apply --all --yes\n  bkt apply --all --now\n  bkt apply plan.json"
    )]
    Apply(ApplyArgs),
    /// Write what this computer has into the setup
    #[command(
        after_long_help = "Examples:\n  bkt capture\n  bkt capture flatpak:org.gnome.Boxes -y\n  bkt capture gsetting -n"
    )]
    Capture(CaptureArgs),
    /// Stop reporting items
    #[command(
        after_long_help = "Examples:\n  bkt ignore pkg:powertop\n  bkt ignore 'flatpak:com.valvesoftware.*'\n  bkt ignore --list\n\n\
        The patterns are kept in .bktignore in the setup; ‘bkt unignore’ takes them out again."
    )]
    Ignore(IgnoreArgs),
    /// Report items again that were ignored
    #[command(after_long_help = "Examples:\n  bkt unignore pkg:powertop\n  bkt unignore 'flatpak:com.valvesoftware.*'")]
    Unignore(UnignoreArgs),
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
    /// Show the setup's branch, what is not committed, open pull requests and the last build
    #[command(
        after_long_help = "Examples:\n  bkt repo\n  bkt repo --offline\n  cd \"$(bkt repo path)\"\n  bkt repo --json | jq .pull_requests"
    )]
    Repo(RepoArgs),
    /// Commit chosen entries of the setup on its branch
    ///
    /// The commit is made beside the folder you work in: other changes there, staged or not, stay as they are.
    #[command(
        after_long_help = "Examples:\n  bkt commit\n  bkt commit pkg:htop 'flatpak:org.gnome.*'\n  bkt commit README.md -m 'Explain the setup'"
    )]
    Commit(CommitArgs),
    /// Open a pull request with chosen entries of the setup
    ///
    /// They are committed on a new branch beside the folder you work in, and pushed. gh opens the pull request; without
    /// it you get the page to open it on.
    #[command(
        after_long_help = "Examples:\n  bkt pr\n  bkt pr pkg:htop --title 'Add htop' --draft\n  bkt dnf install htop --pr"
    )]
    Pr(PrArgs),
    /// Bring in what was merged into the setup elsewhere
    ///
    /// What is not committed here is merged with it, or nothing is changed.
    #[command(after_long_help = "Examples:\n  bkt pull\n  bkt pull && bkt drift")]
    Pull,
    /// Keep a changelog of the setup: entries, versions, CHANGELOG.md
    ///
    /// Where the setup has a .changelog folder, entries are drafted of what runs change in it.
    #[command(
        after_long_help = "Examples:\n  bkt changelog add 'Boxes' -t added -c flatpak\n  bkt changelog pending\n  bkt changelog ready --all\n  bkt changelog release --tag"
    )]
    Changelog(ChangelogArgs),
    /// Show what changed between two commits of the setup, and which image has it
    ///
    /// What of the setup this computer does not have yet: it comes with the next start, is pushed, or not even that.
    /// With --annotations: what an image says of itself when it is built.
    #[command(
        after_long_help = "Examples:\n  bkt build-info\n  bkt build-info v1..v2\n  bkt build-info --image ghcr.io/me/setup:latest\n  \
        mapfile -t note < <(bkt build-info HEAD~1 --annotations)\n  podman build --build-arg BKT_REVISION=$(git rev-parse HEAD) \\\n    \"${note[@]/#/--annotation=}\" .\n\n\
        An image tells its commit where BKT_REVISION was given when it was built. Of\n\
        another one the manifests in it are compared with the commits of the branch."
    )]
    BuildInfo(BuildInfoArgs),
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
    /// Add and turn off COPR projects that packages come from
    #[command(
        after_long_help = "Examples:\n  bkt copr add atim/starship\n  bkt copr disable atim/starship\n  bkt copr list\n\n\
        In an image a project is used while the image is built, and is off in the image itself. With\n\
        --now it is added here at once, and stays until you turn it off."
    )]
    Copr {
        #[command(subcommand)]
        command: CoprCommand,
    },
    /// Add and remove Flatpak apps, in the setup and on this computer
    #[command(
        visible_alias = "fp",
        after_long_help = "Examples:\n  bkt flatpak add org.gnome.Boxes\n  bkt flatpak add org.gnome.Boxes --system --setup-only\n  \
        bkt flatpak pin org.gnome.Boxes\n  bkt flatpak override org.gnome.Boxes --filesystem=home"
    )]
    Flatpak {
        #[command(subcommand)]
        command: FlatpakCommand,
    },
    /// Add and remove where Flatpak apps come from
    #[command(
        after_long_help = "Examples:\n  bkt remote add flathub\n  bkt remote add lab https://lab.example/lab.flatpakrepo --system\n  bkt remote list"
    )]
    Remote {
        #[command(subcommand)]
        command: RemoteCommand,
    },
    /// Add, remove and switch extensions of GNOME Shell, in the setup and on this computer
    #[command(
        visible_alias = "extension",
        after_long_help = "Examples:\n  bkt ext enable caffeine@patapon.info\n  bkt ext add tilingshell@ferrarodomenico.com --setup-only\n  bkt ext list"
    )]
    Ext {
        #[command(subcommand)]
        command: ExtCommand,
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
    /// Keep files of the home folder in the setup
    #[command(
        after_long_help = "Examples:\n  bkt skel add .bashrc .config/htop\n  bkt skel diff\n  bkt skel sync --force"
    )]
    Skel {
        #[command(subcommand)]
        command: SkelCommand,
    },
    /// See, restore and keep changed files of /etc
    #[command(
        after_long_help = "Examples:\n  bkt etc list\n  bkt etc diff /etc/ssh/ssh_config\n  bkt etc restore ssh/ssh_config\n  bkt etc capture keyd/default.conf"
    )]
    Etc {
        #[command(subcommand)]
        command: EtcCommand,
    },
    /// Add and remove what Homebrew installs, in the setup and on this computer
    #[command(
        visible_alias = "homebrew",
        after_long_help = "Examples:\n  bkt brew add ripgrep\n  bkt brew add ublue-os/tap ublue-os/tap/linux-mcp-server\n  bkt brew list"
    )]
    Brew {
        #[command(subcommand)]
        command: BrewCommand,
    },
    /// Add and remove AppImages, in the setup and in Gear Lever
    #[command(
        visible_alias = "ai",
        after_long_help = "Examples:\n  bkt appimage add OrcaSlicer/OrcaSlicer -a 'OrcaSlicer_Linux_*.AppImage'\n  bkt appimage disable OrcaSlicer\n  bkt appimage list"
    )]
    Appimage {
        #[command(subcommand)]
        command: AppImageCommand,
    },
    /// Add and remove programs fetched from GitHub, crates.io or npm
    ///
    /// A program of a release on GitHub is placed only when its checksum is the one that is published, or that you give.
    #[command(
        visible_alias = "fetchbin",
        after_long_help = "Examples:\n  bkt bin add github:BurntSushi/ripgrep --binary rg\n  bkt bin add npm:@biomejs/biome@1.9.4\n  bkt bin remove rg"
    )]
    Bin {
        #[command(subcommand)]
        command: BinCommand,
    },
    /// Add and remove boxes of Distrobox, in the setup and on this computer
    #[command(
        visible_alias = "box",
        after_long_help = "Examples:\n  bkt distrobox add dev --image registry.fedoraproject.org/fedora-toolbox:43 -p git\n  \
        bkt distrobox list\n  bkt distrobox capture dev\n  bkt distrobox apply\n\n\
        Compared is what a box was made from. One that differs is made anew: what was installed in it\n\
        is lost, your home stays. Changes of a box are reviewed as a plan first."
    )]
    Distrobox {
        #[command(subcommand)]
        command: BoxCommand,
    },
    /// Install and remove packages in a development container, and keep them in the setup
    #[command(
        after_long_help = "Examples:\n  bkt dev install gcc\n  bkt dev copr enable atim/starship\n  bkt dev diff\n  \
        bkt dev sync --box bootc-dev\n  bkt dev enter\n\n\
        The container is the one this runs in; else the one named with --box, a box of Distrobox or a\n\
        toolbox; else the toolbox that ‘toolbox enter’ enters.\n\n\
        What dnf could not do in it is not written to the setup. A container is no part of the computer:\n\
        ‘bkt log’ does not list this, and ‘bkt undo’ does not undo it; ‘bkt dev remove’ takes an\n\
        installed package away again."
    )]
    Dev {
        #[command(subcommand)]
        command: DevCommand,
    },
    /// List, keep or forget what was changed on this computer alone, with --here-only
    ///
    /// On a system that is an image, a restart takes packages away that were installed in this way; everything else
    /// stays until it is changed back.
    #[command(
        after_long_help = "Examples:\n  bkt local list\n  bkt local commit pkg:htop\n  bkt local commit pkg:htop --pr --reason \"For the build\"\n  bkt local clear"
    )]
    Local(LocalArgs),
    /// Kernel arguments, services, and versions of the system
    #[command(after_long_help = "Examples:\n  bkt admin kargs list\n  bkt admin kargs append zswap.enabled=1\n  \
        bkt admin systemd enable docker.socket\n  bkt admin systemctl restart tuned\n  bkt admin bootc status\n\n\
        ‘systemd’ is about the image, ‘systemctl’ about this computer, now.")]
    Admin(AdminArgs),
    /// Start a setup of your own from this computer, or open one
    ///
    /// Writes manifests of what is yours here, a Containerfile that builds on the image this computer runs, a workflow
    /// that builds, checks, pushes and signs it on GitHub, and makes the first commit. The computer stays as it is.
    ///
    /// A folder or address with a setup is opened as it is. A BlueBuild recipe, or a Containerfile as made from Universal
    /// Blue's template, gets manifests beside it, and what cannot be taken over is named.
    #[command(
        after_long_help = "Examples:\n  bkt init -n\n  bkt init\n  bkt init ~/my-computer --base ghcr.io/ublue-os/bluefin:stable\n  \
        bkt init https://github.com/sam/setup\n  bkt init ~/src/my-bluebuild -n\n\n\
        What the base image has is not part of it, and what looks private is left out and named."
    )]
    Init(InitArgs),
    /// Check that everything Bucket needs is there
    Doctor,
    /// Tell of new changes by a desktop notification; silent when there is nothing new
    Notify,
    /// Apply the setup once after a new system version started
    ///
    /// Adds and changes what the setup asks for; removes nothing, leaves kernel arguments to a reviewed plan, never asks.
    #[command(after_long_help = "Examples:\n  bkt first-boot --status\n  bkt first-boot -n\n  \
        sudo bkt first-boot --system --now\n\n\
        Once per image: other kernel arguments, layered packages or a rollback do not make it\n\
        run again. What fails keeps nothing else from being done, and is tried again at the\n\
        next start or sign-in; what was cut off three times without getting further is tried\n\
        again with --again only. The services: systemctl status bkt-first-boot, and the same\n\
        with --user. Exit codes: 0 complete, 5 partly, 1 failed, 7 something could not be checked.")]
    FirstBoot(FirstBootArgs),
    /// Have Topgrade update the system, and show what differs after it
    ///
    /// Writes a file where Topgrade looks for one, in topgrade.d of your configuration folder. Its step ‘System update’
    /// then knows how this system is updated, and ‘bkt first-boot’ and ‘bkt status’ come after its own steps.
    #[command(after_long_help = "Examples:\n  bkt topgrade\n  bkt topgrade install\n  topgrade --dry-run\n\n\
        On images of Universal Blue, ‘ujust bkt-topgrade’ does the same, and ‘ujust bkt-update’ updates\n\
        without Topgrade.")]
    Topgrade(TopgradeArgs),
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
    /// Print the names a word could become, for the completion scripts
    #[command(hide = true)]
    Complete(CompleteArgs),
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man(ManArgs),
}

impl Command {
    /// Whether it may write the setup, so that there can be something for a pull request.
    pub(crate) const fn changes_setup(&self) -> bool {
        matches!(
            self,
            Self::Capture(_)
                | Self::Ignore(_)
                | Self::Unignore(_)
                | Self::Containerfile(_)
                | Self::Dnf { .. }
                | Self::Copr { .. }
                | Self::Flatpak { .. }
                | Self::Remote { .. }
                | Self::Ext { .. }
                | Self::Gsetting(_)
                | Self::Shim { .. }
                | Self::Skel { .. }
                | Self::Brew { .. }
                | Self::Appimage { .. }
                | Self::Bin { .. }
                | Self::Distrobox { .. }
                | Self::Dev { .. }
                | Self::Local(_)
                | Self::Admin(_)
                | Self::Base(_)
                | Self::Changelog(_)
        )
    }
}

/// Arguments that name no command, or ask for help.
#[derive(Debug)]
pub(crate) struct Refused {
    error: clap::Error,
    json: bool,
    /// What replaces an older word.
    tip: Option<String>,
}

/// Reads the arguments.
pub(crate) fn parse(arguments: &[OsString]) -> Result<Args, Refused> {
    let mut error = match Args::try_parse_from(arguments) {
        Ok(args) => return Ok(args),
        Err(error) => error,
    };
    let today = older::today(arguments).filter(|_| error.use_stderr());
    match today.map(Args::try_parse_from) {
        Some(Ok(args)) => return Ok(args),
        // Help, or a line that would be understood with another word.
        Some(Err(again)) if !again.use_stderr() || again.kind() == ErrorKind::MissingRequiredArgument => error = again,
        _ => {}
    }
    let words: Vec<_> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let json = words.iter().any(|word| matches!(*word, "--json" | "--format=json"))
        || words.windows(2).any(|pair| matches!(pair, ["--format" | "-f", "json"]));
    let tip = older::point(&mut error, &words);
    Err(Refused { error, json, tip })
}

impl Refused {
    /// Prints the help that was asked for, or what is wrong.
    pub(crate) fn print(self) -> ExitCode {
        if self.json && self.error.use_stderr() {
            let said = self.error.render().to_string();
            let message = said.lines().next().unwrap_or_default().trim_start_matches("error: ");
            let mut problem = Problem::new("usage", message);
            let shown = || said.lines().find_map(|line| line.trim().strip_prefix("tip: ")).map(str::to_owned);
            problem.hint = self.tip.or_else(shown);
            // A closed standard output is no failure of ours.
            let _ = document_to(std::io::stdout(), &document::error(&problem, exit::USAGE));
        } else {
            // A closed standard output is no failure of ours.
            let _ = self.error.print();
        }
        ExitCode::from(if self.error.use_stderr() { exit::USAGE } else { exit::DONE })
    }
}
