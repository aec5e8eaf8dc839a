// SPDX-License-Identifier: GPL-3.0-or-later
//! Packs style, icons and the shortcuts window into the binary.
//!
//! Invariant: everything comes from `data/`, so a build from meson and one from cargo hold the same.

#[expect(clippy::disallowed_methods, reason = "cargo tells a build script by environment and tools are its work")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = "../data/resources";
    let target = std::path::Path::new(&std::env::var("OUT_DIR")?).join("bucket.gresource");
    let status = std::process::Command::new("glib-compile-resources")
        .arg(format!("--sourcedir={data}"))
        .arg(format!("--target={}", target.display()))
        .arg(format!("{data}/bucket.gresource.xml"))
        .status()?;
    println!("cargo::rerun-if-changed={data}");
    println!("cargo::rerun-if-changed=../data/icons");
    if status.success() { Ok(()) } else { Err("glib-compile-resources failed".into()) }
}
