//! The line at the end of the terminal that says how far a build is.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{MessageFormat, Verbosity};
use crate::{environment, printable};

/// Where the number of objects is known.
const OBJECTS: &str =
    "{prefix:>12.cyan.bold} [{bar:24}] {pos}/{len} objects, {eta} left {wide_msg}";
/// Where it is not.
const STEPS: &str = "{prefix:>12.cyan.bold} {pos} steps, {elapsed} {wide_msg}";

/// What is done within this time needs no line.
const PATIENCE: Duration = Duration::from_millis(500);

/// The progress line. It is not there when standard error is no terminal, nor with `-q` or JSON; nor while nothing
/// is made.
pub(crate) struct Progress {
    is_wanted: bool,
    line: Mutex<Option<ProgressLine>>,
}

struct ProgressLine {
    bar: ProgressBar,
    /// Objects to do, where they are known.
    left: Option<BTreeSet<Utf8PathBuf>>,
}

impl ProgressLine {
    fn new(is_wanted: bool, left: Option<BTreeSet<Utf8PathBuf>>) -> Self {
        let length = left.as_ref().map(|left| u64::try_from(left.len()).unwrap_or(u64::MAX));
        let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::hidden());
        bar.set_prefix("Making");
        bar.set_style(style(if left.is_some() { OBJECTS } else { STEPS }));
        if is_wanted {
            show_later(&bar);
        }
        Self { bar, left }
    }
}

impl Drop for ProgressLine {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shows `bar`, at most ten times a second, if there still is something to show after a while.
fn show_later(bar: &ProgressBar) {
    let bar = bar.downgrade();
    std::thread::spawn(move || {
        std::thread::sleep(PATIENCE);
        if let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) {
            bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
            bar.enable_steady_tick(PATIENCE);
        }
    });
}

impl Progress {
    pub(crate) fn new(verbosity: Verbosity, format: MessageFormat) -> Self {
        let is_for_people = verbosity >= Verbosity::Normal && format == MessageFormat::Human;
        let is_wanted = match environment::progress_when().as_deref() {
            Some("never") => false,
            Some("always") => true,
            _ => is_for_people && io::stderr().is_terminal(),
        };
        Self { is_wanted, line: Mutex::new(None) }
    }

    /// Counts these objects from now on.
    pub(crate) fn expect(&self, objects: BTreeSet<Utf8PathBuf>) {
        *self.line() = Some(ProgressLine::new(self.is_wanted, Some(objects)));
    }

    /// Make does `verb` to `target`.
    pub(crate) fn step(&self, verb: &str, target: &str) {
        let mut line = self.line();
        let ProgressLine { bar, left } =
            line.get_or_insert_with(|| ProgressLine::new(self.is_wanted, None));
        bar.set_message(printable::line(&format!("{verb} {target}")).into_owned());
        // `RUSTC L rust/core.o`
        let object = target.rsplit(' ').next().unwrap_or(target);
        let counts = left.as_mut().is_none_or(|left| left.remove(Utf8Path::new(object)));
        bar.inc(u64::from(counts));
    }

    /// Takes the line away, until something is made again.
    pub(crate) fn finish(&self) {
        *self.line() = None;
    }

    /// Runs `print`, which writes to the terminal, while the line is not there.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        let bar = self.line().as_ref().map(|line| line.bar.clone());
        match bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
    }

    fn line(&self) -> MutexGuard<'_, Option<ProgressLine>> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_spinner()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Progress {
        /// What is done and how much there is.
        fn state(&self) -> Option<(u64, Option<u64>)> {
            self.line().as_ref().map(|line| (line.bar.position(), line.bar.length()))
        }
    }

    #[test]
    fn only_expected_objects_count() {
        let progress = Progress::new(Verbosity::Quiet, MessageFormat::Json);
        assert_eq!(progress.state(), None);
        progress.step("CC", "scripts/mod/empty.o");
        assert_eq!(progress.state(), Some((1, None)));
        progress.expect(["fs/a.o", "rust/core.o"].map(Utf8PathBuf::from).into());
        assert_eq!(progress.state(), Some((0, Some(2))));
        for (verb, target) in
            [("CC", "fs/a.o"), ("CC", "fs/a.o"), ("HOSTCC", "x.o"), ("RUSTC", "L rust/core.o")]
        {
            progress.step(verb, target);
        }
        assert_eq!(progress.state(), Some((2, Some(2))));
        progress.finish();
        assert_eq!(progress.state(), None);
    }
}
