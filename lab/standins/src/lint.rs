// SPDX-License-Identifier: GPL-3.0-or-later
//! `bootc container lint`: those of the real lints that look at what a recipe of ours can do wrong.
//! Names and outcome (fatal or warning) are the real ones; the rest of the real list is not here.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::kargs_d;

/// What a lint found, or nothing.
type Found = Result<Option<String>>;

#[derive(Debug)]
pub struct Lint {
    pub name: &'static str,
    pub fatal: bool,
    check: fn(&Path) -> Found,
}

pub const LINTS: [Lint; 7] = [
    Lint { name: "var-run", fatal: true, check: var_run },
    Lint { name: "etc-usretc", fatal: true, check: etc_usretc },
    Lint { name: "bootc-kargs", fatal: true, check: bootc_kargs },
    Lint { name: "kernel", fatal: true, check: kernel },
    Lint { name: "var-log", fatal: false, check: var_log },
    Lint { name: "nonempty-boot", fatal: false, check: nonempty_boot },
    Lint { name: "nonempty-run-tmp", fatal: false, check: nonempty_run_tmp },
];

/// Runs all but the skipped; the text is what is printed before the verdict.
pub fn lint(root: &Path, skip: &[String], fatal_warnings: bool) -> Result<String> {
    let mut text = String::new();
    let (mut passed, mut skipped, mut warnings, mut failed) = (0, 0, 0, 0);
    for lint in &LINTS {
        if skip.iter().any(|name| name == lint.name) {
            skipped += 1;
            continue;
        }
        let running = || format!("Unexpected runtime error running lint {}", lint.name);
        match (lint.check)(root).with_context(running)? {
            None => passed += 1,
            Some(found) if lint.fatal => {
                failed += 1;
                eprintln!("Failed lint: {}: {found}", lint.name);
            }
            Some(found) => {
                warnings += 1;
                text.push_str(&format!("Lint warning: {}: {found}\n", lint.name));
            }
        }
    }
    text.push_str(&format!("Checks passed: {passed}\n"));
    if skipped > 0 {
        text.push_str(&format!("Checks skipped: {skipped}\n"));
    }
    if warnings > 0 {
        text.push_str(&format!("Warnings: {warnings}\n"));
    }
    if fatal_warnings {
        failed += warnings;
    }
    if failed > 0 {
        print!("{text}");
        bail!("Checks failed: {failed}");
    }
    Ok(text)
}

fn var_run(root: &Path) -> Found {
    let found = fs::symlink_metadata(root.join("var/run")).is_ok_and(|meta| !meta.is_symlink());
    Ok(found.then(|| "Not a symlink: var/run".to_owned()))
}

fn etc_usretc(root: &Path) -> Found {
    let both = !names(&root.join("etc")).is_empty() && root.join("usr/etc").exists();
    Ok(both.then(|| {
        "Found /usr/etc - this is a bootc implementation detail and not supported to use in containers".to_owned()
    }))
}

fn bootc_kargs(root: &Path) -> Found {
    kargs_d::of_dir(&root.join(kargs_d::DIR.trim_start_matches('/'))).map(|_| None)
}

fn kernel(root: &Path) -> Found {
    let modules = root.join("usr/lib/modules");
    let kernels = names(&modules).iter().filter(|name| modules.join(name).join("vmlinuz").exists()).count();
    Ok((kernels > 1).then(|| "Found multiple kernels".to_owned()))
}

fn var_log(root: &Path) -> Found {
    let log = root.join("var/log");
    let files = names(&log).into_iter().filter(|name| log.join(name).is_file());
    Ok(listed("Found non-empty logfiles", files.map(|name| format!("/var/log/{name}"))))
}

fn nonempty_boot(root: &Path) -> Found {
    Ok(listed("Found non-empty /boot", names(&root.join("boot")).into_iter()))
}

fn nonempty_run_tmp(root: &Path) -> Found {
    let below = |dir: &'static str| names(&root.join(dir)).into_iter().map(move |name| format!("/{dir}/{name}"));
    // a container engine leaves these
    let engine = [".containerenv", "secrets", "lock"].map(|name| format!("/run/{name}"));
    Ok(listed(
        "Found content in runtime-only directories",
        below("run").chain(below("tmp")).filter(|path| !engine.contains(path)),
    ))
}

fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

fn listed(what: &str, found: impl Iterator<Item = String>) -> Option<String> {
    let found: Vec<String> = found.collect();
    (!found.is_empty()).then(|| format!("{what}:\n  {}", found.join("\n  ")))
}
