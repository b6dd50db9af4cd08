//! What a build needs, each thing checked by itself, and how to get what is missing.

mod config;
mod place;
mod rust;
mod stock;
mod tools;

use camino::Utf8Path;

use crate::config::Config;
use crate::tree::{Tree, TreeError};

pub use rust::{RUST_FIX, RustTargetError, rust_target_patch, untraced_rust};
pub use stock::examine_stock;

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// All is well.
    Good,
    /// It works, but not all of it.
    Doubtful,
    /// It cannot work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What, in a word or two.
    pub name: String,
    /// How it ended.
    pub state: State,
    /// What was found.
    pub found: String,
    /// What the person can do about it; none when all is well.
    pub fix: Option<String>,
}

impl Check {
    fn good(name: &str, found: impl Into<String>) -> Self {
        Self { name: name.to_owned(), state: State::Good, found: found.into(), fix: None }
    }

    fn doubtful(name: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Doubtful, fix: Some(fix.into()), ..Self::good(name, found) }
    }

    fn bad(name: &str, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { state: State::Bad, fix: Some(fix.into()), ..Self::good(name, found) }
    }
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
) -> Vec<Check> {
    let mut checks = Vec::new();
    let tree = match tree {
        Ok(tree) => tree,
        Err(error) => {
            let fix = error.hint().unwrap_or_default();
            checks.push(Check::bad("tree", error.to_string(), fix));
            checks.extend(tools::checks(None, variables, make));
            return checks;
        }
    };
    let version = tree.kernel_version().unwrap_or_default();
    checks.push(Check::good("tree", format!("kernel {version} in {}", tree.source)));
    let config = Config::read(&tree.config_path());
    match &config {
        Ok(config) => {
            checks.extend(config::checks(tree, config));
            checks.extend(rust::check(tree, config, variables));
        }
        Err(error) => {
            let fix = error.hint().unwrap_or_default();
            checks.push(Check::bad("config", error.to_string(), fix));
        }
    }
    checks.extend(tools::checks(config.as_ref().ok(), variables, make));
    let default = tree.output.join(".klp");
    checks.extend(place::checks(root.unwrap_or(&default)));
    checks
}
