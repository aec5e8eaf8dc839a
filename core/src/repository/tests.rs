// SPDX-License-Identifier: GPL-3.0-or-later
//! With real git: a setup, the repository it came from, and everything that can be in the way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::commit::Request;
use super::*;
use crate::files;
use crate::host::NoSettings;
use crate::host::live::LiveHost;

const PACKAGES: &str = "manifests/system-packages.json";
const START: &str = "{\n  \"packages\": [\n    \"git\"\n  ]\n}\n";

pub(crate) struct Desk {
    pub(crate) dir: tempfile::TempDir,
    pub(crate) host: LiveHost,
    tools: Tools,
    pub(crate) place: Place,
}

impl Desk {
    /// A clone with one commit, at `origin` too.
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = LiveHost::of_user(None, Arc::new(NoSettings));
        let tools = Tools { path: None, state: dir.path().join("state") };
        let place = Place { top: dir.path().join("setup"), prefix: String::new() };
        let desk = Self { dir, host, tools, place };
        desk.run(desk.dir.path(), &["init", "--quiet", "--bare", "--initial-branch=main", "origin.git"]);
        desk.run(desk.dir.path(), &["init", "--quiet", "--initial-branch=main", "setup"]);
        desk.identify(&desk.place.top);
        desk.write(PACKAGES, START);
        desk.write("README.md", "Mine\n");
        desk.git(&["add", "."]);
        desk.git(&["commit", "--quiet", "-m", "Begin"]);
        desk.git(&["remote", "add", "origin", "../origin.git"]);
        desk.git(&["push", "--quiet", "-u", "origin", "main"]);
        desk
    }

    fn identify(&self, top: &Path) {
        for (name, value) in [("user.name", "Sam"), ("user.email", "sam@example.org"), ("commit.gpgSign", "false")] {
            self.run(top, &["config", name, value]);
        }
    }

    fn run(&self, at: &Path, args: &[&str]) -> String {
        let args = ["-C", at.to_str().unwrap()].into_iter().chain(args.iter().copied());
        self.host.run(&Invocation::new("git", args)).unwrap().success("git").unwrap()
    }

    pub(crate) fn git(&self, args: &[&str]) -> String {
        self.run(&self.place.top, args)
    }

    fn origin(&self, args: &[&str]) -> String {
        self.run(&self.dir.path().join("origin.git"), args)
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        files::put(&self.place.top.join(path), text.as_bytes(), 0o644).unwrap();
    }

    fn read(&self, path: &str) -> String {
        files::read(&self.place.top.join(path)).unwrap().unwrap()
    }

    fn hook(&self, name: &str, script: &str) {
        files::put(&self.place.top.join(".git/hooks").join(name), format!("#!/bin/sh\n{script}\n").as_bytes(), 0o755)
            .unwrap();
    }

    pub(crate) fn repository(&self) -> Repository<'_> {
        Repository::new(&self.host, &self.tools, &self.place)
    }

    pub(crate) fn packages(&self, names: &[&str]) {
        let names: Vec<String> = names.iter().map(|name| format!("    \"{name}\"")).collect();
        self.write(PACKAGES, &format!("{{\n  \"packages\": [\n{}\n  ]\n}}\n", names.join(",\n")));
    }

    fn entries(&self) -> Vec<Entry> {
        let repository = self.repository();
        repository.entries(&repository.status().unwrap()).unwrap()
    }

    fn ids(&self) -> Vec<String> {
        self.entries().iter().map(Entry::id).collect()
    }

    fn with<T>(
        &self,
        chosen: &[&str],
        act: impl FnOnce(&Repository<'_>, Request<'_>) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let repository = self.repository();
        let status = repository.status()?;
        let all = repository.entries(&status)?;
        let chosen: Vec<Entry> = all.iter().filter(|entry| chosen.contains(&entry.id().as_str())).cloned().collect();
        let message = entry::title(&chosen);
        act(&repository, Request { status: &status, all: &all, chosen: &chosen, message: &message })
    }

    fn commit(&self, chosen: &[&str]) -> Result<commit::Committed, RepositoryError> {
        self.with(chosen, |repository, request| repository.commit(request))
    }

    fn push(&self, chosen: &[&str]) -> Result<branch::Pushed, RepositoryError> {
        self.with(chosen, |repository, request| {
            let way = repository.way(request.status)?;
            repository.push_new(request, &way)
        })
    }

    /// Everything that must stay as it is when something fails.
    fn state(&self) -> Vec<String> {
        vec![
            self.git(&["for-each-ref", "refs/heads"]),
            self.git(&["symbolic-ref", "--quiet", "HEAD"]),
            self.git(&["status", "--porcelain"]),
            self.git(&["diff", "HEAD"]),
            self.git(&["worktree", "list"]),
            self.origin(&["for-each-ref"]),
        ]
    }
}

#[test]
fn status_reads_every_kind_of_file() {
    let text = "# branch.oid 6be5bbf\0# branch.head main\0# branch.upstream origin/main\0# branch.ab +1 -2\0\
                1 .M N... 100644 100644 100644 a a manifests/a b.json\0\
                1 A. N... 000000 100644 100644 a a new.json\0\
                1 .D N... 100644 100644 000000 a a gone.json\0\
                1 AD N... 000000 100644 000000 a a never.json\0\
                u UU N... 100644 100644 100644 100644 a b c both.json\0? other\nname\0";
    let status = status::parse(text);
    assert_eq!((status.branch.as_deref(), status.head.as_deref()), (Some("main"), Some("6be5bbf")));
    assert_eq!((status.ahead, status.behind), (1, 2));
    let files: Vec<_> = status.files.iter().map(|file| (file.path.as_str(), file.kind, file.staged)).collect();
    use status::Kind::*;
    assert_eq!(
        files,
        [
            ("manifests/a b.json", Changed, false),
            ("new.json", New, true),
            ("gone.json", Gone, false),
            ("both.json", Unmerged, true),
            ("other\nname", New, false)
        ]
    );
    assert_eq!(status::parse("# branch.oid (initial)\0# branch.head (detached)\0"), Status::default());
}

#[test]
fn what_is_not_committed_is_told_item_by_item() {
    let desk = Desk::new();
    assert_eq!(desk.entries(), []);
    desk.packages(&["git", "htop", "strace"]);
    desk.write(
        "manifests/gsettings.json",
        "{\"settings\": [{\"schema\": \"a.b\", \"key\": \"c\", \"value\": \"true\"}]}\n",
    );
    desk.write("notes.txt", "x\n");
    assert_eq!(desk.ids(), ["pkg:htop", "pkg:strace", "gsetting:a.b/c", "notes.txt"]);
    let own: Vec<bool> = desk.entries().iter().map(Entry::is_own).collect();
    assert_eq!(own, [true, true, true, false]);
    // A word more that is about no item is an entry, too.
    desk.write(PACKAGES, "{\n  \"note\": \"mine\",\n  \"packages\": []\n}\n");
    assert_eq!(desk.ids()[..2], ["pkg:git", PACKAGES]);
    // One that cannot be read is committed as a whole, or not at all.
    desk.write(PACKAGES, "{\n");
    assert_eq!(desk.ids()[0], PACKAGES);
}

#[test]
fn one_of_two_entries_of_a_file_is_committed() {
    let desk = Desk::new();
    desk.packages(&["git", "htop", "strace"]);
    desk.write("README.md", "Mine, changed\n");
    let done = desk.commit(&["pkg:htop"]).unwrap();
    assert_eq!((done.branch.as_str(), done.files.as_slice()), ("main", [PACKAGES.to_owned()].as_slice()));
    assert_eq!(desk.git(&["log", "-1", "--format=%s"]), "Add htop\n");
    let committed = desk.git(&["show", &format!("HEAD:{PACKAGES}")]);
    assert!(committed.contains("htop") && !committed.contains("strace"), "{committed}");
    assert_eq!(desk.ids(), ["README.md", "pkg:strace"]);
    assert_eq!(desk.git(&["diff", "--cached", "--name-only"]), "");
    assert_eq!(desk.git(&["worktree", "list"]).lines().count(), 1);
}

#[test]
fn all_entries_of_a_file_are_committed_as_they_were_typed() {
    let desk = Desk::new();
    let typed = "{ \"packages\": [\"strace\",   \"git\"] }";
    desk.write(PACKAGES, typed);
    desk.commit(&["pkg:strace"]).unwrap();
    assert_eq!(desk.git(&["show", &format!("HEAD:{PACKAGES}")]), typed);
    assert_eq!(desk.git(&["status", "--porcelain"]), "");
}

/// A desk whose setup has a recipe, in step.
fn with_recipe() -> Desk {
    let desk = Desk::new();
    let mut text = "FROM x\n# === SYSTEM_PACKAGES (managed by bkt) ===\n".to_owned();
    text.push_str("# === END SYSTEM_PACKAGES ===\nRUN bootc container lint\n");
    desk.write("Containerfile", &text);
    recipe_follows(&desk);
    desk.git(&["add", "."]);
    desk.git(&["commit", "--quiet", "-m", "Recipe"]);
    desk
}

/// Whether the last commit's recipe installs a package.
fn installs(desk: &Desk, package: &str) -> bool {
    desk.git(&["show", "HEAD:Containerfile"]).lines().any(|line| line.trim_end_matches(" \\").trim() == package)
}

#[test]
fn the_recipe_goes_along_with_the_entries_alone() {
    let desk = with_recipe();
    desk.packages(&["git", "htop", "strace"]);
    recipe_follows(&desk);
    assert_eq!(desk.ids(), ["pkg:htop", "pkg:strace"]);
    let done = desk.commit(&["pkg:htop"]).unwrap();
    assert_eq!(done.files, ["Containerfile", PACKAGES]);
    let committed = desk.git(&["show", "HEAD:Containerfile"]);
    assert!(committed.contains("htop") && !committed.contains("strace"), "{committed}");
    // Nobody had brought it in step here; the commit does, and what is not in it is in step, too.
    desk.git(&["checkout", "--quiet", "Containerfile"]);
    desk.packages(&["git", "htop", "strace", "tmux"]);
    desk.commit(&["pkg:strace"]).unwrap();
    assert!(desk.read("Containerfile").contains("tmux"), "{}", desk.read("Containerfile"));
    assert_eq!(desk.ids(), ["pkg:tmux"]);
    desk.commit(&["pkg:tmux"]).unwrap();
    assert_eq!(desk.git(&["status", "--porcelain"]), "");
    // An edit of one's own is an entry, and stays.
    desk.write("Containerfile", &desk.read("Containerfile").replace("FROM x", "FROM y"));
    desk.packages(&["git", "htop", "strace", "tmux", "vim"]);
    assert_eq!(desk.ids(), ["pkg:vim", "Containerfile"]);
    let mine = desk.read("Containerfile");
    desk.commit(&["pkg:vim"]).unwrap();
    assert_eq!((desk.read("Containerfile"), desk.ids()), (mine, vec!["Containerfile".to_owned()]));
}

fn recipe_follows(desk: &Desk) {
    crate::recipe::file::update(&desk.place.top, |setup, recipe| {
        Ok((crate::recipe::synced(setup, &recipe.text, true)?.text, ()))
    })
    .unwrap();
}

#[test]
fn a_recipe_that_is_behind_is_no_edit_and_follows_what_is_committed() {
    let desk = with_recipe();
    desk.packages(&["git", "htop", "tmux"]);
    desk.commit(&["pkg:tmux"]).unwrap();
    // In step with the folder, not with the commit; then it falls behind the folder, too.
    desk.packages(&["git", "htop", "jq", "tmux"]);
    assert_eq!(desk.ids(), ["pkg:htop", "pkg:jq"]);
    desk.commit(&["pkg:htop", "pkg:jq"]).unwrap();
    assert!(installs(&desk, "jq") && installs(&desk, "htop"), "{}", desk.git(&["show"]));
    assert_eq!(desk.git(&["status", "--porcelain"]), "");

    // A recipe that is chosen follows what is committed with it, and no more than that.
    desk.write("Containerfile", &desk.read("Containerfile").replace("FROM x", "FROM y"));
    desk.packages(&["git", "htop", "jq", "strace", "tmux", "vim"]);
    desk.commit(&["pkg:strace", "Containerfile"]).unwrap();
    assert!(installs(&desk, "strace") && !installs(&desk, "vim"), "{}", desk.git(&["show"]));
    assert!(desk.git(&["show", "HEAD:Containerfile"]).starts_with("FROM y\n"));
    assert_eq!(desk.ids(), ["pkg:vim"]);
    assert!(desk.read("Containerfile").contains("vim"));
    // On a branch of its own, too, where it is known again.
    desk.write("Containerfile", &desk.read("Containerfile").replace("FROM y", "FROM z"));
    desk.push(&["Containerfile"]).unwrap();
    let pushed = desk.origin(&["show", "bkt/change-containerfile:Containerfile"]);
    assert!(pushed.starts_with("FROM z\n") && !pushed.contains("vim"), "{pushed}");
    let proposed = desk.repository().proposed(&desk.entries()).unwrap();
    assert_eq!(proposed.keys().collect::<Vec<_>>(), ["Containerfile"]);
}

#[test]
fn a_section_edited_by_hand_is_the_persons_own() {
    let desk = with_recipe();
    let edit = |from: &str, to: &str| desk.write("Containerfile", &desk.read("Containerfile").replace(from, to));
    edit("    git \\\n", "    git git-lfs \\\n");
    assert!(desk.read("Containerfile").contains("git-lfs"), "{}", desk.read("Containerfile"));
    desk.packages(&["git", "htop"]);
    assert_eq!(desk.ids(), ["pkg:htop", "Containerfile"]);
    desk.commit(&["pkg:htop", "Containerfile"]).unwrap();
    assert!(desk.git(&["show", "HEAD:Containerfile"]).contains("git-lfs"));
    assert_eq!(desk.git(&["status", "--porcelain"]), "");
    // Bringing it in step by force is an edit as well: no commit of something else does that.
    recipe_follows(&desk);
    assert_eq!(desk.ids(), ["Containerfile"]);
    desk.commit(&["Containerfile"]).unwrap();
    assert!(installs(&desk, "htop"), "{}", desk.git(&["show"]));
}

#[test]
fn a_recipe_that_got_another_name_is_committed_under_both() {
    let desk = with_recipe();
    desk.git(&["mv", "Containerfile", "Dockerfile"]);
    desk.git(&["commit", "--quiet", "-m", "Docker"]);
    desk.git(&["mv", "Dockerfile", "Containerfile"]);
    assert_eq!(desk.ids(), ["Containerfile", "Dockerfile"]);
    desk.commit(&["Containerfile", "Dockerfile"]).unwrap();
    assert_eq!(desk.git(&["ls-tree", "--name-only", "HEAD"]), "Containerfile\nREADME.md\nmanifests\n");
}

#[test]
fn drafts_of_the_changelog_give_no_commit_its_name() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    desk.write(".changelog/pending/20261128-htop.yaml", "message: htop\n");
    let entries = desk.entries();
    assert_eq!((entries.len(), entry::title(&entries).as_str()), (2, "Add htop"));
    assert_eq!(entry::list(&entries, &entry::Notes::new()), "- Add htop (pkg:htop)\n");
    let drafts = entries.into_iter().filter(|entry| entry.domain().is_none()).collect::<Vec<_>>();
    assert_eq!(entry::title(&drafts), "Add .changelog/pending/20261128-htop.yaml");
    assert!(!entry::list(&drafts, &entry::Notes::new()).is_empty());
}

#[test]
fn a_branch_is_pushed_and_the_folder_stays_as_it_is() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    desk.write("README.md", "Mine, changed\n");
    desk.git(&["add", "README.md"]);
    let before = [desk.git(&["status", "--porcelain"]), desk.git(&["rev-parse", "HEAD"])];
    let pushed = desk.push(&["pkg:htop"]).unwrap();
    assert_eq!((pushed.branch.as_str(), pushed.files.as_slice()), ("bkt/add-htop", [PACKAGES.to_owned()].as_slice()));
    assert_eq!([desk.git(&["status", "--porcelain"]), desk.git(&["rev-parse", "HEAD"])], before);
    assert_eq!(desk.origin(&["rev-parse", "bkt/add-htop"]).trim(), pushed.commit);
    // Another of the same name is another branch, whether the first is known here or only there.
    desk.write(PACKAGES, &desk.read(PACKAGES).replace("  ]", "  ] "));
    assert_eq!(desk.push(&["pkg:htop"]).unwrap().branch, "bkt/add-htop-2");
    desk.git(&["branch", "-D", "bkt/add-htop", "bkt/add-htop-2"]);
    desk.write(PACKAGES, &desk.read(PACKAGES).replace("  ]", "  ]  "));
    assert_eq!(desk.push(&["pkg:htop"]).unwrap().branch, "bkt/add-htop-3");
}

#[test]
fn a_fork_is_pushed_to_and_its_origin_is_the_base() {
    let desk = Desk::new();
    desk.run(desk.dir.path(), &["clone", "--quiet", "--bare", "origin.git", "fork.git"]);
    desk.git(&["remote", "add", "fork", "../fork.git"]);
    desk.packages(&["git", "htop"]);
    let way = || {
        let repository = desk.repository();
        let way = repository.way(&repository.status().unwrap()).unwrap();
        format!("{} {} {}", way.push, way.base, way.branch)
    };
    assert_eq!(way(), "origin origin main");
    desk.git(&["config", "remote.pushDefault", "fork"]);
    assert_eq!(way(), "fork origin main");
    // A branch that follows none, or the fork's.
    desk.git(&["config", "--unset", "branch.main.remote"]);
    assert_eq!(way(), "fork origin main");
    desk.git(&["config", "branch.main.remote", "fork"]);
    assert_eq!(way(), "fork origin main");
    // What it was made from under another name, that the branch follows or that is the usual one for it.
    desk.git(&["remote", "rename", "origin", "parent"]);
    desk.git(&["config", "branch.main.remote", "parent"]);
    assert_eq!(way(), "fork parent main");
    desk.git(&["remote", "rename", "parent", "upstream"]);
    desk.git(&["config", "branch.main.remote", "fork"]);
    assert_eq!(way(), "fork upstream main");
    desk.push(&["pkg:htop"]).unwrap();
    assert_eq!(desk.origin(&["for-each-ref", "refs/heads/bkt"]), "");
    assert!(desk.run(&desk.dir.path().join("fork.git"), &["for-each-ref"]).contains("bkt/add-htop"));
}

#[test]
fn a_server_that_ssh_knows_another_name_for_has_its_own() {
    let mut desk = Desk::new();
    let ssh = desk.dir.path().join("bin/ssh");
    let script =
        "#!/bin/sh\n[ \"$*\" = '-G -- github.com-work' ] || exit 1\nprintf 'user git\\nhostname %s\\nport 443\\n' ";
    files::put(&ssh, format!("{script} ssh.github.com\n").as_bytes(), 0o755).unwrap();
    desk.tools.path = Some(format!("{}:/usr/bin:/bin", ssh.parent().unwrap().display()));
    let url = |desk: &Desk, url: &str| {
        desk.git(&["remote", "set-url", "origin", url]);
        let repository = desk.repository();
        let way = repository.way(&repository.status().unwrap()).unwrap();
        assert_eq!(way.base_url, way.push_url);
        (way.base_url.clone(), forge::compare_url(&way, "bkt/x"))
    };
    let page = Some("https://github.com/sam/setup/compare/main...bkt/x?expand=1".to_owned());
    let work = "git@github.com-work:sam/setup.git";
    assert_eq!(url(&desk, work), ("git@github.com:sam/setup.git".to_owned(), page.clone()));
    let told = url(&desk, "ssh://git@github.com-work:22/sam/setup.git");
    assert_eq!(told, ("ssh://git@github.com:22/sam/setup.git".to_owned(), page));
    // A name that ssh does not know is no server's, and has no page.
    files::put(&ssh, format!("{script} github.com-work\n").as_bytes(), 0o755).unwrap();
    assert_eq!(url(&desk, work), (work.to_owned(), None));
    files::put(&ssh, b"#!/bin/sh\nexit 255\n", 0o755).unwrap();
    assert_eq!(url(&desk, work), (work.to_owned(), None));
}

#[test]
fn what_fails_leaves_everything_as_it_was() {
    let failing = |prepare: fn(&Desk), code: &str, says: &str| {
        let desk = Desk::new();
        desk.packages(&["git", "htop"]);
        desk.write("README.md", "Mine, changed\n");
        prepare(&desk);
        let before = desk.state();
        let error = desk.push(&["pkg:htop"]).unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert!(error.to_string().contains(says), "{error}");
        assert!(error.hint().is_some() || code == "git_failed", "{error}");
        assert_eq!(desk.state(), before, "{code}");
    };
    failing(|desk| desk.hook("pre-commit", "echo 'no tabs please' >&2; exit 1"), "hook_refused", "no tabs please");
    failing(
        |desk| desk.hook("pre-commit", "seq 30; printf 'a.json: 1 tab\\033[2J\\n\\nno tabs please\\n' >&2; exit 1"),
        "hook_refused",
        "commit:\n    13\n    14",
    );
    failing(
        |desk| desk.hook("pre-commit", "printf 'a.json: 1 tab\\033[2J\\n\\nno tabs please\\n' >&2; exit 1"),
        "hook_refused",
        "commit:\n    a.json: 1 tab[2J\n    no tabs please",
    );
    failing(|desk| desk.hook("commit-msg", "echo 'no ticket' >&2; exit 1"), "hook_refused", "no ticket");
    failing(|desk| desk.hook("pre-push", "echo 'not today' >&2; exit 1"), "remote_failed", "");
    failing(
        |desk| {
            let hook = desk.dir.path().join("origin.git/hooks/pre-receive");
            files::put(&hook, b"#!/bin/sh\necho 'protected branch'\nexit 1\n", 0o755).unwrap();
        },
        "remote_failed",
        "",
    );
    failing(
        |desk| {
            desk.git(&["remote", "set-url", "origin", "http://127.0.0.1:9/setup.git"]);
        },
        "remote_failed",
        "",
    );
    failing(
        |desk| {
            desk.git(&["config", "user.useConfigOnly", "true"]);
            desk.git(&["config", "--unset", "user.email"]);
        },
        "git_failed",
        "",
    );
    failing(
        |desk| {
            desk.git(&["config", "commit.gpgSign", "true"]);
            desk.git(&["config", "gpg.program", "/bin/false"]);
        },
        "git_failed",
        "",
    );
    failing(
        |desk| {
            desk.git(&["remote", "remove", "origin"]);
        },
        "no_remote",
        "",
    );
    failing(
        |desk| {
            desk.git(&["stash", "--quiet"]);
            desk.git(&["checkout", "--quiet", "-b", "other"]);
            desk.write("README.md", "Other\n");
            desk.git(&["commit", "--quiet", "-am", "Other"]);
            desk.git(&["checkout", "--quiet", "main"]);
            desk.write("README.md", "Main\n");
            desk.git(&["commit", "--quiet", "-am", "Main"]);
            let merge = Invocation::new("git", ["-C", desk.place.top.to_str().unwrap(), "merge", "other"]);
            assert_ne!(desk.host.run(&merge).unwrap().status, 0);
            desk.packages(&["git", "htop"]);
        },
        "operation_in_progress",
        "a merge",
    );
}

#[test]
fn a_commit_in_the_way_of_another_is_refused() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    // Somebody commits while the hook runs.
    desk.hook("pre-commit", &format!("[ -e \"{0}/once\" ] && exit 0; touch \"{0}/once\"; unset GIT_DIR GIT_INDEX_FILE GIT_WORK_TREE; git -C \"{0}/setup\" commit --quiet --allow-empty -m Other", desk.dir.path().display()));
    let error = desk.commit(&["pkg:htop"]).unwrap_err();
    assert_eq!(error.code(), "git_failed", "{error}");
    assert_eq!(desk.git(&["log", "--format=%s"]), "Other\nBegin\n");
    assert_eq!(desk.ids(), ["pkg:htop"]);
}

#[test]
fn no_branch_and_no_commit_yet() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    desk.git(&["checkout", "--quiet", "--detach"]);
    assert_eq!(desk.commit(&["pkg:htop"]).unwrap_err().code(), "no_branch");
    // A pull request needs none.
    assert_eq!(desk.push(&["pkg:htop"]).unwrap().branch, "bkt/add-htop");

    let desk = Desk::new();
    std::fs::remove_dir_all(desk.place.top.join(".git")).unwrap();
    desk.git(&["init", "--quiet", "--initial-branch=main"]);
    desk.identify(&desk.place.top);
    desk.git(&["remote", "add", "origin", "../origin.git"]);
    assert_eq!(desk.push(&["pkg:git"]).unwrap_err().code(), "no_commit");
    let done = desk.commit(&["pkg:git"]).unwrap();
    assert_eq!((done.branch.as_str(), done.files.as_slice()), ("main", [PACKAGES.to_owned()].as_slice()));
    assert_eq!(desk.git(&["status", "--porcelain"]), "?? README.md\n");
    assert_eq!(desk.git(&["branch", "--format=%(refname:short)"]), "main\n");
}

#[test]
fn branches_and_worktrees_of_the_persons_own_stay() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    desk.git(&["branch", "bkt/first-commit"]);
    // One on a disk that is not plugged in.
    desk.git(&["worktree", "add", "--quiet", "-b", "second", "../disk/second"]);
    let rename = |from: &str, to: &str| {
        let paths = [from, to].map(|name| desk.dir.path().join(name).display().to_string());
        desk.host.run(&Invocation::new("mv", paths.iter().map(String::as_str))).unwrap().success("mv").unwrap();
    };
    rename("disk", "unplugged");
    desk.commit(&["pkg:htop"]).unwrap();
    rename("unplugged", "disk");
    assert_eq!(desk.run(&desk.dir.path().join("disk/second"), &["status", "--porcelain"]), "");
    assert!(desk.git(&["branch", "--format=%(refname:short)"]).contains("bkt/first-commit"));
}

#[test]
fn worktrees_submodules_and_subfolders_are_repositories_too() {
    let desk = Desk::new();
    // A linked worktree.
    desk.git(&["worktree", "add", "--quiet", "-b", "second", "../second"]);
    let mut second = Desk { place: Place { top: desk.dir.path().join("second"), prefix: String::new() }, ..desk };
    second.packages(&["git", "htop"]);
    assert_eq!(second.commit(&["pkg:htop"]).unwrap().branch, "second");
    assert_eq!(second.git(&["status", "--porcelain"]), "");

    // A submodule, and a folder of a larger repository.
    let around = second.dir.path().join("around");
    second.run(second.dir.path(), &["init", "--quiet", "--initial-branch=main", "around"]);
    second.identify(&around);
    let origin = second.dir.path().join("origin.git");
    second.run(
        &around,
        &["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", origin.to_str().unwrap(), "sub"],
    );
    second.run(&around, &["commit", "--quiet", "-m", "Sub"]);
    second.place = find(&second.host, &second.tools, &around.join("sub")).unwrap();
    assert_eq!((second.place.top.clone(), second.place.prefix.as_str()), (around.join("sub"), ""));
    second.identify(&around.join("sub"));
    second.packages(&["git", "strace"]);
    second.commit(&["pkg:strace"]).unwrap();

    let folder = around.join("machines/one");
    files::put(&folder.join(PACKAGES), START.as_bytes(), 0o644).unwrap();
    second.place = find(&second.host, &second.tools, &folder).unwrap();
    assert_eq!((second.place.top.clone(), second.place.prefix.as_str()), (around.clone(), "machines/one/"));
    assert_eq!(second.ids(), ["pkg:git"]);
    let done = second.commit(&["pkg:git"]).unwrap();
    assert_eq!(done.files, [format!("machines/one/{PACKAGES}")]);
    assert_eq!(find(&second.host, &second.tools, Path::new("/")).unwrap_err().code(), "no_repository");
}

#[test]
fn what_is_left_of_a_run_that_died_is_cleared() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    let tree: PathBuf = desk.tools.state.join("commit/tree");
    std::fs::create_dir_all(tree.parent().unwrap()).unwrap();
    desk.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
    files::put(&tree.join("half"), b"x", 0o644).unwrap();
    desk.commit(&["pkg:htop"]).unwrap();
    assert_eq!(desk.git(&["worktree", "list"]).lines().count(), 1);
    assert_eq!(desk.git(&["show", "--name-only", "--format="]), format!("{PACKAGES}\n"));
    // Half of it was removed, or all.
    for (removed, added) in [(tree.join(".git"), "pkg:strace"), (tree.clone(), "pkg:tmux")] {
        desk.git(&["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()]);
        if removed.is_dir() {
            std::fs::remove_dir_all(&removed).unwrap();
        } else {
            files::remove(&removed).unwrap();
        }
        desk.packages(&["git", "htop", added.trim_start_matches("pkg:")]);
        desk.commit(&[added]).unwrap();
        assert_eq!(desk.git(&["worktree", "list"]).lines().count(), 1);
    }
}

/// Commits to the origin as somebody else.
fn elsewhere(desk: &Desk, path: &str, text: &str) {
    let other = desk.dir.path().join("other");
    if !other.exists() {
        desk.run(desk.dir.path(), &["clone", "--quiet", "origin.git", "other"]);
        desk.identify(&other);
    }
    files::put(&other.join(path), text.as_bytes(), 0o644).unwrap();
    desk.run(&other, &["add", "."]);
    desk.run(&other, &["commit", "--quiet", "-m", "Elsewhere"]);
    desk.run(&other, &["push", "--quiet"]);
}

#[test]
fn pulling_keeps_what_is_not_committed() {
    let desk = Desk::new();
    let many =
        |more: &str| format!("{{\n  \"packages\": [\n    \"a\",\n    \"b\",\n    \"c\",\n    \"d\"{more}\n  ]\n}}\n");
    desk.write(PACKAGES, &many(""));
    desk.git(&["commit", "--quiet", "-am", "Many"]);
    desk.git(&["push", "--quiet"]);
    elsewhere(&desk, PACKAGES, &many(",\n    \"e\""));
    desk.write(PACKAGES, &many("").replace("    \"a\",\n", "    \"A\",\n    \"a\",\n"));
    desk.write("README.md", "Mine, changed\n");
    let pulled = desk.repository().pull().unwrap();
    assert_eq!((pulled.commits, pulled.merged.as_slice()), (1, [PACKAGES.to_owned()].as_slice()));
    assert_eq!(desk.ids(), ["README.md", "pkg:A"]);
    assert!(desk.read(PACKAGES).contains("\"e\""));
    // Again: nothing to do.
    assert_eq!(desk.repository().pull().unwrap(), pull::Pulled::default());
}

#[test]
fn neighbours_in_a_list_are_no_conflict() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    let text = desk.read(PACKAGES);
    desk.git(&["checkout", "--quiet", PACKAGES]);
    elsewhere(&desk, PACKAGES, &text);
    desk.packages(&["git", "htop", "strace"]);
    assert_eq!(desk.repository().pull().unwrap().merged, [PACKAGES]);
    assert_eq!(desk.ids(), ["pkg:strace"]);
    assert_eq!(desk.git(&["diff", "--cached", "--name-only"]), "");
    // Taken out there, and something else is added here.
    elsewhere(&desk, PACKAGES, START);
    desk.repository().pull().unwrap();
    assert_eq!(desk.ids(), ["pkg:strace"]);
}

#[test]
fn a_merged_pull_request_is_no_difference_any_more() {
    let desk = Desk::new();
    desk.packages(&["git", "htop"]);
    let pushed = desk.push(&["pkg:htop"]).unwrap();
    // Squashed there, and the branch removed.
    elsewhere(&desk, PACKAGES, &desk.read(PACKAGES));
    desk.origin(&["branch", "-D", &pushed.branch]);
    let pulled = desk.repository().pull().unwrap();
    assert_eq!((pulled.commits, pulled.done.as_slice()), (1, [pushed.branch].as_slice()));
    assert_eq!(desk.git(&["status", "--porcelain"]), "");
    assert_eq!(desk.git(&["branch", "--format=%(refname:short)"]), "main\n");
}

#[test]
fn pulling_refuses_what_it_cannot_bring_together() {
    let refused = |here: fn(&Desk), code: &str| {
        let desk = Desk::new();
        elsewhere(&desk, "README.md", "Theirs\n");
        here(&desk);
        let before =
            [desk.git(&["status", "--porcelain"]), desk.git(&["diff", "HEAD"]), desk.git(&["rev-parse", "HEAD"])];
        let error = desk.repository().pull().unwrap_err();
        assert_eq!(error.code(), code, "{error}");
        assert_eq!(
            [desk.git(&["status", "--porcelain"]), desk.git(&["diff", "HEAD"]), desk.git(&["rev-parse", "HEAD"])],
            before
        );
    };
    refused(|desk| desk.write("README.md", "Ours\n"), "conflict");
    refused(|desk| files::remove(&desk.place.top.join("README.md")).unwrap(), "conflict");
    refused(
        |desk| {
            desk.packages(&["git", "htop"]);
            desk.git(&["commit", "--quiet", "-am", "Ours"]);
        },
        "diverged",
    );
    refused(
        |desk| {
            desk.git(&["remote", "set-url", "origin", "http://127.0.0.1:9/setup.git"]);
        },
        "remote_failed",
    );
    refused(
        |desk| {
            desk.git(&["branch", "--quiet", "--unset-upstream"]);
        },
        "no_upstream",
    );
}
