//! `cargo xtask package`: Debian packages, tarballs, bills of materials and checksums.
//!
//! `cargo deb` reads what a package holds from `[package.metadata.deb]` of the crate. Its scripts, the unit and the
//! settings are in `packaging/`. Man pages and completions come from the programs themselves.
#![expect(clippy::print_stderr, reason = "a command line's output")]

mod check;
mod glibc;
mod materials;
mod program;
mod tarball;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;
use sha2::{Digest, Sha256};

use self::program::{PROGRAMS, Program, files};
use crate::workspace;

/// Where a shell's script is written, after the program's name.
const SHELLS: [(&str, &str, &str); 3] = [("bash", "", ".bash"), ("zsh", "_", ""), ("fish", "", ".fish")];

/// Options of `package`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// The profile of cargo; dev is quick, for a try
    #[arg(long, default_value = "release")]
    profile: String,
    /// Builds for another target than this machine, such as x86_64-unknown-linux-musl; only tarballs are made of it
    #[arg(long, value_name = "TRIPLE")]
    target: Option<String>,
    /// Uses the programs that are built already
    #[arg(long)]
    no_build: bool,
}

/// Makes everything in `target/package/out`, and checks it.
///
/// # Errors
/// When something does not build, a tool is missing, or a package is not as it should be.
pub(crate) fn run(options: &Options) -> Result<()> {
    let out = workspace::root().join("target/package/out");
    if out.exists() {
        fs::remove_dir_all(&out).context("cannot empty target/package/out")?;
    }
    fs::create_dir_all(&out)?;
    let binaries = build(options)?;
    for program in PROGRAMS {
        describe(program, &binaries)?;
        let tarball = tarball::make(program, &binaries, options.target.as_deref(), &out)?;
        eprintln!("Made {tarball}");
        if options.target.is_none() {
            debian(program, options, &out)?;
        }
        materials::write(program, &out)?;
    }
    checksums(&out)?;
    check::everything(&out, options.target.is_none())?;
    eprintln!("Everything is in {}", out.display());
    Ok(())
}

/// Builds the programs as part of the workspace, as they are tested. Returns the directory that holds them.
fn build(options: &Options) -> Result<PathBuf> {
    let mut directory = workspace::target_directory();
    let mut cargo = workspace::cargo();
    cargo.args(["build", "--locked", "--workspace", "--bins", "--profile", &options.profile]);
    if let Some(target) = &options.target {
        cargo.args(["--target", target]);
        directory.push(target);
    }
    if !options.no_build {
        process::run(&mut cargo)?;
    }
    Ok(directory.join(if options.profile == "dev" { "debug" } else { &options.profile }))
}

/// Writes man pages and completions.
fn describe(program: Program, binaries: &Path) -> Result<()> {
    let made = program.made();
    if made.exists() {
        fs::remove_dir_all(&made)?;
    }
    let completions = made.join("completions");
    fs::create_dir_all(&completions)?;
    let binary = binaries.join(program.name);
    process::run(Command::new(&binary).arg("manual").arg(made.join("man")))?;
    for (shell, before, after) in SHELLS {
        let script = process::output(Command::new(&binary).args(["completions", shell]))?;
        fs::write(completions.join(format!("{before}{}{after}", program.name)), script)?;
    }
    Ok(())
}

/// Makes a Debian package.
fn debian(program: Program, options: &Options, out: &Path) -> Result<()> {
    let mut cargo = workspace::cargo();
    cargo.args(["deb", "--no-build", "--quiet", "--strip", "--package", program.name]);
    cargo.args(["--profile", &options.profile, "--output"]).arg(out);
    if options.profile != "release" {
        cargo.arg("--fast");
    }
    process::run(&mut cargo).context("cargo deb makes Debian packages: cargo install cargo-deb --locked")
}

/// Writes `SHA256SUMS`, in the form that `sha256sum --check` reads.
fn checksums(out: &Path) -> Result<()> {
    let mut lines = Vec::new();
    for name in files(out)? {
        let hash = Sha256::digest(fs::read(out.join(&name))?);
        let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
        lines.push(format!("{hash}  {name}\n"));
    }
    fs::write(out.join("SHA256SUMS"), lines.concat()).context("cannot write SHA256SUMS")
}
