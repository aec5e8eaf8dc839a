// SPDX-License-Identifier: GPL-3.0-or-later
//! What a newcomer sees first.

use crate::computer::Computer;

#[test]
fn alone_it_says_where_to_begin() {
    let said = Computer::bare(&[]).bkt(&[]);
    assert_eq!((said.exit, said.err.as_str()), (0, ""));
    insta::assert_snapshot!(said.out, @r"
    See how this computer differs from its setup, and decide about each difference.

    Look     status · drift [list|check] · diff · plan [show] · log · system · doctor
    Edit     dnf · copr · flatpak · remote · ext · gsetting · shim · skel · etc
             brew · appimage · bin · distrobox · dev
    Decide   apply · capture · ignore · unignore · undo · local [list|commit]
    System   admin kargs|systemd|systemctl|bootc
    Image    containerfile check|diff|sync|adopt · base · upstream · schema
             repo · commit · pr · pull · changelog · build-info
    Set up   init · first-boot · notify · topgrade · completions · help

    Begin with ‘bkt status’, or ‘bkt init’ where there is no setup.
    ‘bkt help COMMAND’ explains a command and its options.
    ");
}

#[test]
fn help_fits_eighty_columns_and_names_every_command() {
    let said = Computer::bare(&[]).bkt(&["-h"]);
    assert_eq!(said.exit, 0);
    assert!(said.out.lines().all(|line| line.chars().count() <= 80), "{}", said.out);
    insta::assert_snapshot!(said.out, @r"
    See how this computer differs from its setup, and decide about each difference

    Usage: bkt [OPTIONS] [COMMAND]

    Commands:
      status         Show this computer, its setup, and how many changes there are
                     to decide
      drift          List every difference
      diff           Show both sides of changes, and what apply and capture would do
      plan           Show exactly what apply and capture would do
      apply          Make this computer what the setup says
      capture        Write what this computer has into the setup
      ignore         Stop reporting items
      unignore       Report items again that were ignored
      system         Show the versions of the system on this computer, and who
                     updates it [alias: sys]
      containerfile  Keep the Containerfile of the setup in step with its manifests
      repo           Show the setup's branch, what is not committed, open pull
                     requests and the last build
      commit         Commit chosen entries of the setup on its branch
      pr             Open a pull request with chosen entries of the setup
      pull           Bring in what was merged into the setup elsewhere
      changelog      Keep a changelog of the setup: entries, versions, CHANGELOG.md
      build-info     Show what changed between two commits of the setup, and which
                     image has it
      log            List past runs, or show one [alias: history]
      undo           Take back what a run did
      dnf            Install and remove packages, in the setup and on this computer
      copr           Add and turn off COPR projects that packages come from
      flatpak        Add and remove Flatpak apps, in the setup and on this computer
                     [alias: fp]
      remote         Add and remove where Flatpak apps come from
      ext            Add, remove and switch extensions of GNOME Shell, in the setup
                     and on this computer [alias: extension]
      gsetting       Look at settings: their values, what they mean, which you
                     changed [alias: gs]
      shim           Add and remove commands of the host that toolboxes have, too
      skel           Keep files of the home folder in the setup
      etc            See, restore and keep changed files of /etc
      brew           Add and remove what Homebrew installs, in the setup and on this
                     computer [alias: homebrew]
      appimage       Add and remove AppImages, in the setup and in Gear Lever
                     [alias: ai]
      bin            Add and remove programs fetched from GitHub, crates.io or npm
                     [alias: fetchbin]
      distrobox      Add and remove boxes of Distrobox, in the setup and on this
                     computer [alias: box]
      dev            Install and remove packages in a development container, and
                     keep them in the setup
      local          List, keep or forget what was changed on this computer alone,
                     with --here-only
      admin          Kernel arguments, services, and versions of the system
      init           Start a setup of your own from this computer, or open one
      doctor         Check that everything Bucket needs is there
      notify         Tell of new changes by a desktop notification; silent when
                     there is nothing new
      first-boot     Apply the setup once after a new system version started
      topgrade       Have Topgrade update the system, and show what differs after it
      base           Show and verify what the setup takes for granted in its base
                     image
      upstream       Show and verify the software the image fetches from elsewhere;
                     without network
      schema         List or print the JSON Schemas of manifests and of --json
      completions    Print the completion script for a shell
      help           Print this message or the help of the given subcommand(s)

    Options:
      -h, --help     Print help (see more with '--help')
      -V, --version  Print version

    Options of every command:
      -C, --repo <DIR>    Use the setup in DIR [default: BKT_REPO, the repository
                          around the current folder, ~/setup]
          --root <DIR>    Look at and change the computer below DIR instead of the
                          running one
          --json          Print one JSON document instead of text
      -q, --quiet         Say less: no hints and no progress
      -v, --verbose       Say more: what tools print, and how long comparing took
          --color <WHEN>  Colour the output [default: auto] [possible values: auto,
                          always, never]

    Options of commands that change something:
      -n, --dry-run         Only show what would be done
      -y, --yes             Do it without asking [alias: --confirm]
          --pr              Open a pull request with what changed in the setup
          --pr-only         Only open a pull request; leave this computer and the
                            setup's folder as they are
          --no-input        Never ask; fail where an answer is needed
          --progress <HOW>  How to show progress on standard error [default: auto]
                            [possible values: auto, plain, json, none]

    Run ‘bkt help COMMAND’ for examples.
    ");
}

#[test]
fn long_help_explains_exit_codes_and_shows_examples() {
    let computer = Computer::bare(&[]);
    assert!(computer.bkt(&["--help"]).out.contains("  3    differences found"));
    assert!(computer.bkt(&["help", "apply"]).out.contains("Examples:\n  bkt apply\n"));
}

#[test]
fn a_wrong_word_is_wrong_usage() {
    let computer = Computer::bare(&[]);
    let said = computer.bkt(&["statsu"]);
    assert_eq!((said.exit, said.out.as_str()), (2, ""));
    assert!(said.err.contains("status"), "{said:?}");
    for args in [&["status", "-z"][..], &["apply", "--all", "pkg"], &["status", "-q", "-v"]] {
        assert_eq!(computer.bkt(args).exit, 2, "{args:?}");
    }
}

#[test]
fn completions_are_made_for_every_shell() {
    let computer = Computer::bare(&[]);
    for shell in ["bash", "zsh", "fish", "elvish", "nushell", "nu", "powershell"] {
        let said = computer.bkt(&["completions", shell]);
        assert!(said.exit == 0 && said.out.contains("first-boot"), "{shell}");
    }
}
