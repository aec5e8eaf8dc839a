// SPDX-License-Identifier: GPL-3.0-or-later
//! A Containerfile of somebody's own, with the scripts it runs, as manifests.
//!
//! Universal Blue's template runs `build_files/build.sh`; others have their commands in the Containerfile itself. Both
//! are read, and stay as they are: a package that is installed twice is installed once.
//!
//! Invariant: a script is read once, and only one that the recipe names.

use super::shell;
use super::takeover::Takeover;

/// Where scripts of such a repository are.
const FOLDERS: [&str; 5] = ["build_files", "", "scripts", "build", "files/scripts"];

/// Reads the recipe and its scripts, and tells which files said something.
pub(super) fn read(
    takeover: &mut Takeover,
    name: &str,
    text: &str,
    file: &dyn Fn(&str) -> Option<String>,
) -> Vec<String> {
    let mut from = vec![name.to_owned()];
    for (line, instruction) in runs(text) {
        let commands: Vec<&str> =
            instruction.split("&&").map(str::trim).filter(|command| !command.is_empty()).collect();
        let mut rest = Vec::new();
        for command in commands {
            let script = command.split_whitespace().find(|word| word.ends_with(".sh"));
            let found = script.and_then(|word| {
                let base = word.rsplit('/').next()?;
                let places = FOLDERS.iter().map(|folder| match *folder {
                    "" => base.to_owned(),
                    folder => format!("{folder}/{base}"),
                });
                places.into_iter().find_map(|place| file(&place).map(|text| (place, text)))
            });
            match found {
                Some((place, _)) if from.contains(&place) => {}
                Some((place, text)) => {
                    shell::read(takeover, &place, &text, true);
                    from.push(place);
                }
                None => rest.push(command),
            }
        }
        if !rest.is_empty() {
            shell::read(takeover, &format!("{name}:{line}"), &rest.join(" && "), false);
        }
    }
    from
}

/// What each RUN of the recipe runs, without its options, with the line it begins on. Sections are Bucket's own.
fn runs(text: &str) -> Vec<(usize, String)> {
    let mut runs = Vec::new();
    let mut lines = text.lines().enumerate();
    let mut managed = false;
    while let Some((index, line)) = lines.next() {
        let line = line.trim();
        if line.starts_with("# === ") {
            managed = line.contains("(managed by bkt)");
        }
        let Some(rest) = line.split_once(char::is_whitespace).filter(|(word, _)| word.eq_ignore_ascii_case("RUN"))
        else {
            continue;
        };
        let mut whole = rest.1.trim().to_owned();
        while whole.ends_with('\\') {
            whole.pop();
            let Some((_, next)) = lines.next() else { break };
            let next = next.trim();
            match next.starts_with('#') {
                // A comment between continued lines is none of the command.
                true => whole.push('\\'),
                false => whole.push_str(&format!(" {next}")),
            }
        }
        let words: Vec<&str> = whole.split_whitespace().skip_while(|word| word.starts_with("--")).collect();
        if !managed && !words.is_empty() {
            runs.push((index + 1, words.join(" ")));
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recipe_and_the_scripts_it_names_are_read() {
        let recipe = "FROM scratch AS ctx\nCOPY build_files /\n\nFROM ghcr.io/ublue-os/bazzite:stable\n\
            RUN --mount=type=bind,from=ctx,source=/,target=/ctx \\\n    --mount=type=cache,dst=/var/cache \\\n    /ctx/build.sh && \\\n    ostree container commit\n\
            run dnf5 install -y htop \\\n    # two\n    strace && dnf5 clean all\n\
            # === SYSTEM_PACKAGES (managed by bkt) ===\nRUN dnf install -y mine\n# === END SYSTEM_PACKAGES ===\n\
            RUN bootc container lint\n";
        let script = "#!/bin/bash\nset -ouex pipefail\n\ndnf5 install -y tmux\nsystemctl enable podman.socket\ncp -r /ctx/x /y\n";
        let file = |place: &str| (place == "build_files/build.sh").then(|| script.to_owned());
        let mut takeover = Takeover::default();
        assert_eq!(read(&mut takeover, "Containerfile", recipe, &file), ["Containerfile", "build_files/build.sh"]);
        let taken: Vec<String> = takeover.taken.iter().map(|taken| format!("{} {}", taken.at, taken.item)).collect();
        assert_eq!(
            taken,
            [
                "build_files/build.sh:4 pkg:tmux",
                "build_files/build.sh:5 unit:podman.socket",
                "Containerfile:9 pkg:htop",
                "Containerfile:9 pkg:strace",
            ]
        );
        let left: Vec<&str> = takeover.left.iter().map(|left| left.what.as_str()).collect();
        assert_eq!(left, ["cp -r /ctx/x /y"]);
    }
}
