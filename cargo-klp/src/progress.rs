//! The line at the end of the terminal that says how far a build is.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use camino::{Utf8Path, Utf8PathBuf};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{MessageFormat, Verbosity};
use crate::environment;

/// Where the number of objects is known.
const OBJECTS: &str = "{prefix:>12.cyan.bold} [{bar:24}] {pos}/{len} objects {wide_msg}";
/// Where it is not.
const STEPS: &str = "{prefix:>12.cyan.bold} {pos} steps, {elapsed} {wide_msg}";

/// The progress line. It is not there when standard error is no terminal, nor with `-q` or JSON.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// Objects to do, where they are known.
    left: Mutex<Option<BTreeSet<Utf8PathBuf>>>,
}

impl Progress {
    /// Drawn for the first time after half a second, at most ten times a second.
    pub(crate) fn new(verbosity: Verbosity, format: MessageFormat) -> Self {
        let is_for_people = verbosity >= Verbosity::Normal && format == MessageFormat::Human;
        let wanted = match environment::progress_when().as_deref() {
            Some("never") => false,
            Some("always") => true,
            _ => is_for_people && io::stderr().is_terminal(),
        };
        let bar = if wanted {
            ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10))
        } else {
            ProgressBar::hidden()
        };
        bar.set_prefix("Making");
        bar.set_style(style(STEPS));
        if wanted {
            bar.enable_steady_tick(Duration::from_millis(500));
        }
        Self { bar, left: Mutex::new(None) }
    }

    /// Counts these objects from now on.
    pub(crate) fn expect(&self, objects: BTreeSet<Utf8PathBuf>) {
        self.bar.reset();
        self.bar.set_style(style(OBJECTS));
        self.bar.set_length(u64::try_from(objects.len()).unwrap_or(u64::MAX));
        *self.left() = Some(objects);
    }

    /// Make does `verb` to `target`.
    pub(crate) fn step(&self, verb: &str, target: &str) {
        self.bar.set_message(format!("{verb} {target}"));
        // `RUSTC L rust/core.o`
        let object = target.rsplit(' ').next().unwrap_or(target);
        let counts = match self.left().as_mut() {
            Some(left) => left.remove(Utf8Path::new(object)),
            None => true,
        };
        self.bar.inc(u64::from(counts));
    }

    /// Takes the line away, until something is made again.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
        self.bar.reset();
        self.bar.unset_length();
        self.bar.set_style(style(STEPS));
        *self.left() = None;
    }

    /// Runs `print`, which writes to the terminal, while the line is not there.
    pub(crate) fn suspend<T>(&self, print: impl FnOnce() -> T) -> T {
        self.bar.suspend(print)
    }

    fn left(&self) -> MutexGuard<'_, Option<BTreeSet<Utf8PathBuf>>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn style(template: &str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template);
    style.unwrap_or_else(|_| ProgressStyle::default_spinner()).progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_expected_objects_count() {
        let progress = Progress::new(Verbosity::Quiet, MessageFormat::Json);
        progress.step("CC", "scripts/mod/empty.o");
        assert_eq!(progress.bar.position(), 1);
        progress.expect(["fs/a.o", "rust/core.o"].map(Utf8PathBuf::from).into());
        assert_eq!((progress.bar.position(), progress.bar.length()), (0, Some(2)));
        for (verb, target) in
            [("CC", "fs/a.o"), ("CC", "fs/a.o"), ("HOSTCC", "x.o"), ("RUSTC", "L rust/core.o")]
        {
            progress.step(verb, target);
        }
        assert_eq!(progress.bar.position(), 2);
        progress.finish();
        assert_eq!((progress.bar.position(), progress.bar.length()), (0, None));
    }
}
