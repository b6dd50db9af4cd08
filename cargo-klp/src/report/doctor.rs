//! What a build needs, and how to get it.

use std::io::{self, Write};

use kbuild_glue::doctor::{CheckState, DoctorCheck, commands};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::printable::PrintableLines;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum DoctorRecord<'a> {
    /// One thing that was looked at.
    Check {
        /// What, in a word or two.
        name: &'a str,
        /// How it is.
        state: DoctorState,
        /// What was found.
        found: &'a str,
        /// What the person can do about it; none where all is well.
        fix: Option<&'a str>,
    },
    /// The last record.
    DoctorSummary {
        /// How many things were looked at.
        checks: usize,
        /// Those of them that no build works with.
        failed: usize,
        /// Those that something may not work with.
        doubtful: usize,
        /// Commands that get all that is missing, on Debian and what comes from it.
        commands: Vec<String>,
    },
}

/// How a thing is.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DoctorState {
    /// All is well.
    Ok,
    /// It works, but not all of it.
    Warning,
    /// It cannot work.
    Error,
}

impl DoctorState {
    fn of(state: CheckState) -> Self {
        match state {
            CheckState::Good => Self::Ok,
            CheckState::Doubtful => Self::Warning,
            CheckState::Bad => Self::Error,
        }
    }

    fn text(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

pub(super) fn human(checks: &[DoctorCheck], out: &mut PrintableLines<'_>) -> io::Result<()> {
    let width = checks.iter().map(|check| check.name.len()).max().unwrap_or(0).min(24);
    for DoctorCheck { name, state, found, fix, .. } in checks {
        writeln!(out, "{:<7}  {name:<width$}  {found}", DoctorState::of(*state).text())?;
        if let Some(fix) = fix {
            writeln!(out, "{:<7}  {:<width$}  fix: {fix}", "", "")?;
        }
    }
    let commands = commands(checks);
    if !commands.is_empty() {
        writeln!(out)?;
        writeln!(out, "On Debian and what comes from it, this gets all that is missing:")?;
    }
    commands.iter().try_for_each(|command| writeln!(out, "    {command}"))
}

pub(super) fn json(checks: &[DoctorCheck], out: impl Write) -> io::Result<()> {
    let count = |state| checks.iter().filter(|check| check.state == state).count();
    let summary = DoctorRecord::DoctorSummary {
        checks: checks.len(),
        failed: count(CheckState::Bad),
        doubtful: count(CheckState::Doubtful),
        commands: commands(checks),
    };
    let records = checks.iter().map(|DoctorCheck { name, state, found, fix, .. }| {
        DoctorRecord::Check { name, state: DoctorState::of(*state), found, fix: fix.as_deref() }
    });
    json::stream(records.chain([summary]), out)
}
