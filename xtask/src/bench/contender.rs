//! A program to time, and what was measured.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use crate::{environment, process};

/// Exit statuses that are results: nothing changed (3), refused (4).
const RESULTS: [i32; 3] = [0, 3, 4];

/// Commands that do one job together, one after another.
pub(super) struct Contender {
    pub(super) name: String,
    /// Whether it is this project's program.
    pub(super) is_ours: bool,
    /// Run before each run, and not timed.
    prepare: Vec<Vec<String>>,
    commands: Vec<Vec<String>>,
    times: Vec<Duration>,
}

impl Contender {
    /// Another program.
    pub(super) fn new(name: &str, commands: &[&[&str]]) -> Self {
        Self {
            name: name.to_owned(),
            is_ours: false,
            prepare: Vec::new(),
            commands: owned(commands),
            times: Vec::new(),
        }
    }

    /// This project's program.
    pub(super) fn ours(name: &str, command: &[&str]) -> Self {
        Self { is_ours: true, ..Self::new(name, &[command]) }
    }

    /// With `commands` before each run, which are not timed.
    pub(super) fn after(self, commands: &[&[&str]]) -> Self {
        Self { prepare: owned(commands), ..self }
    }

    fn run(&self) -> Result<Duration> {
        all(&self.prepare)?;
        let start = Instant::now();
        all(&self.commands)?;
        Ok(start.elapsed())
    }

    pub(super) fn median(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }

    pub(super) fn range(&self) -> (Duration, Duration) {
        let ends = self.times.first().copied().zip(self.times.last().copied());
        ends.unwrap_or_default()
    }

    /// The most memory that one of its programs had in a run of its own, in KiB.
    pub(super) fn peak_memory(&self) -> Result<Option<u64>> {
        let Some(time) = environment::find_program("time") else { return Ok(None) };
        let mut peak = 0;
        all(&self.prepare)?;
        for command in &self.commands {
            let report = tempfile::NamedTempFile::new()?;
            let mut timed = process::command(time.as_str());
            timed.args(["-q", "-f", "%M", "-o"]).arg(report.path()).args(command);
            quietly(elsewhere(&mut timed))?;
            let text = fs_err::read_to_string(report.path())?;
            let kib = text.trim().parse().with_context(|| format!("{time} wrote {text:?}"))?;
            peak = u64::max(peak, kib);
        }
        Ok(Some(peak))
    }
}

/// Times all of them in turns, after one run each that is not counted: files come from the page cache.
pub(super) fn race(contenders: &mut [Contender], rounds: u32) -> Result<()> {
    for contender in contenders.iter() {
        contender.run()?;
    }
    for _ in 0..rounds {
        for contender in contenders.iter_mut() {
            let time = contender.run()?;
            contender.times.push(time);
        }
    }
    for contender in contenders.iter_mut() {
        contender.times.sort_unstable();
    }
    Ok(())
}

fn owned(commands: &[&[&str]]) -> Vec<Vec<String>> {
    let owned = |command: &&[&str]| command.iter().map(ToString::to_string).collect();
    commands.iter().map(owned).collect()
}

fn all(commands: &[Vec<String>]) -> Result<()> {
    for command in commands {
        let (program, arguments) = command.split_first().context("no program")?;
        quietly(elsewhere(process::command(program).args(arguments)))?;
    }
    Ok(())
}

/// Not in this repository, whose Cargo manifest would be asked for settings.
fn elsewhere(command: &mut Command) -> &mut Command {
    command.current_dir(std::env::temp_dir())
}

fn quietly(command: &mut Command) -> Result<()> {
    let shown = process::show(command);
    let output = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("failed to run `{shown}`"))?;
    if !output.status.code().is_some_and(|code| RESULTS.contains(&code)) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed: {}\n{}", output.status, stderr.trim_end());
    }
    Ok(())
}
