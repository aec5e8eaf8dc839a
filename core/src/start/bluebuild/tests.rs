// SPDX-License-Identifier: GPL-3.0-or-later
//! Recipes as people write them.

use super::*;

fn told(recipe: &str, files: &[(&str, &str)]) -> (Option<String>, Vec<String>, Vec<String>) {
    let mut takeover = Takeover::default();
    let file = |place: &str| Some(files.iter().find(|(name, _)| *name == place)?.1.to_owned());
    let told = read(&mut takeover, "recipes/recipe.yml", recipe, &file).unwrap();
    let place = |at: &str| at.trim_start_matches("recipes/recipe.yml ").to_owned();
    let taken = takeover.taken.iter().map(|taken| format!("{}: {}", place(&taken.at), taken.item));
    let left = takeover.left.iter().map(|left| format!("{}: {}", place(&left.at), left.what));
    (told.base.map(|base| base.to_string()), taken.chain(takeover.groups()).collect(), left.collect())
}

const RECIPE: &str = r#"---
# yaml-language-server: $schema=https://schema.blue-build.org/recipe-v1.json
name: my-bluefin
description: Mine
base-image: ghcr.io/ublue-os/bluefin
image-version: 43
modules:
  - type: dnf
    repos:
      copr:
        - atim/starship
        - name: "@group/thing"
          chroot: fedora-43-x86_64
      files:
        - https://copr.fedorainfracloud.org/coprs/g/ublue/packages/repo/fedora-%OS_VERSION%/x.repo
        - https://pkgs.tailscale.com/stable/fedora/tailscale.repo
      nonfree: rpmfusion
    install:
      skip-unavailable: true
      exclude: [gcc-go]
      packages:
        - starship
        - "@development-tools"
        - https://example.org/x.rpm
        - repo: tailscale-stable
          packages: [tailscale]
    group-install:
      with-optional: true
      packages: [virtualization]
    remove:
      packages: [firefox, firefox-langpacks]
  - type: rpm-ostree
    install: [micro, htop]
    remove:
      - nano
  - type: systemd
    system:
      enabled: [tailscaled, podman.socket]
      masked: [abrtd.service]
      unmasked: [x.service]
    user:
      enabled: [syncthing.service]
  - type: kargs
    kargs:
      - quiet
      - zswap.enabled=1 preempt=full
      - root=UUID=1
  - type: default-flatpaks@v2
    configurations:
      - scope: system
        install: [org.mozilla.firefox, org.gnome.Loupe]
      - repo: {url: "https://example.org/lab.flatpakrepo", name: lab}
        install: [org.gnome.Loupe, app/org.gnome.Boxes/x86_64/stable]
  - type: gnome-extensions
    install:
      - Vitals
      - 3628
      - caffeine@patapon.info
  - type: gschema-overrides
    include: [desktop.gschema.override, gone.gschema.override]
  - type: brew
    brew-analytics: false
  - from-file: more.yml
  - type: script
    snippets:
      - dnf5 -y install tmux
      - curl https://example.org | sh
    scripts: [x.sh]
  - type: fonts
    fonts: {nerd-fonts: [FiraCode]}
  - type: local
    source: local
"#;

#[test]
fn every_module_is_taken_over_or_named() {
    let files = [
        (
            "recipes/more.yml",
            "modules:\n  - type: kargs\n    arch: x86_64\n    kargs: [mitigations=off]\n  - type: systemd\n    system: {disabled: cups}\n",
        ),
        (
            "files/gschema-overrides/desktop.gschema.override",
            "[org.gnome.desktop.interface]\n# 24 hours\nclock-format='24h'\n[org.gnome.mutter:GNOME]\ndynamic-workspaces=true\n[org.x:KDE]\na=1\n",
        ),
        ("files/scripts/x.sh", "#!/bin/bash\n\nsystemctl enable sshd\nmake install\n"),
    ];
    let (base, taken, left) = told(RECIPE, &files);
    assert_eq!(base.as_deref(), Some("ghcr.io/ublue-os/bluefin:43"));
    insta::assert_snapshot!(taken.join("\n"), @r"
    module 1 (dnf): copr:atim/starship
    module 1 (dnf): copr:@group/thing
    module 1 (dnf): copr:@ublue/packages
    module 1 (dnf): pkg:starship
    module 2 (rpm-ostree): pkg:micro
    module 2 (rpm-ostree): pkg:htop
    module 3 (systemd): unit:tailscaled.service
    module 3 (systemd): unit:podman.socket
    module 3 (systemd): unit:abrtd.service
    module 4 (kargs): karg:quiet
    module 4 (kargs): karg:zswap.enabled=1
    module 4 (kargs): karg:preempt=full
    module 5 (default-flatpaks): remote:flathub
    module 5 (default-flatpaks): flatpak:org.mozilla.firefox
    module 5 (default-flatpaks): flatpak:org.gnome.Loupe
    module 5 (default-flatpaks): remote:lab
    module 5 (default-flatpaks): flatpak:user/org.gnome.Loupe
    module 5 (default-flatpaks): flatpak:org.gnome.Boxes
    module 6 (gnome-extensions): ext:caffeine@patapon.info
    files/gschema-overrides/desktop.gschema.override: gsetting:org.gnome.desktop.interface/clock-format
    files/gschema-overrides/desktop.gschema.override: gsetting:org.gnome.mutter/dynamic-workspaces
    module 10 (systemd): unit:cups.service
    module 11 (script): pkg:tmux
    files/scripts/x.sh:3: unit:sshd.service
    @development-tools
    @virtualization
    ");
    insta::assert_snapshot!(left.join("\n"), @r"
    module 1 (dnf): chroot fedora-43-x86_64 of @group/thing
    module 1 (dnf): https://pkgs.tailscale.com/stable/fedora/tailscale.repo
    module 1 (dnf): repos.nonfree: rpmfusion
    module 1 (dnf): https://example.org/x.rpm
    module 1 (dnf): tailscale
    module 1 (dnf): skip-unavailable
    module 1 (dnf): with-optional
    module 1 (dnf): remove firefox
    module 1 (dnf): remove firefox-langpacks
    module 2 (rpm-ostree): remove nano
    module 3 (systemd): unmasked: x.service
    module 3 (systemd): user enabled syncthing.service
    module 4 (kargs): root=UUID=1
    module 6 (gnome-extensions): Vitals
    module 6 (gnome-extensions): 3628
    files/gschema-overrides/desktop.gschema.override: a=1
    module 7 (gschema-overrides): gone.gschema.override
    module 8 (brew): brew
    module 9 (kargs): mitigations=off
    module 11 (script): curl https://example.org | sh
    files/scripts/x.sh:4: make install
    module 12 (fonts): fonts
    module 13 (local): local
    ");
}

#[test]
fn older_flatpaks_and_both_scopes_keep_their_names_apart() {
    let recipe = "base-image: ghcr.io/a/b\nmodules:\n  - type: default-flatpaks\n    system:\n      install: [org.a.B]\n      remove: [org.c.D]\n    user:\n      repo-name: lab\n      repo-url: https://example.org/x.flatpakrepo\n      install: [org.a.B]\n";
    let (_, taken, left) = told(recipe, &[]);
    assert_eq!(
        taken,
        ["remote:flathub", "flatpak:org.a.B", "remote:lab", "flatpak:user/org.a.B"]
            .map(|item| format!("module 1 (default-flatpaks): {item}"))
    );
    assert_eq!(left, ["module 1 (default-flatpaks): remove org.c.D"]);
}

#[test]
fn what_is_no_recipe_or_would_break_out_is_refused() {
    let mut takeover = Takeover::default();
    for text in ["- a\n", "modules: [", "just text", ""] {
        let refused = read(&mut takeover, "recipes/recipe.yml", text, &|_| None);
        assert!(matches!(refused, Err(StartError::Foreign { .. })), "{text:?}: {refused:?}");
    }
    let (base, taken, left) = told(
        "base-image: \"ghcr.io/a/b\\nRUN x\"\nimage-version: 1\nmodules:\n  - type: dnf\n    install: {packages: [\"a; rm -rf /\", \"-y\"]}\n  - type: kargs\n    kargs: [\"a=$(id)\"]\n  - type: systemd\n    system: {enabled: [\"x y\"]}\n  - from-file: recipe.yml\n  - nonsense\n",
        &[("recipes/recipe.yml", "modules:\n  - from-file: recipe.yml\n")],
    );
    assert_eq!((base, taken), (None, Vec::<String>::new()));
    assert_eq!(left.len(), 7, "{left:#?}");
}
