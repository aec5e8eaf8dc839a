// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt init` for what somebody has already, with real git and a bare repository for the one elsewhere.

use std::path::Path;

use crate::computer::Computer;
use crate::init::{bare, bkt, fails, git, home};

fn write(at: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = at.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn read(at: &Path, name: &str) -> String {
    std::fs::read_to_string(at.join(name)).unwrap()
}

/// A repository elsewhere that holds these files.
fn origin(computer: &Computer, files: &[(&str, &str)]) -> String {
    let (origin, work) = (computer.path("origin.git"), computer.path("work"));
    git(&computer.path("."), &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
    if !files.is_empty() {
        git(&computer.path("."), &["clone", "--quiet", origin.to_str().unwrap(), "work"]);
        write(&work, files);
        for (name, value) in [("user.name", "Sam"), ("user.email", "sam@example.org")] {
            git(&work, &["config", name, value]);
        }
        git(&work, &["add", "--all"]);
        git(&work, &["commit", "--quiet", "-m", "Begin"]);
        git(&work, &["push", "--quiet", "origin", "HEAD:main"]);
    }
    format!("file://{}", origin.display())
}

const BLUEBUILD: &str = "name: mine\nbase-image: ghcr.io/ublue-os/silverblue-main\nimage-version: 43\nmodules:\n  - type: dnf\n    install:\n      packages: [micro, starship]\n    repos:\n      copr: [atim/starship]\n    remove:\n      packages: [firefox]\n  - type: systemd\n    system:\n      enabled: [sshd]\n";
const RECIPE: &str = "FROM scratch AS ctx\nCOPY build_files /\n\nFROM ghcr.io/ublue-os/bazzite:stable\n\nRUN --mount=type=bind,from=ctx,source=/,target=/ctx \\\n    /ctx/build.sh\n\nRUN bootc container lint\n";
const SCRIPT: &str =
    "#!/bin/bash\nset -ouex pipefail\n\ndnf5 install -y tmux\ndnf5 remove -y nano\nsystemctl enable podman.socket\n";

#[test]
fn a_setup_elsewhere_is_cloned_and_opened_as_it_is() {
    let computer = bare();
    let url = origin(&computer, &[("manifests/system-packages.json", "{\"packages\": [\"htop\"]}\n")]);
    let said = bkt(&computer, &["init", &url, "-n"]);
    assert!(said.out.contains("Would clone the setup of file:///tmp/x/origin.git to ~/setup."), "{said:?}");
    assert_eq!(home(&computer), Vec::<String>::new());
    let said = bkt(&computer, &["init", &url]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert_eq!(said.out, "Opened the setup in ~/setup, which has 1 entry.\n");
    assert_eq!(home(&computer), ["setup"]);
    let setup = computer.path("home/setup");
    assert_eq!(git(&setup, &["status", "--porcelain"]), "");
    assert!(bkt(&computer, &["drift"]).exit == 0);
    // It is there now, and is opened as a folder; a second clone is not put over it.
    assert_eq!(bkt(&computer, &["init"]).out, "Opened the setup in ~/setup, which has 1 entry.\n");
    fails(&bkt(&computer, &["init", &url]), 6, "is not empty");
    let other = computer.path("other").display().to_string();
    let document =
        bkt(&computer, &["init", computer.path("origin.git").to_str().unwrap(), &other, "--json"]).document();
    assert_eq!(
        (&document["kind"], &document["written"], &document["chosen"]),
        (&"setup".into(), &true.into(), &false.into())
    );
}

#[test]
fn what_cannot_be_cloned_or_opened_leaves_nothing() {
    let computer = bare();
    let said = bkt(&computer, &["init", "file:///nonexistent.git", "-y"]);
    fails(&said, 1, "file:///nonexistent.git cannot be cloned");
    assert!(said.err.contains("Check the address"), "{said:?}");
    let url = origin(&computer, &[("notes.txt", "x\n")]);
    fails(&bkt(&computer, &["init", &url, "-y"]), 6, "has neither manifests nor a recipe");
    fails(&bkt(&computer, &["init", "a", "b"]), 2, "a second folder");
    assert_eq!(home(&computer), Vec::<String>::new());
    let broken = computer.path("home/broken");
    write(&broken, &[("recipes/recipe.yml", "modules: [\n")]);
    fails(
        &bkt(&computer, &["init", broken.to_str().unwrap(), "-y"]),
        6,
        "recipes/recipe.yml cannot be read as a recipe",
    );
    assert!(!broken.join("manifests").exists());
}

#[test]
fn a_new_repository_elsewhere_gets_this_computer() {
    let computer = bare();
    let url = origin(&computer, &[]);
    let said = bkt(&computer, &["init", &url, "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    assert!(said.err.contains("git -C ~/setup push -u origin HEAD"), "{said:?}");
    let setup = computer.path("home/setup");
    git(&setup, &["push", "--quiet", "-u", "origin", "HEAD"]);
    assert!(git(&computer.path("origin.git"), &["ls-tree", "-r", "--name-only", "main"]).contains("Containerfile"));
}

#[test]
fn a_bluebuild_recipe_gets_manifests_beside_it() {
    let computer = bare();
    let workflow = "on: push\njobs:\n  build:\n    steps:\n      - uses: blue-build/github-action@v1\n";
    let url = origin(&computer, &[("recipes/recipe.yml", BLUEBUILD), (".github/workflows/build.yml", workflow)]);
    let planned = bkt(&computer, &["init", &url, "-n"]);
    insta::assert_snapshot!(planned.out, @r"
    Manifests from the BlueBuild recipe in ~/setup
      read from recipes/recipe.yml
      System Services    1
      COPR Repositories  1
      Packages           2
    Image
      built on ghcr.io/ublue-os/silverblue-main:43
    Files
      .bktignore
      Containerfile
      manifests/system-config.json
      manifests/system-packages.json
    Not taken over
      removing packages of the base image is a line of your own in the
        Containerfile:
        recipes/recipe.yml module 1 (dnf)  remove firefox
      it builds the recipe, until you have it build the Containerfile:
        .github/workflows/build.yml  recipes/recipe.yml
    ");
    fails(&bkt(&computer, &["init", &url, "--no-input"]), 2, "--yes");
    assert_eq!(home(&computer), Vec::<String>::new());
    let said = bkt(&computer, &["init", &url, "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    let setup = computer.path("home/setup");
    assert!(read(&setup, "Containerfile").contains("FROM ghcr.io/ublue-os/silverblue-main:43\n"));
    assert_eq!(bkt(&computer, &["containerfile", "check"]).exit, 0);
    assert_eq!(read(&setup, "recipes/recipe.yml"), BLUEBUILD);
    assert_eq!(read(&setup, ".github/workflows/build.yml"), workflow);
    assert_eq!(git(&setup, &["log", "--format=%s"]), "Begin\n");
    let said = bkt(&computer, &["commit", "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
}

#[test]
fn a_containerfile_gets_sections_and_keeps_its_script() {
    let computer = bare();
    let folder = computer.path("home/image");
    write(&folder, &[("Containerfile", RECIPE), ("build_files/build.sh", SCRIPT)]);
    let said = bkt(&computer, &["init", folder.to_str().unwrap(), "-y"]);
    assert_eq!(said.exit, 0, "{said:?}");
    insta::assert_snapshot!(said.out, @r"
    Manifests from the Containerfile in ~/image
      read from Containerfile, build_files/build.sh
      System Services  1
      Packages         1
    Files
      .bktignore
      .github/renovate.json
      .github/workflows/build.yml
      Containerfile
      manifests/system-config.json
      manifests/system-packages.json
    Not taken over
      it is none of the commands that manifests replace:
        build_files/build.sh:5  dnf5 remove -y nano

    Wrote 2 entries into ~/image; nothing was committed.
    ");
    insta::assert_snapshot!(said.err, @r"
    Look at it with ‘git status’, and commit it with ‘bkt -C ~/image commit’.
    What is in manifests now can go from where it was read.
    See how it stands with ‘bkt -C ~/image status’.
    ");
    let recipe = read(&folder, "Containerfile");
    assert!(recipe.starts_with(RECIPE.strip_suffix("RUN bootc container lint\n").unwrap()), "{recipe}");
    assert_eq!(read(&folder, "build_files/build.sh"), SCRIPT);
    assert_eq!(bkt(&computer, &["-C", folder.to_str().unwrap(), "containerfile", "check"]).exit, 0);
    let document = bkt(&computer, &["init", folder.to_str().unwrap(), "--json"]).document();
    assert_eq!((&document["kind"], &document["written"]), (&"setup".into(), &false.into()));
}
