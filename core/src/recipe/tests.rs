// SPDX-License-Identifier: GPL-3.0-or-later
//! Recipes of existing users, edits by hand, and the shell's opinion of what is generated.

use super::*;

fn setup(files: &[(&str, &str)]) -> (tempfile::TempDir, Setup) {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("manifests")).unwrap();
    for (name, text) in files {
        crate::files::replace(&dir.path().join("manifests").join(name), text.as_bytes()).unwrap();
    }
    let setup = Setup::load(dir.path()).unwrap();
    (dir, setup)
}

fn full() -> (tempfile::TempDir, Setup) {
    let (dir, _) = setup(&[
        (
            "system-packages.json",
            r#"{"packages": ["strace", "htop"], "groups": ["@development-tools"], "excluded": ["nano"],
                "copr_repos": [{"name": "atim/starship", "enabled": true}, {"name": "a/off", "enabled": false}]}"#,
        ),
        (
            "system-config.json",
            r#"{"kargs": {"append": ["console=tty0", "a.b=1"], "remove": ["quiet"]},
                "systemd": {"enable": ["sshd"], "disable": ["x.timer"], "mask": ["dev-a\\x2db.mount"]}}"#,
        ),
        ("systemd-services.json", r#"{"services": {"cups.service": "enabled", "sshd.service": "disabled"}}"#),
        ("host-shims.json", r#"{"shims": [{"name": "docker", "host": "podman compose"}, {"name": "nmcli"}]}"#),
    ]);
    for (file, mode) in [
        ("keyd/default.conf", 0o600),
        ("bin/sam's own", 0o755),
        ("NetworkManager/system-connections/a.nmconnection", 0o644),
    ] {
        crate::files::put(&dir.path().join("system/etc").join(file), b"x", mode).unwrap();
    }
    crate::files::put_link(&dir.path().join("system/etc/link"), std::path::Path::new("keyd")).unwrap();
    let setup = Setup::load(dir.path()).unwrap();
    (dir, setup)
}

fn states(setup: &Setup, text: &str) -> Vec<(Section, &'static str)> {
    let (statuses, _) = check(setup, text).unwrap();
    statuses.iter().map(|status| (status.section, status.state.id())).filter(|(_, id)| *id != "not-needed").collect()
}

fn state(setup: &Setup, text: &str, section: Section) -> State {
    check(setup, text).unwrap().0.into_iter().find(|status| status.section == section).unwrap().state
}

#[test]
fn the_base_image_is_that_of_the_last_stage() {
    let base = |text: &str| {
        let dir = tempfile::tempdir().unwrap();
        crate::files::put(&dir.path().join("Containerfile"), text.as_bytes(), 0o644).unwrap();
        file::base_image(dir.path())
    };
    assert_eq!(base("FROM a AS build\nRUN x\nFROM --platform=x quay.io/b:42\n").as_deref(), Some("quay.io/b:42"));
    assert_eq!(base("FROM quay.io/b:42 as base\nFROM base\n").as_deref(), Some("quay.io/b:42"));
    assert_eq!(base("ARG TAG\nFROM b:$TAG\n"), None);
    assert_eq!(base("RUN x\n"), None);
}

#[test]
fn every_section_is_inserted_in_its_place_and_is_then_in_sync() {
    let (_dir, setup) = full();
    let text = "FROM a AS build\nRUN x\n\nFROM b\nRUN y\n\n# The end.\nRUN bootc container lint\n";
    let (adopted, sections) = adopted(&setup, text, &Wanted::All).unwrap();
    assert_eq!(sections, Section::ALL);
    assert!(states(&setup, &adopted).iter().all(|(_, id)| *id == "in-sync"), "{adopted}");
    assert!(adopted.starts_with("FROM a AS build\nRUN x\n\nFROM b\nRUN y\n\n# === COPR_REPOS (managed by bkt) ==="));
    assert!(adopted.ends_with("# === END SETUP ===\n\n# The end.\nRUN bootc container lint\n"));
    assert_eq!(adopted, include_str!("tests/adopted.Containerfile"));
}

#[test]
fn packages_that_are_not_to_be_checked_are_installed_with_a_warning() {
    let (_dir, setup) = setup(&[(
        "system-packages.json",
        r#"{"packages": ["htop"], "copr_repos": ["a/b", {"name": "c/d", "gpg_check": false}]}"#,
    )]);
    let (text, _) = adopted(&setup, "FROM a\n", &Wanted::Missing).unwrap();
    assert!(
        text.contains(
            "# WARNING: the signatures of packages from c/d are not checked (gpg_check).\nRUN dnf install -y \\\n    \
             --enablerepo=copr:copr.fedorainfracloud.org:a:b \\\n    \
             --enablerepo=copr:copr.fedorainfracloud.org:c:d \\\n    \
             --setopt=copr:copr.fedorainfracloud.org:c:d.gpgcheck=0 \\\n    htop \\\n"
        ),
        "{text}"
    );
    assert!(setup.warnings.iter().any(|warning| warning.message.contains("NOT checked")), "{:?}", setup.warnings);
}

#[test]
fn what_dnf_leaves_is_removed_once_with_the_packages_or_with_coprs_alone() {
    let of = |manifest: &str| setup(&[("system-packages.json", manifest)]);
    let recipe =
        |manifest: &str| adopted(&of(manifest).1, "FROM a\nRUN bootc container lint\n", &Wanted::Missing).unwrap().0;
    // What is not to come along with packages installs none.
    let alone = recipe(r#"{"copr_repos": ["a/b", "@c/d"], "excluded": ["nano"]}"#);
    assert_eq!(alone, include_str!("tests/coprs-alone.Containerfile"));
    for more in [r#""packages": ["htop"]"#, r#""groups": ["@tools"]"#] {
        let text = recipe(&format!(r#"{{"copr_repos": ["a/b", "@c/d"], {more}}}"#));
        assert_eq!(text.matches("rm -rf ").count(), 1, "{text}");
        assert!(
            text.find("copr disable") < text.find("dnf install") && text.find("dnf install") < text.find("rm -rf ")
        );
    }
    // The first package moves it.
    let (_dir, more) = of(r#"{"packages": ["htop"], "copr_repos": ["a/b", "@c/d"]}"#);
    assert_eq!(state(&more, &alone, Section::CoprRepos), State::OutOfDate);
    // What was generated before it was removed here is no edit by hand.
    let body = ["RUN set -eu; \\", "    dnf -y copr enable a/b; \\", "    dnf -y copr disable a/b"];
    let (lines, digest) = (body.join("\n"), digest_line(body.into_iter()));
    let earlier =
        format!("FROM a\n# === COPR_REPOS (managed by bkt) ===\n{lines}\n{digest}\n# === END COPR_REPOS ===\n");
    let (_dir, same) = of(r#"{"copr_repos": ["a/b"]}"#);
    assert_eq!(state(&same, &earlier, Section::CoprRepos), State::OutOfDate);
    assert_eq!(synced(&same, &earlier, false).unwrap().text.matches("rm -rf ").count(), 1);
    // It is a step like any other.
    let joined = alone.replace("\\\n", "");
    let command = joined.lines().find_map(|line| line.strip_prefix("RUN ")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("bin")).unwrap();
    for (failing, works) in [("none", true), ("dnf", false), ("rm", false)] {
        assert_eq!(run(dir.path(), command, failing), works, "{failing}");
    }
}

/// Runs the body of a `RUN` in a real shell, below a directory, where all programs work except one.
fn run(directory: &std::path::Path, command: &str, failing: &str) -> bool {
    for program in
        ["dnf", "find", "mkdir", "chmod", "ln", "cp", "install", "systemctl", "rm", "glib-compile-schemas", "rpm"]
    {
        let path = directory.join("bin").join(program);
        let exit = u8::from(program == failing || program == "rpm");
        crate::files::replace(&path, format!("#!/bin/sh\nexit {exit}\n").as_bytes()).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    }
    let command = command.replace("> /usr", &format!("> {}/usr", directory.display()));
    #[expect(clippy::disallowed_methods, reason = "asks a real shell")]
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", &command]).env("PATH", directory.join("bin")).status().unwrap().success()
}

#[test]
fn a_real_shell_runs_every_command_and_stops_at_each_that_fails() {
    let (_dir, setup) = full();
    let (text, _) = adopted(&setup, "FROM a\n", &Wanted::All).unwrap();
    let joined = text.replace("\\\n", "");
    let commands: Vec<&str> = joined.lines().filter_map(|line| line.strip_prefix("RUN ")).collect();
    let dir = tempfile::tempdir().unwrap();
    for part in ["bin", "usr/libexec/bkt/shims", "usr/lib/bootc/kargs.d", "usr/share/bkt/setup"] {
        std::fs::create_dir_all(dir.path().join(part)).unwrap();
    }
    let mut stopped = 0;
    for command in commands {
        assert!(run(dir.path(), command, "none"), "{command}");
        for failing in ["dnf", "find", "mkdir", "chmod", "ln", "cp", "systemctl", "rm", "glib-compile-schemas"] {
            if command.split([' ', ';']).any(|word| word == failing) {
                assert!(!run(dir.path(), command, failing), "{failing} fails in: {command}");
                stopped += 1;
            }
        }
    }
    assert!(stopped >= 12, "{stopped}");
    let read = |path: &str| crate::files::read(&dir.path().join(path)).unwrap().unwrap();
    let kargs: toml::Table = toml::from_str(&read("usr/lib/bootc/kargs.d/50-bkt.toml")).unwrap();
    assert_eq!(kargs["kargs"].as_array().unwrap().len(), 2);
    assert_eq!(read("usr/libexec/bkt/shims/docker"), "#!/bin/sh\nexec flatpak-spawn --host podman compose \"$@\"\n");
}

#[test]
fn a_real_sed_takes_arguments_out_of_the_files_of_the_base_and_leaves_no_empty_ones() {
    let (_dir, setup) = setup(&[("system-config.json", r#"{"kargs": {"remove": ["quiet", "a.b=1"]}}"#)]);
    let (text, _) = adopted(&setup, "FROM a\n", &Wanted::Missing).unwrap();
    let base = tempfile::tempdir().unwrap();
    let files = [
        (r#"kargs = ["quiet"]"#, vec![]),
        (r#"kargs = ["quiet", "x=1"]"#, vec!["x=1"]),
        (r#"kargs = [ "x=1", "quiet" ]"#, vec!["x=1"]),
        (r#"kargs = ["x=1","quiet","a.b=1", "y"]"#, vec!["x=1", "y"]),
        ("kargs = [\n  'quiet', # no\n  \"a.b=1\",\n  'x=1 quiet',\n  'a.b=1'\n]", vec!["x=1 "]),
        (r#"kargs = ["quietly", "aab=1", "a.b=12"]"#, vec!["quietly", "aab=1", "a.b=12"]),
    ];
    for (index, (text, _)) in files.iter().enumerate() {
        let path = base.path().join(format!("usr/lib/bootc/kargs.d/{index}.toml"));
        crate::files::put(&path, format!("{text}\nmatch-architectures = [\"x86_64\"]\n").as_bytes(), 0o644).unwrap();
    }
    let command = text.replace("\\\n", "").replace("/usr/lib", &format!("{}/usr/lib", base.path().display()));
    let command = command.lines().find_map(|line| line.strip_prefix("RUN ")).unwrap();
    #[expect(clippy::disallowed_methods, reason = "asks a real shell and a real sed")]
    let mut shell = std::process::Command::new("/bin/sh");
    assert!(shell.args(["-euc", command]).status().unwrap().success());
    for (index, (before, after)) in files.iter().enumerate() {
        let path = base.path().join(format!("usr/lib/bootc/kargs.d/{index}.toml"));
        let table: toml::Table = toml::from_str(&crate::files::read(&path).unwrap().unwrap()).unwrap();
        let kargs: Vec<&str> = table["kargs"].as_array().unwrap().iter().filter_map(toml::Value::as_str).collect();
        assert_eq!(&kargs, after, "{before}");
        assert_eq!(table["match-architectures"].as_array().unwrap().len(), 1, "{before}");
    }
}

#[test]
fn an_older_file_is_ours_where_it_says_what_the_manifests_say() {
    let (_dir, setup) = setup(&[
        ("system-packages.json", r#"{"packages": ["htop", "gcc"], "copr_repos": [{"name": "a/b"}]}"#),
        (
            "system-config.json",
            r#"{"kargs": {"append": ["b=1", "a"], "remove": ["quiet"]}, "systemd": {"enable": ["z", "b.timer"], "mask": ["c"]}}"#,
        ),
    ]);
    let older = "FROM x\n\
        # === SYSTEM_PACKAGES (managed by bkt) ===\nRUN dnf install -y \\\n    gcc \\\n    htop \\\n    && dnf clean all\n# === END SYSTEM_PACKAGES ===\n\
        # === COPR_REPOS (managed by bkt) ===\nRUN set -eu; \\\n    dnf copr enable -y a/b\n# === END COPR_REPOS ===\n\
        # === HOST_SHIMS (managed by bkt) ===\n# No host shims configured\n# === END HOST_SHIMS ===\n\
        # === KERNEL_ARGUMENTS (managed by bkt) ===\nRUN rpm-ostree kargs \\\n    --delete=quiet \\\n    --append=b=1 \\\n    --append=a\n# === END KERNEL_ARGUMENTS ===\n\
        # === SYSTEMD_UNITS (managed by bkt) ===\nRUN set -eu; \\\n    systemctl enable z b.timer; \\\n    systemctl mask c\n# === END SYSTEMD_UNITS ===\n";
    let (statuses, notes) = check(&setup, older).unwrap();
    for status in &statuses {
        let is_newer = status.section.is_optional() || status.section == Section::EtcFiles;
        let wanted = if is_newer { State::NotNeeded } else { State::OutOfDate };
        assert_eq!(status.state, wanted, "{}", status.section);
    }
    assert_eq!(notes, [Note::NoLint, Note::CoprsAfterPackages(2)]);
    let newer = synced(&setup, older, false).unwrap();
    assert_eq!((newer.changed.len(), newer.left.len()), (5, 0));
    assert!(states(&setup, &newer.text).iter().all(|(_, id)| *id == "in-sync"), "{}", newer.text);
    // The newest form of an older version, with packages of other repositories.
    let built = older.replace("-y \\\n    gcc", "-y \\\n    /tmp/rpms/*.rpm \\\n    gcc");
    assert_eq!(state(&setup, &built, Section::SystemPackages), State::OutOfDate);
    for edited in [
        older.replace("    htop \\\n", "    htop \\\n    vim \\\n"),
        older.replace("    htop \\\n", ""),
        older.replace("&& dnf clean all", "&& echo && dnf clean all"),
        older.replace("RUN dnf install -y \\", "# mine\nRUN dnf install -y \\"),
    ] {
        assert!(matches!(state(&setup, &edited, Section::SystemPackages), State::HandEdited(_)), "{edited}");
    }
}

#[test]
fn an_edit_by_hand_is_named_by_its_line_and_replaced_only_by_force() {
    let (dir, setup) = full();
    let (text, _) = adopted(&setup, "FROM a\nRUN bootc container lint\n", &Wanted::Missing).unwrap();
    let edited = text.replace("    htop \\", "    htop vim \\");
    let line = u32::try_from(edited.lines().position(|line| line.contains("vim")).unwrap() + 1).unwrap();
    assert_eq!(state(&setup, &edited, Section::SystemPackages), State::HandEdited(line));
    let left = synced(&setup, &edited, false).unwrap();
    assert_eq!((left.text.as_str(), left.left), (edited.as_str(), vec![(Section::SystemPackages, line)]));
    let forced = synced(&setup, &edited, true).unwrap();
    assert_eq!((forced.text.as_str(), forced.changed), (text.as_str(), vec![Section::SystemPackages]));
    // A manifest that changed is no edit of the file.
    crate::files::replace(&dir.path().join("manifests/system-packages.json"), br#"{"packages": ["htop"]}"#).unwrap();
    let setup = Setup::load(dir.path()).unwrap();
    assert_eq!(state(&setup, &text, Section::SystemPackages), State::OutOfDate);
    assert_eq!(state(&setup, &text, Section::CoprRepos), State::OutOfDate);
    let (statuses, _) = check(&setup, &text).unwrap();
    let packages = statuses.iter().find(|status| status.section == Section::SystemPackages).unwrap();
    let difference = packages.difference(&text, "Containerfile");
    assert_eq!((difference.added, difference.removed), (1, 5), "{}", difference.unified);
}

#[test]
fn a_broken_manifest_takes_only_its_own_sections_with_it() {
    let (_dir, setup) = setup(&[
        ("system-packages.json", "{\"packages\": [],\n \"copr_repos\": [{\"name\": \"a/b; curl x\"}]}"),
        ("host-shims.json", "{\"shims\": [\n{\"name\": \"../x\"}]}"),
        ("system-config.json", r#"{"systemd": {"enable": ["a"]}}"#),
    ]);
    let (statuses, _) = check(&setup, "FROM x\n").unwrap();
    let told: Vec<String> = statuses
        .iter()
        .filter_map(|status| match &status.state {
            State::Unknown(error) => Some(error.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(told.len(), 3);
    assert!(told[0].starts_with("manifests/system-packages.json line 2: ‘a/b; curl x’ is not a valid COPR project"));
    assert!(told[2].starts_with("manifests/host-shims.json line 2: ‘../x’ is not a valid shim name"), "{}", told[2]);
    assert_eq!(state(&setup, "FROM x\n", Section::SystemdUnits), State::Missing);
}

#[test]
fn the_last_argument_taken_away_leaves_an_empty_list() {
    let (_dir, setup) = setup(&[]);
    let markers = "FROM x\n# === KERNEL_ARGUMENTS (managed by bkt) ===\n# === END KERNEL_ARGUMENTS ===";
    let text = synced(&setup, markers, false).unwrap().text;
    assert!(text.contains("'kargs = []'") && text.ends_with("# === END KERNEL_ARGUMENTS ==="), "{text}");
    assert_eq!(states(&setup, &text), [(Section::KernelArguments, "in-sync")]);
}

#[test]
fn what_is_foreseen_is_what_happens() {
    let (dir, before) = full();
    let (text, _) = adopted(&before, "FROM a\n", &Wanted::These(vec![Section::SystemPackages])).unwrap();
    crate::files::replace(&dir.path().join("Containerfile"), text.as_bytes()).unwrap();
    let packages = crate::manifest::Manifest::SystemPackages.path();
    let foreseen = |text: &str| file::foresee(dir.path(), [(packages, text.to_owned())].into(), Vec::new());
    let same = crate::files::read(&dir.path().join(packages)).unwrap().unwrap();
    assert_eq!(foreseen(&same).changed, []);
    assert_eq!(foreseen("{").changed, [], "what cannot be read changes nothing");
    let next = r#"{"packages": ["strace"], "copr_repos": ["a/b"]}"#;
    let seen = foreseen(next);
    assert_eq!((seen.file, &seen.changed[..]), ("Containerfile", &[Section::SystemPackages][..]));
    let ours = file::generated(dir.path());
    crate::files::replace(&dir.path().join(packages), next.as_bytes()).unwrap();
    assert_eq!(file::follow(dir.path(), &ours).unwrap(), seen.changed);
    // A section somebody edited stays as it is.
    let edited = text.replace("    htop \\\n", "    htop vim \\\n");
    crate::files::replace(&dir.path().join("Containerfile"), edited.as_bytes()).unwrap();
    assert_eq!(foreseen(&same).changed, []);
    // What was missing before is not news; what becomes missing is.
    crate::files::replace(&dir.path().join(packages), br#"{"packages": []}"#).unwrap();
    assert_eq!(foreseen(next).missing, [Section::CoprRepos]);
}

#[test]
fn files_of_the_home_are_baked_for_the_first_sign_in() {
    let (dir, before) = setup(&[]);
    let (text, _) = adopted(&before, "FROM a\n", &Wanted::These(vec![Section::Setup])).unwrap();
    assert!(!text.contains("skel"), "{text}");
    crate::files::replace(&dir.path().join("Containerfile"), text.as_bytes()).unwrap();
    let item = crate::item::ItemId::new(crate::item::Domain::Skel, ".config/a");
    let file = crate::tree::FileState::File { sha256: crate::name::FileDigest::of(b"1"), executable: false };
    let foreseen = |value| file::foresee(dir.path(), [].into(), vec![(item.clone(), value)]).changed;
    assert_eq!(foreseen(Some(crate::value::Value::File(file))), [Section::Setup]);
    assert_eq!(foreseen(None), []);
    crate::files::put(&dir.path().join("skel/.config/a"), b"1", 0o600).unwrap();
    let ours = file::generated(dir.path());
    assert_eq!(file::follow(dir.path(), &ours).unwrap(), [Section::Setup]);
    let text = file::read(dir.path()).unwrap().text;
    let baked =
        "COPY manifests /usr/share/bkt/setup/manifests\nCOPY skel /usr/share/bkt/setup/skel\nARG BKT_REVISION=\n";
    assert!(text.contains(baked), "{text}");
}

#[test]
fn files_of_etc_that_a_recipe_copies_by_itself_need_no_section() {
    let (_dir, setup) = full();
    let state = |text: &str| state(&setup, &format!("FROM a\n{text}\n"), Section::EtcFiles);
    for copied in [
        "COPY system/etc/keyd/default.conf /etc/keyd/default.conf",
        "COPY ./system/etc /etc",
        "COPY system /",
        "COPY [\"system/etc/a\", \"/etc/a\"]",
        "RUN --mount=type=bind,source=system/etc,target=/x cp -r /x/. /etc/",
    ] {
        assert_eq!(state(copied), State::NotNeeded, "{copied}");
    }
    for other in
        ["RUN systemctl enable a", "# COPY system/etc /etc", "COPY mysystem/etc /etc", "COPY system/etcetera /x"]
    {
        assert_eq!(state(other), State::Missing, "{other}");
    }
}

#[test]
fn a_real_shell_puts_files_of_etc_in_place_and_leaves_folders_as_they_are() {
    use std::os::unix::fs::PermissionsExt;
    let (dir, setup) = full();
    let (text, _) = adopted(&setup, "FROM a\n", &Wanted::These(vec![Section::EtcFiles])).unwrap();
    let joined = text.replace("\\\n", "");
    let command = joined.lines().find_map(|line| line.strip_prefix("RUN ")).unwrap();
    let image = tempfile::tempdir().unwrap();
    let root = image.path().display().to_string();
    let at = |part: &str| image.path().join(part);
    let mode = |part: &str| at(part).metadata().unwrap().permissions().mode() & 0o7777;
    std::fs::create_dir_all(at("etc/keyd")).unwrap();
    std::fs::set_permissions(at("etc/keyd"), PermissionsExt::from_mode(0o750)).unwrap();
    crate::files::put(&at("etc/link"), b"a file of the image", 0o600).unwrap();
    // What COPY does.
    let copied = format!("cp -a {}/system/etc {root}/tmp && ", dir.path().display());
    let command = command.replace("/tmp/bkt-etc", &format!("{root}/tmp")).replace("/etc/", &format!("{root}/etc/"));
    let command = command.replace("mkdir -p /etc;", &format!("mkdir -p {root}/etc;"));
    #[expect(clippy::disallowed_methods, reason = "asks a real shell")]
    let mut shell = std::process::Command::new("/bin/sh");
    assert!(shell.args(["-c", &format!("{copied}{command}")]).status().unwrap().success(), "{command}");
    assert_eq!((mode("etc/keyd"), mode("etc/keyd/default.conf"), mode("etc/bin/sam's own")), (0o750, 0o644, 0o755));
    assert_eq!(mode("etc/NetworkManager/system-connections/a.nmconnection"), 0o600);
    assert_eq!(std::fs::read_link(at("etc/link")).unwrap(), std::path::Path::new("keyd"));
    assert!(!at("tmp").exists());
}
