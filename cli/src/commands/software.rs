// SPDX-License-Identifier: GPL-3.0-or-later
//! `bkt brew`, `bkt appimage`, `bkt bin`: from words to items and the values they are to have.
//!
//! Invariant: a name no tool would accept is refused before anything is looked at.

use bkt_core::i18n::{fill, gettext};
use bkt_core::item::{Domain, ItemId};
use bkt_core::name::{AppImageName, AssetPattern, BinaryName, BrewName, NameError};
use bkt_core::plan::wish::Wanted;
use bkt_core::setup::Setup;
use bkt_core::value::{AppImageSource, BinarySource, Registry, Value};

use super::verb;
use crate::args::{AppImageAdd, AppImageCommand, BinAdd, BinCommand, BrewCommand};
use crate::context::Context;
use crate::error::{Answer, Failure, exit};

/// `bkt brew`.
pub(super) fn brew(context: &Context, command: &BrewCommand) -> Result<Answer, Failure> {
    match command {
        BrewCommand::Add(args) => {
            let wanted = verb::named::<BrewName>(Domain::Brew, &args.names, &Value::Present)?;
            verb::change(context, wanted, &args.sides)
        }
        BrewCommand::Remove(args) => {
            verb::named::<BrewName>(Domain::Brew, &args.names, &Value::Present)?;
            verb::change(context, verb::gone(Domain::Brew, &args.names), &args.sides)
        }
        BrewCommand::List => verb::list(context, Domain::Brew),
        BrewCommand::Sync => verb::sync(context, &[Domain::Brew], false),
        BrewCommand::Show(args) => verb::show(context, Domain::Brew, &args.names),
    }
}

/// `bkt appimage`.
pub(super) fn appimage(context: &Context, command: &AppImageCommand) -> Result<Answer, Failure> {
    match command {
        AppImageCommand::Add(args) => {
            let wanted = new_app(args).map_err(refused)?;
            verb::change(context, [wanted], &args.sides)
        }
        AppImageCommand::Remove(args) => {
            checked::<AppImageName>(&args.names)?;
            verb::change(context, verb::gone(Domain::AppImage, &args.names), &args.sides)
        }
        AppImageCommand::Enable(args) => verb::change(context, switched(context, &args.names, false)?, &args.sides),
        AppImageCommand::Disable(args) => verb::change(context, switched(context, &args.names, true)?, &args.sides),
        AppImageCommand::List => verb::list(context, Domain::AppImage),
        AppImageCommand::Sync => verb::sync(context, &[Domain::AppImage], false),
        AppImageCommand::Show(args) => verb::show(context, Domain::AppImage, &args.names),
    }
}

fn new_app(args: &AppImageAdd) -> Result<(ItemId, Wanted), NameError> {
    let repo = ["github:", "gh:"].iter().find_map(|prefix| args.repository.strip_prefix(prefix));
    let source = AppImageSource {
        repo: repo.unwrap_or(&args.repository).parse()?,
        asset: args.asset.parse::<AssetPattern>()?,
        prereleases: args.prereleases,
        disabled: false,
    };
    let name: AppImageName = args.name.as_deref().unwrap_or(source.repo.repository()).parse()?;
    Ok((ItemId::new(Domain::AppImage, name.as_str()), Some(Value::AppImage(source))))
}

/// The apps of the setup, wanted or kept without being wanted.
fn switched(context: &Context, names: &[String], disabled: bool) -> Result<Vec<(ItemId, Wanted)>, Failure> {
    let setup = Setup::load(&context.setup()?)
        .map_err(|error| Failure::new(exit::NOT_POSSIBLE, "repo_not_found", error.to_string()))?;
    let declared = setup
        .declared(Domain::AppImage)
        .map_err(|error| Failure::new(exit::NOT_POSSIBLE, "manifest_invalid", error.to_string()))?;
    let switch = |name: &String| match declared.get(name).and_then(|said| said.value.clone()) {
        Some(Value::AppImage(source)) => {
            Ok((ItemId::new(Domain::AppImage, name), Some(Value::AppImage(AppImageSource { disabled, ..source }))))
        }
        _ => {
            let message = fill(&gettext("the setup has no AppImage ‘{name}’"), &[("name", name)]);
            Err(Failure::new(exit::USAGE, "unknown_item", message))
        }
    };
    names.iter().map(switch).collect()
}

/// `bkt bin`.
pub(super) fn bin(context: &Context, command: &BinCommand) -> Result<Answer, Failure> {
    match command {
        BinCommand::Add(args) => verb::change(context, [new_program(args)?], &args.sides),
        BinCommand::Remove(args) => {
            checked::<BinaryName>(&args.names)?;
            verb::change(context, verb::gone(Domain::Bin, &args.names), &args.sides)
        }
        BinCommand::List => verb::list(context, Domain::Bin),
        BinCommand::Sync => verb::sync(context, &[Domain::Bin], false),
        BinCommand::Show(args) => verb::show(context, Domain::Bin, &args.names),
    }
}

fn new_program(args: &BinAdd) -> Result<(ItemId, Wanted), Failure> {
    // The scope of an npm package begins with an @, too.
    let (source, version) = match args.source.rsplit_once('@') {
        Some((source, version)) if !source.is_empty() && !source.ends_with(':') => (source, Some(version)),
        _ => (args.source.as_str(), None),
    };
    let asset = args.asset.as_deref().map(str::parse).transpose().map_err(refused)?;
    if asset.is_some() && (source.starts_with("npm:") || source.starts_with("cargo:")) {
        let message = gettext("only releases on GitHub have files to choose from, so --asset does not fit here");
        return Err(Failure::new(exit::USAGE, "usage", message));
    }
    let registry = match source.split_once(':') {
        Some(("npm", package)) => package.parse().map(|package| Registry::Npm { package }),
        Some(("cargo", name)) => name.parse().map(|crate_name| Registry::Cargo { crate_name }),
        Some(("github" | "gh", repo)) => repo.parse().map(|repo| Registry::Github { repo, asset_pattern: asset }),
        None if source.contains('/') => source.parse().map(|repo| Registry::Github { repo, asset_pattern: asset }),
        _ => {
            let message = gettext("‘{source}’ is not github:OWNER/REPOSITORY, cargo:CRATE or npm:PACKAGE");
            return Err(Failure::new(exit::USAGE, "usage", fill(&message, &[("source", source)])));
        }
    };
    program(args, registry.map_err(refused)?, version).map_err(refused)
}

fn program(args: &BinAdd, source: Registry, version: Option<&str>) -> Result<(ItemId, Wanted), NameError> {
    let binary: Option<BinaryName> = args.binary.as_deref().map(str::parse).transpose()?;
    let name = args.name.as_deref().or(args.binary.as_deref()).unwrap_or(source.default_name());
    let name: BinaryName = name.parse()?;
    let value = BinarySource {
        version: version.map(str::parse).transpose()?,
        binary: binary.filter(|binary| *binary != name),
        sha256: args.sha256.as_deref().map(str::parse).transpose()?,
        source,
    };
    Ok((ItemId::new(Domain::Bin, name.as_str()), Some(Value::Binary(value))))
}

fn checked<N: std::str::FromStr<Err = NameError>>(names: &[String]) -> Result<(), Failure> {
    names.iter().try_for_each(|name| name.parse::<N>().map(|_| ()).map_err(refused))
}

fn refused(error: NameError) -> Failure {
    Failure::new(exit::USAGE, "name_invalid", error.to_string())
}
