// SPDX-License-Identifier: GPL-3.0-or-later
//! With real git: a setup, what was baked of it, and what came after.

use super::annotations::annotations;
use super::*;
use crate::repository::tests::Desk;

impl Desk {
    /// Commits everything, and pushes it where that is wanted.
    fn save(&self, subject: &str, push: bool) -> String {
        self.git(&["add", "-A"]);
        self.git(&["commit", "--quiet", "-m", subject]);
        if push {
            self.git(&["push", "--quiet", "origin", "main"]);
        }
        self.git(&["rev-parse", "HEAD"]).trim().to_owned()
    }

    /// An image built from the folder as it is.
    fn bake(&self, role: Role, revision: &str) -> Image {
        let baked = self.dir.path().join(format!("{role:?}"));
        for part in ["manifests", ".changelog"] {
            let from = self.place.top.join(part);
            if from.exists() {
                std::fs::create_dir_all(&baked).unwrap();
                let words = ["-a", from.to_str().unwrap(), baked.to_str().unwrap()];
                let copied = self.host.run(&crate::host::Invocation::new("cp", words)).unwrap();
                assert_eq!(copied.status, 0, "{copied:?}");
            }
        }
        crate::files::put(&baked.join(REVISION), format!("{revision}\n").as_bytes(), 0o644).unwrap();
        at(&self.host, role, None, baked).unwrap()
    }

    fn waiting(&self, images: &[Image]) -> Vec<String> {
        let repository = self.repository();
        let status = repository.status().unwrap();
        let place = Place { repository: &repository, status: &status };
        let placed = waiting(&repository.setup(), images, Some(place)).unwrap();
        placed.iter().map(|it| format!("{} {:?}", it.entry.id(), it.stage)).collect()
    }

    fn since(&self, from: &str) -> crate::repository::between::Between {
        let repository = self.repository();
        let of = |word: &str| repository.commit_of(word).unwrap();
        repository.between(Some(of(from)), of("HEAD")).unwrap()
    }
}

#[test]
fn each_change_is_told_by_how_far_it_has_come() {
    let desk = Desk::new();
    let first = desk.git(&["rev-parse", "HEAD"]).trim().to_owned();
    let booted = desk.bake(Role::Booted, &first);
    assert_eq!(desk.waiting(std::slice::from_ref(&booted)), [""; 0]);
    desk.packages(&["git", "htop"]);
    let second = desk.save("Two", true);
    let staged = desk.bake(Role::Staged, &second);
    desk.packages(&["git", "htop", "strace"]);
    desk.write("Containerfile", "FROM a\nRUN x\n");
    desk.save("Three", true);
    desk.packages(&["htop", "strace"]);
    desk.write(".bktignore", "pkg:nano\n");
    desk.save("Four", false);
    desk.packages(&["htop", "strace", "tree"]);
    desk.write("skel/.bashrc", "x\n");
    let images = [booted, staged];
    assert_eq!(
        desk.waiting(&images),
        [
            "pkg:git Committed",
            "pkg:htop Staged",
            "pkg:strace Pushed",
            "pkg:tree Uncommitted",
            "skel/.bashrc Uncommitted",
            ".bktignore Committed",
            "Containerfile Pushed",
        ]
    );
    let nothing = waiting(&desk.place.top, &images[1..], None).unwrap();
    assert_eq!(nothing, [], "without the running image nothing is known");
    let repository = desk.repository();
    let status = repository.status().unwrap();
    let place = Place { repository: &repository, status: &status };
    let between = desk.since(&first);
    let placed = placed(between.entries, &between.to, &images, place).unwrap();
    let stages: Vec<Stage> = placed.iter().map(|it| it.stage).collect();
    assert_eq!(stages, [Stage::Committed, Stage::Pushed, Stage::Committed, Stage::Staged, Stage::Pushed]);
}

#[test]
fn what_is_in_the_folder_is_what_counts_of_an_image_built_from_it() {
    let desk = Desk::new();
    let first = desk.git(&["rev-parse", "HEAD"]).trim().to_owned();
    desk.packages(&["git", "htop"]);
    let booted = desk.bake(Role::Booted, &first);
    assert_eq!(desk.waiting(std::slice::from_ref(&booted)), [""; 0], "it was built with what is not committed");
    desk.packages(&["git"]);
    assert_eq!(desk.waiting(&[booted]), ["pkg:htop Pushed"], "that it is gone is what was pushed");
}

#[test]
fn an_image_that_names_no_commit_is_known_by_its_manifests() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    let second = desk.save("Two", false);
    let image = desk.bake(Role::Booted, "");
    assert_eq!(image.revision, None);
    desk.write("README.md", "Other\n");
    desk.save("Three", false);
    desk.packages(&["git"]);
    desk.save("Four", false);
    let commit = found(&image, &desk.repository()).unwrap().unwrap();
    assert_eq!((commit.id, commit.subject), (second, "Two".to_owned()));
    desk.packages(&["never"]);
    let other = desk.bake(Role::Staged, &"0".repeat(40));
    assert_eq!(found(&other, &desk.repository()).unwrap(), None);
    // A commit that is not here tells nothing, and hides nothing.
    assert_eq!(desk.waiting(&[image, other]), ["pkg:git Staged", "pkg:htop Staged", "pkg:never Staged"]);
}

#[test]
fn between_two_commits_the_base_the_recipe_and_the_changelog_are_told_once() {
    let desk = Desk::new();
    desk.write("Containerfile", "FROM b:1@sha256:aa\n");
    let from = desk.save("Base", false);
    let sections = "# === SYSTEM_PACKAGES (managed by bkt) ===\nRUN a\n# === END SYSTEM_PACKAGES ===\n";
    desk.write("Containerfile", "FROM b:1@sha256:bb\n");
    let entry = "timestamp: 2026-11-23T10:00:00Z\ntype: added\ncategory: package\nmessage: htop\ndraft: false\n";
    desk.write(".changelog/pending/1-package.yaml", entry);
    desk.save("Newer base", false);
    let between = desk.since(&from);
    assert_eq!(between.entries, [], "the image is told, and the recipe says nothing else");
    let base = between.base.as_ref().unwrap();
    assert_eq!((base.before.as_deref(), base.after.as_deref()), (Some("b:1@sha256:aa"), Some("b:1@sha256:bb")));
    assert_eq!(between.changelog.iter().map(|change| &*change.message).collect::<Vec<_>>(), ["htop"]);
    let pairs = annotations(&between, Some("https://example.org/sam/setup"), between.to.time);
    let of = |key: &str| pairs.iter().find(|(name, _)| *name == key).map(|(_, value)| &**value);
    assert_eq!(of("org.opencontainers.image.revision"), Some(&*between.to.id));
    assert_eq!(of("org.opencontainers.image.base.name"), Some("b:1"));
    assert_eq!(of("org.opencontainers.image.base.digest"), Some("sha256:bb"));
    assert_eq!(of("org.bkt.previous"), Some(&*from));
    assert_eq!(of("org.bkt.changes"), Some(""));

    let before = desk.git(&["rev-parse", "HEAD"]).trim().to_owned();
    desk.write("Containerfile", &format!("FROM b:1@sha256:bb\n{sections}"));
    desk.save("Adopt", false);
    let adopted = desk.git(&["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(desk.since(&before).entries.len(), 1, "a section is new to the recipe");
    desk.packages(&["git", "htop"]);
    desk.write("Containerfile", &format!("FROM b:1@sha256:bb\n{}", sections.replace("RUN a", "RUN b")));
    crate::files::remove(&desk.place.top.join(".changelog/pending/1-package.yaml")).unwrap();
    let version = format!("version: '1'\ndate: 2026-11-23\nchanges:\n- {}", entry.trim_end().replace('\n', "\n  "));
    desk.write(".changelog/versions/1.yaml", &version);
    desk.save("Release", false);
    let between = desk.since(&adopted);
    let ids: Vec<String> = between.entries.iter().map(Entry::id).collect();
    assert_eq!(ids, ["pkg:htop"], "the section followed");
    assert_eq!((between.base, between.changelog), (None, Vec::new()), "what was pending was told before");
    let long: Vec<String> = (0..200).map(|n| format!("package-{n}")).collect();
    desk.packages(&long.iter().map(String::as_str).collect::<Vec<_>>());
    desk.save("Many", false);
    let pairs = annotations(&desk.since(&adopted), None, jiff::Timestamp::UNIX_EPOCH);
    let (_, words) = pairs.last().unwrap();
    assert!(words.len() <= 512 && words.ends_with(" more"), "{words}");
}

#[test]
fn what_going_back_would_lose_is_what_the_older_image_does_not_tell() {
    let desk = Desk::new();
    let entry = |n: u32, draft: bool| {
        let text = "type: added\ncategory: package\nmessage: p\n";
        format!("timestamp: 2026-11-2{n}T10:00:00Z\n{text}draft: {draft}\n")
    };
    let none = desk.bake(Role::Kept, "");
    desk.write(".changelog/pending/1-package.yaml", &entry(1, true));
    let older = desk.bake(Role::Rollback, "");
    desk.write(".changelog/pending/1-package.yaml", &entry(1, false));
    desk.write(".changelog/pending/2-package.yaml", &entry(2, false));
    let booted = desk.bake(Role::Booted, "");
    let lost = lost(&booted, &older).unwrap();
    assert_eq!(lost.iter().map(|change| change.timestamp.to_string()).collect::<Vec<_>>(), ["2026-11-22T10:00:00Z"]);
    assert_eq!(super::lost(&booted, &none), None);
}
