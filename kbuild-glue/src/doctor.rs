//! What a build needs, each thing checked by itself, and how to get what is missing.

mod config;
mod place;
mod rust;
mod stock;
mod tools;

use std::collections::BTreeSet;

use camino::Utf8Path;

use crate::config::Config;
use crate::packages::PackageNames;
use crate::tree::{Tree, TreeError};

pub use rust::{RUST_FIX, RustTargetError, rust_target_patch, untraced_rust};
pub(crate) use stock::compiling_for;
pub use stock::examine_stock;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// All is well.
    Good,
    /// It works, but not all of it.
    Doubtful,
    /// It cannot work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoctorCheck {
    /// What, in a word or two.
    pub name: String,
    /// How it ended.
    pub state: CheckState,
    /// What was found.
    pub found: String,
    /// What the person can do about it; none when all is well.
    pub fix: Option<String>,
    remedy: Option<Remedy>,
}

/// What brings what is missing, on Debian and what comes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Remedy {
    Packages(Vec<String>),
    Command(String),
}

impl DoctorCheck {
    /// All is well.
    #[must_use]
    pub fn good(name: &str, found: impl Into<String>) -> Self {
        let (name, found) = (name.to_owned(), found.into());
        Self { name, state: CheckState::Good, found, fix: None, remedy: None }
    }

    /// It works, but not all of it.
    #[must_use]
    pub fn doubtful(name: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: CheckState::Doubtful, fix: Some(fix.into()), ..Self::good(name, found) }
    }

    fn bad(name: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: CheckState::Bad, fix: Some(fix.into()), ..Self::good(name, found) }
    }

    /// Something is not there that `packages` have.
    fn missing(name: &str, found: impl Into<String>, packages: &[PackageNames<'_>]) -> Self {
        let names: Vec<String> = packages.iter().map(ToString::to_string).collect();
        // A compiler that is named by its path is in no package.
        let debian = packages.iter().map(|package| package.debian.to_owned());
        let remedy = Some(Remedy::Packages(debian.filter(|name| !name.contains('/')).collect()));
        Self { remedy, ..Self::bad(name, found, format!("install {}", names.join(", "))) }
    }
}

/// The commands that get all that `checks` miss, on Debian and what comes from it.
#[must_use]
pub fn commands(checks: &[DoctorCheck]) -> Vec<String> {
    let mut commands = Vec::new();
    let mut packages = BTreeSet::new();
    for remedy in checks.iter().filter_map(|check| check.remedy.as_ref()) {
        match remedy {
            Remedy::Packages(names) => packages.extend(names.iter().map(String::as_str)),
            Remedy::Command(command) if commands.contains(command) => {}
            Remedy::Command(command) => commands.push(command.clone()),
        }
    }
    if !packages.is_empty() {
        let packages: Vec<&str> = packages.into_iter().collect();
        commands.push(format!("apt-get install --no-install-recommends {}", packages.join(" ")));
    }
    commands
}

/// Looks at the tree, its configuration, the tools that it is built with and the directory `root` that
/// builds would be kept in (none: `.klp` in the output). Runs compilers with `--version` and writes
/// nothing.
#[must_use]
pub fn examine(
    tree: Result<&Tree, &TreeError>,
    root: Option<&Utf8Path>,
    variables: &[String],
    make: &str,
) -> Vec<DoctorCheck> {
    let mut checks = Vec::new();
    let tree = match tree {
        Ok(tree) => tree,
        Err(error) => {
            let fix = error.hint().unwrap_or_default();
            checks.push(DoctorCheck::bad("tree", error.to_string(), fix));
            checks.extend(tools::checks(None, variables, make));
            return checks;
        }
    };
    let version = tree.kernel_version().unwrap_or_default();
    checks.push(DoctorCheck::good("tree", format!("kernel {version} in {}", tree.source)));
    let config = Config::read(&tree.config_path());
    match &config {
        Ok(config) => {
            checks.extend(config::checks(tree, config));
            checks.extend(rust::check(tree, config, variables));
        }
        Err(error) => {
            let fix = error.hint().unwrap_or_default();
            checks.push(DoctorCheck::bad("config", error.to_string(), fix));
        }
    }
    checks.extend(tools::checks(config.as_ref().ok(), variables, make));
    let default = tree.output.join(".klp");
    checks.extend(place::checks(root.unwrap_or(&default)));
    checks
}
