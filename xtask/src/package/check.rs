//! Checks what was made, as somebody would who installs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use riq_testing::process;

use super::glibc;
use super::program::{PROGRAMS, files};

/// What a package holds, and with which mode and owner.
const SERVER: [(&str, &str); 6] = [
    ("./usr/bin/riq-server", "-rwxr-xr-x 0/0"),
    ("./usr/lib/systemd/system/riq-server.service", "-rw-r--r-- 0/0"),
    ("./etc/riq/server.toml", "-rw-r----- 0/0"),
    ("./usr/share/man/man1/riq-server-serve.1.gz", "-rw-r--r-- 0/0"),
    ("./usr/share/bash-completion/completions/riq-server", "-rw-r--r-- 0/0"),
    ("./usr/share/doc/riq-server/copyright", "-rw-r--r-- 0/0"),
];
const COMMAND_LINE: [(&str, &str); 4] = [
    ("./usr/bin/riq", "-rwxr-xr-x 0/0"),
    ("./usr/share/man/man1/riq-integrations.1.gz", "-rw-r--r-- 0/0"),
    ("./usr/share/bash-completion/completions/riq", "-rw-r--r-- 0/0"),
    ("./usr/share/doc/riq/copyright", "-rw-r--r-- 0/0"),
];
/// The worst mark that the unit may have, in tenths. systemd's own scale is from 0 to 10.
const EXPOSURE: &str = "20";

/// Checks everything in a directory.
///
/// # Errors
/// The first thing that is wrong.
pub(super) fn everything(out: &Path, debian: bool) -> Result<()> {
    process::run(Command::new("sha256sum").args(["--check", "--quiet", "SHA256SUMS"]).current_dir(out))?;
    if !debian {
        return Ok(());
    }
    let unit = crate::workspace::root().join("packaging/systemd/riq-server.service");
    process::output(
        Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--no-pager", "--threshold", EXPOSURE])
            .arg(unit),
    )
    .context("the unit is exposed more than it may be, or systemd-analyze is missing")?;
    let packages: Vec<String> = files(out)?.into_iter().filter(|name| name.ends_with(".deb")).collect();
    ensure!(packages.len() == PROGRAMS.len(), "expected a package for each program, not {packages:?}");
    for program in PROGRAMS {
        let name = packages.iter().find(|name| name.starts_with(&format!("{}_", program.name)));
        let package = out.join(name.context("a package is missing")?);
        let expected = if program.name == "riq" { &COMMAND_LINE[..] } else { &SERVER[..] };
        contents(&package, expected)?;
        libraries(&package, program.name)?;
    }
    Ok(())
}

/// Whether the package holds what it should, and its settings count as the operator's.
fn contents(package: &Path, expected: &[(&str, &str)]) -> Result<()> {
    let listed = process::output(Command::new("dpkg-deb").arg("--contents").arg(package))?;
    let found: BTreeMap<&str, String> = listed.lines().filter_map(entry).collect();
    for (file, mode) in expected {
        let is = found.get(file).map(String::as_str);
        ensure!(is == Some(*mode), "{}: {file} should be {mode}, and is {is:?}", package.display());
    }
    if found.contains_key("./etc/riq/server.toml") {
        let kept = process::output(Command::new("dpkg-deb").args(["--info"]).arg(package).arg("conffiles"))?;
        ensure!(kept.trim() == "/etc/riq/server.toml", "the settings are no conffile: {kept}");
    }
    Ok(())
}

/// The file, its mode and its owner in a line of the contents.
fn entry(line: &str) -> Option<(&str, String)> {
    let mut words = line.split_whitespace();
    let (mode, owner) = (words.next()?, words.next()?);
    Some((words.nth(3)?, format!("{mode} {owner}")))
}

/// Whether the package asks for the C library that its program needs.
fn libraries(package: &Path, program: &str) -> Result<()> {
    let depends = process::output(Command::new("dpkg-deb").arg("--field").arg(package).arg("Depends"))?;
    let unpacked = tempfile::tempdir()?;
    process::run(Command::new("dpkg-deb").arg("--extract").arg(package).arg(unpacked.path()))?;
    let (major, minor) = glibc::needed(&unpacked.path().join("usr/bin").join(program))?
        .context("the program needs no glibc")?;
    ensure!(
        depends.contains(&format!("libc6 (>= {major}.{minor}")),
        "{program} needs glibc {major}.{minor}, and its package depends on {depends}"
    );
    Ok(())
}
