//! Finds what the browser tests need from outside the workspace: a browser and its driver, node, and npm packages.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail, ensure};
use riq_testing::programs::find_program;
use riq_testing::{packages, process};

use crate::{npm, workspace};

/// What to type if a program is missing and cannot be installed by this task.
pub(crate) const HOW_TO_INSTALL: &str = "install Chromium, its driver, node 20 or newer and npm (Debian: sudo apt-get install chromium chromium-driver nodejs npm; macOS: brew install --cask chromium chromedriver && brew install node)";

/// Where `package.json` and its lock file are kept, relative to the root.
const NODE: &str = "crates/server/tests/api/browser/node";

/// The oldest major version of node that the packages are known to work with.
const OLDEST_NODE: u32 = 20;

/// A program that the tests start, or that installs what they need.
struct Program {
    /// The environment variable with its path, for the tests. A developer can set it to use another program.
    variable: &'static str,
    /// The names that it can have.
    names: &'static [&'static str],
    /// The Debian package.
    package: &'static str,
}

const PROGRAMS: [Program; 4] = [
    Program {
        variable: "RIQ_TEST_CHROMIUM",
        names: &["chromium", "chromium-browser", "google-chrome"],
        package: "chromium",
    },
    Program { variable: "RIQ_TEST_CHROMEDRIVER", names: &["chromedriver"], package: "chromium-driver" },
    Program { variable: "RIQ_TEST_NODE", names: &["node"], package: "nodejs" },
    Program { variable: "RIQ_TEST_NPM", names: &["npm"], package: "npm" },
];

/// The environment variable with the path of the npm packages, for the tests.
const MODULES: &str = "RIQ_TEST_NODE_MODULES";

impl Program {
    fn find(&self) -> Option<PathBuf> {
        let named = std::env::var_os(self.variable).map(PathBuf::from);
        named.or_else(|| self.names.iter().find_map(|name| find_program(name)))
    }
}

/// Finds or installs everything that the browser tests need, and returns the environment variables that they read.
///
/// Returns `None` if a program is missing and this task may not install it: [`HOW_TO_INSTALL`] says what to type.
///
/// # Errors
/// When a package cannot be installed.
pub(crate) fn find_or_install() -> Result<Option<Vec<(&'static str, PathBuf)>>> {
    let missing = PROGRAMS.iter().filter(|program| program.find().is_none());
    let missing: Vec<&str> = missing.map(|program| program.package).collect();
    if !missing.is_empty() {
        if !packages::can_install() {
            return Ok(None);
        }
        packages::install(&missing)?;
    }
    let [Some(chromium), Some(chromedriver), Some(node), Some(npm)] = PROGRAMS.map(|program| program.find())
    else {
        bail!("{} are installed, but not all of them are on PATH", missing.join(", "));
    };
    check_node(&node)?;
    let modules = npm::install(&npm, &workspace::root().join(NODE))?;
    let programs = PROGRAMS.map(|program| program.variable).into_iter().zip([chromium, chromedriver, node]);
    Ok(Some(programs.chain([(MODULES, modules)]).collect()))
}

fn check_node(node: &Path) -> Result<()> {
    let version = process::output(Command::new(node).arg("--version"))?;
    let version = version.trim();
    ensure!(
        major(version).is_some_and(|major| major >= OLDEST_NODE),
        "node has version {version}, but the packages need {OLDEST_NODE} or newer"
    );
    Ok(())
}

/// The major version: 20 for v20.1.0.
fn major(version: &str) -> Option<u32> {
    version.strip_prefix('v')?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(file: &str) -> serde_json::Value {
        let text = std::fs::read_to_string(workspace::root().join(NODE).join(file)).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_version_is_told_by_its_first_number() {
        assert_eq!(major("v20.20.2"), Some(20));
        assert_eq!(major("v8.0.0"), Some(8));
        assert_eq!(major("20.1"), None);
    }

    #[test]
    fn packages_are_pinned_to_one_version() {
        let package = read("package.json");
        let versions: Vec<&str> =
            package["dependencies"].as_object().unwrap().values().map(|v| v.as_str().unwrap()).collect();
        assert!(!versions.is_empty());
        for version in versions {
            assert!(version.chars().all(|c| c.is_ascii_digit() || c == '.'), "{version} is a range");
        }
    }

    #[test]
    fn the_lock_file_holds_hashes_and_no_addresses() {
        let lock = read("package-lock.json");
        let packages = lock["packages"].as_object().unwrap();
        for (name, package) in packages.iter().filter(|(name, _)| !name.is_empty()) {
            assert!(package["integrity"].is_string(), "{name} has no hash");
            assert!(package.get("resolved").is_none(), "{name} names the place it came from");
        }
    }
}
