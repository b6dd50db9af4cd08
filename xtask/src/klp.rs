//! The program under test: built with cargo, called as a user calls it.

use std::process::Command;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::{environment, process};

/// Builds cargo-klp and returns the path of the binary.
pub(crate) fn build(release: bool) -> Result<Utf8PathBuf> {
    let mut cargo = Command::new(environment::cargo());
    cargo.current_dir(environment::root());
    cargo.args(["build", "--package", "cargo-klp", "--message-format=json-render-diagnostics"]);
    if release {
        cargo.arg("--release");
    }
    cargo.stderr(std::process::Stdio::inherit());
    let messages = process::output(&mut cargo)?;
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == "cargo-klp")
        .find_map(|message| message["executable"].as_str().map(Utf8PathBuf::from))
        .context("cargo built cargo-klp, but named no executable")
}

/// `cargo-klp klp build -C source -O build`.
pub(crate) fn build_command(klp: &Utf8Path, source: &Utf8Path, build: &Utf8Path) -> Command {
    let mut command = process::command(klp.as_str());
    command.args(["klp", "build", "-C", source.as_str(), "-O", build.as_str()]);
    command.arg("-j").arg(environment::jobs().to_string());
    command
}
