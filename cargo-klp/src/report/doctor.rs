//! What a build needs, and how to get it.

use std::io::{self, Write};

use kbuild_glue::doctor::{Check, State};
use serde_json::json;

pub(super) fn human(checks: &[Check], mut out: impl Write) -> io::Result<()> {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0).min(24);
    for Check { name, state, found, fix } in checks {
        writeln!(out, "{:<7}  {name:<width$}  {found}", word(*state))?;
        if let Some(fix) = fix {
            writeln!(out, "{:<7}  {:<width$}  fix: {fix}", "", "")?;
        }
    }
    Ok(())
}

pub(super) fn json(checks: &[Check], mut out: impl Write) -> io::Result<()> {
    for Check { name, state, found, fix } in checks {
        let state = word(*state);
        let record =
            json!({"reason": "check", "name": name, "state": state, "found": found, "fix": fix});
        writeln!(out, "{record}")?;
    }
    Ok(())
}

fn word(state: State) -> &'static str {
    match state {
        State::Good => "ok",
        State::Doubtful => "warning",
        State::Bad => "error",
    }
}
