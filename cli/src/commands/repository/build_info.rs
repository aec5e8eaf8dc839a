// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt build-info`: what changed between two commits of the setup, and in which image of this computer it is.
//!
//! Invariant: only reads; where an image does not say what it was built from, that is said.

use bkt_core::changelog::Change;
use bkt_core::deployment::{Role, System};
use bkt_core::i18n::{fill, gettext};
use bkt_core::name::SystemImage;
use bkt_core::provenance::annotations::annotations;
use bkt_core::provenance::published::built_from;
use bkt_core::provenance::{self, Image, Place, Placed, Stage};
use bkt_core::repository::between::{Between, Commit};
use bkt_core::repository::forge::Project;
use bkt_core::repository::{self, Repository, RepositoryError, Status};
use jiff::Timestamp;
use serde_json::{Value as Json, json};

use super::{Desk, described, number, tools};
use crate::args::BuildInfoArgs;
use crate::context::Context;
use crate::error::{Answer, Failure, exit};
use crate::ui::{BOLD, padded, styled, widest};

/// `bkt build-info`.
pub(in crate::commands) fn build_info(context: &Context, args: &BuildInfoArgs) -> Result<Answer, Failure> {
    let desk = Desk::open(context)?;
    let repository = desk.repository();
    let status = repository.status()?;
    let place = Place { repository: &repository, status: &status };
    let host = context.brief_host()?;
    let images = provenance::images(host.as_ref(), &System::probe(host.as_ref()));
    let booted = images.iter().find(|image| image.role == Role::Booted);
    let built = built(&images, &repository)?;
    let head = || repository.commit_of("HEAD").map_err(|_| Failure::from(RepositoryError::Unborn));
    let no_setup = || {
        let message = gettext("the system that runs has no setup in it, so what it was built from is not known");
        Failure::new(exit::NOT_POSSIBLE, "no_baked_setup", message)
            .hinted(gettext("The recipe's SETUP section puts it there: bkt containerfile adopt SETUP"))
    };
    // What the folder says beyond the last commit counts where the question is what this computer lacks.
    let since_booted = args.booted || (args.range.is_none() && args.image.is_none() && booted.is_some());
    let (from, to) = match (&args.range, &args.image) {
        (Some(range), _) => {
            let (old, new) = range.split_once("..").unwrap_or((range, ""));
            let named = |word: &str| repository.commit_of(if word.is_empty() { "HEAD" } else { word });
            (Some(named(old)?), named(new)?)
        }
        (None, Some(image)) => {
            let name = image.parse::<SystemImage>();
            let name = name.map_err(|error| Failure::new(exit::USAGE, "name_invalid", error.to_string()))?;
            let commit = built_from(&repository, &desk.host, &name);
            (Some(commit.map_err(|problem| Failure { problem, exit: exit::NOT_POSSIBLE })?), head()?)
        }
        (None, None) if since_booted => {
            booted.ok_or_else(no_setup)?;
            (built.iter().find(|built| built.image.role == Role::Booted).and_then(|it| it.commit.clone()), head()?)
        }
        (None, None) => {
            let head = head()?;
            (repository.parent(&head)?, head)
        }
    };
    let unknown = since_booted && from.is_none();
    let between = repository.between(if unknown { Some(to.clone()) } else { from }, to)?;
    if args.annotations {
        return Ok(annotated(&repository, &status, &between));
    }
    let placed = if since_booted {
        provenance::waiting(&repository.setup(), &images, Some(place))?
    } else {
        provenance::placed(between.entries.clone(), &between.to, &images, place)?
    };
    let mut text = String::new();
    if since_booted {
        text.push_str(&sides(&built, &between, unknown));
    } else {
        text.push_str(&commits(&between));
    }
    text.push_str(&entries(&placed, since_booted, booted.is_some()));
    text.push_str(&rest(&between));
    let document = document(&between, unknown, &built, &placed, booted.is_some());
    Ok(Answer::new(text, document))
}

/// An image, and the commit it was built from: as it says, or as its manifests tell.
struct Built<'i> {
    image: &'i Image,
    commit: Option<Commit>,
    /// Whether the image says so itself.
    recorded: bool,
}

fn built<'i>(images: &'i [Image], repository: &Repository<'_>) -> Result<Vec<Built<'i>>, Failure> {
    let mut all = Vec::new();
    for image in images.iter().filter(|image| image.role != Role::Kept) {
        let told = match &image.revision {
            Some(revision) => repository.known_commit(revision)?,
            None => None,
        };
        let recorded = told.is_some();
        let commit = match told {
            Some(commit) => Some(commit),
            None => provenance::found(image, repository)?,
        };
        all.push(Built { image, commit, recorded });
    }
    Ok(all)
}

fn commit_line(commit: &Commit) -> String {
    let day = commit.time.strftime("%Y-%m-%d").to_string();
    let id: String = commit.id.chars().take(10).collect();
    format!("{id}  {day}  {}", commit.subject)
}

fn rows(rows: &[(String, String)]) -> String {
    let wide = widest(rows.iter().map(|(label, _)| label));
    rows.iter().map(|(label, words)| format!("{}  {words}\n", styled(BOLD, &padded(label, wide)))).collect()
}

fn commits(between: &Between) -> String {
    let from = between.from.as_ref().map_or_else(|| gettext("nothing"), commit_line);
    rows(&[(gettext("From"), from), (gettext("To"), commit_line(&between.to))])
}

fn sides(built: &[Built<'_>], between: &Between, unknown: bool) -> String {
    let mut all = Vec::new();
    for it in built {
        let label = match it.image.role {
            Role::Booted => gettext("Runs"),
            Role::Staged => gettext("Next start"),
            _ => gettext("Previous"),
        };
        let line = match (&it.commit, it.recorded) {
            (Some(commit), true) => commit_line(commit),
            (Some(commit), false) => fill(&gettext("{commit} (by its manifests)"), &[("commit", &commit_line(commit))]),
            (None, _) => gettext("built from a commit that is not on this branch"),
        };
        let line = match &it.image.version {
            Some(version) => fill(&gettext("{version} · {commit}"), &[("version", version), ("commit", &line)]),
            None => line,
        };
        all.push((label, line));
    }
    let mut here = commit_line(&between.to);
    if !unknown && between.commits > 0 {
        let count = number("{count} commit later", "{count} commits later", between.commits as usize);
        here = fill(&gettext("{commit} · {count}"), &[("commit", &here), ("count", &count)]);
    }
    all.push((gettext("Setup"), here));
    rows(&all)
}

fn entries(placed: &[Placed], since_booted: bool, has_image: bool) -> String {
    if placed.is_empty() {
        let words = if since_booted {
            gettext("The image that runs has everything the setup says.")
        } else {
            gettext("Nothing of the setup changed.")
        };
        return format!("\n{words}\n");
    }
    let mut out = String::new();
    let mut list = |heading: &str, shown: &[&Placed]| {
        if !shown.is_empty() {
            out.push_str(&format!("\n{}\n", styled(BOLD, heading)));
            shown.iter().for_each(|it| out.push_str(&format!("  {}\n", described(&it.entry))));
        }
    };
    if has_image {
        for stage in Stage::ALL {
            list(&stage.heading(), &placed.iter().filter(|it| it.stage == stage).collect::<Vec<_>>());
        }
    } else {
        list(&gettext("Changed"), &placed.iter().collect::<Vec<_>>());
    }
    out
}

fn rest(between: &Between) -> String {
    let mut out = String::new();
    if let Some(base) = &between.base {
        out.push_str(&format!("\n{}\n", styled(BOLD, &gettext("Base image"))));
        let image = |image: &Option<String>| image.clone().unwrap_or_else(|| gettext("not written out"));
        out.push_str(&format!("  - {}\n  + {}\n", image(&base.before), image(&base.after)));
    }
    if !between.changelog.is_empty() {
        out.push_str(&format!("\n{}\n", styled(BOLD, &gettext("Changelog"))));
        let line = |change: &Change| format!("  {}\n", crate::commands::changelog::line(change));
        out.extend(between.changelog.iter().map(line));
    }
    out
}

fn annotated(repository: &Repository<'_>, status: &Status, between: &Between) -> Answer {
    let source = repository.way(status).ok().and_then(|way| Project::of(&way.base_url));
    let source = source.map(|project| format!("https://{}/{}", project.host, project.path));
    let pairs = annotations(between, source.as_deref(), Timestamp::now());
    let text: String = pairs.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let map: serde_json::Map<String, Json> =
        pairs.into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
    let mut document = document(between, false, &[], &[], false);
    document["annotations"] = Json::Object(map);
    Answer::new(text, document)
}

fn document(between: &Between, unknown: bool, built: &[Built<'_>], placed: &[Placed], has_image: bool) -> Json {
    let mut entries = json!(placed);
    if !has_image && let Some(entries) = entries.as_array_mut() {
        entries.iter_mut().filter_map(Json::as_object_mut).for_each(|entry| {
            entry.remove("stage");
        });
    }
    let images: Vec<Json> = built
        .iter()
        .map(|it| {
            let mut json = json!(it.image);
            json["commit"] = json!(it.commit);
            json["recorded"] = json!(it.recorded);
            json
        })
        .collect();
    json!({
        "format": "bkt.build-info",
        "format_version": "1.0",
        "from": between.from.as_ref().filter(|_| !unknown),
        "to": between.to,
        "commits": if unknown { None } else { Some(between.commits) },
        "entries": entries,
        "base": between.base,
        "base_image": between.base_image,
        "changelog": between.changelog,
        "images": images,
    })
}

/// The commit the image that runs names, and what of the setup it does not have.
pub(in crate::commands) type Lacks = (Option<String>, Vec<Placed>);

/// What the setup says that the image that runs does not, for `bkt status`; `None` where the image has no setup.
pub(in crate::commands) fn waiting(
    context: &Context,
    system: &System,
    setup: &std::path::Path,
    status: Option<&Status>,
) -> Option<Result<Lacks, Failure>> {
    let images = context.brief_host().map(|host| provenance::images(host.as_ref(), system)).ok()?;
    let booted = images.iter().find(|image| image.role == Role::Booted)?;
    let look = || -> Result<Vec<Placed>, Failure> {
        let (host, tools) = tools(context)?;
        let Some(status) = status else { return Ok(provenance::waiting(setup, &images, None)?) };
        let found = repository::find(&host, &tools, setup)?;
        let repository = Repository::new(&host, &tools, &found);
        Ok(provenance::waiting(setup, &images, Some(Place { repository: &repository, status }))?)
    };
    Some(look().map(|placed| (booted.revision.clone(), placed)))
}

/// For `bkt status --json`.
pub(in crate::commands) fn brief(revision: Option<&String>, placed: &[Placed]) -> Json {
    let count = |stage: Stage| placed.iter().filter(|it| it.stage == stage).count();
    json!({
        "revision": revision,
        "lacks": {
            "staged": count(Stage::Staged),
            "pushed": count(Stage::Pushed),
            "committed": count(Stage::Committed),
            "uncommitted": count(Stage::Uncommitted),
        },
    })
}

/// How many changes of the setup are not in the image, and how far they have come; nothing where all are in it.
pub(in crate::commands) fn lines(placed: &[Placed]) -> Option<String> {
    let words = "{count} change of the setup is not in it";
    let mut out = number(words, "{count} changes of the setup are not in it", placed.len());
    for stage in Stage::ALL {
        let count = placed.iter().filter(|it| it.stage == stage).count();
        if count > 0 {
            let words = gettext("{count} {stage}");
            let words = fill(&words, &[("count", &count.to_string()), ("stage", &stage.words())]);
            out.push_str(&format!("\n  {words}"));
        }
    }
    (!placed.is_empty()).then_some(out)
}
