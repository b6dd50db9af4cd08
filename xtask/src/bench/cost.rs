//! What a run costs.

use std::process::{Command, ExitStatus};
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use camino::Utf8Path;

use crate::process;

/// `USER_HZ` is the same on all of x86.
const TICKS: f64 = 100.0;

/// What a run took, in seconds: by the clock, and of all processors for it and what it started. The latter
/// says the same on a machine that others use as well.
#[derive(Clone, Copy)]
pub(super) struct Cost {
    pub(super) clock: f64,
    pub(super) processors: f64,
}

impl Cost {
    /// Runs a command, its output in the file `log`; fails unless it succeeds.
    pub(super) fn of_run(command: &mut Command, log: &Utf8Path) -> Result<Self> {
        let (cost, status) = Self::of_ended(command, log)?;
        if !status.success() {
            bail!("`{}`: {status}; its output is in {log}", process::show(command));
        }
        Ok(cost)
    }

    /// Runs a command, however it ends.
    pub(super) fn of_ended(command: &mut Command, log: &Utf8Path) -> Result<(Self, ExitStatus)> {
        let file = fs_err::File::create(log)?.into_parts().0;
        let (begin, before) = (Instant::now(), children_processors()?);
        let status = command
            .stdout(file.try_clone()?)
            .stderr(file)
            .status()
            .with_context(|| format!("failed to run `{}`", process::show(command)))?;
        let processors = children_processors()? - before;
        Ok((Self { clock: begin.elapsed().as_secs_f64(), processors }, status))
    }

    /// Both parts as a fraction of those of `other`.
    pub(super) fn of(self, other: Self) -> Self {
        let (clock, processors) =
            (self.clock / other.clock, self.processors / other.processors.max(0.01));
        Self { clock, processors }
    }

    pub(super) fn print(self, what: &str, remark: &str) {
        println!("{what:<34} {:>8.1} s {:>8.1} s CPU  {remark}", self.clock, self.processors);
    }
}

/// Seconds of all processors that our ended children took, and theirs (proc(5), `/proc/pid/stat`).
pub(super) fn children_processors() -> Result<f64> {
    let text = fs_err::read_to_string("/proc/self/stat")?;
    // The name in parentheses can hold anything. `cutime` and `cstime` are fields 16 and 17, it is the second.
    let (_, rest) = text.rsplit_once(')').context("/proc/self/stat has no name")?;
    let fields = rest.split_whitespace().skip(13).take(2);
    let ticks: Result<Vec<f64>, _> = fields.map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() / TICKS)
}

/// Seconds that all processors have worked since the machine was started, for whomever (proc(5), `/proc/stat`).
pub(super) fn all_processors() -> Result<f64> {
    let text = fs_err::read_to_string("/proc/stat")?;
    // user, nice, system
    let fields = text.split_whitespace().skip(1).take(3);
    let ticks: Result<Vec<f64>, _> = fields.map(str::parse).collect();
    Ok(ticks?.iter().sum::<f64>() / TICKS)
}
