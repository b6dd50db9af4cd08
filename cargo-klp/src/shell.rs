//! Everything that goes to the terminal beside results.

use std::error::Error;
use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use anstyle::{AnsiColor, Style};

use crate::cli::{Color, MessageFormat, Verbosity};
use crate::progress::Progress;
use crate::words::time;

const STATUS: Style = AnsiColor::Green.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Standard error, and the progress line at its end.
pub(crate) struct Shell {
    verbosity: Verbosity,
    progress: Progress,
    begin: Instant,
    phase: Mutex<Option<Phase>>,
}

/// A part of the work, and when it began.
struct Phase {
    name: &'static str,
    begin: Instant,
}

impl Shell {
    pub(crate) fn new(verbosity: Verbosity, color: Color, format: MessageFormat) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        let progress = Progress::new(verbosity, format);
        Self { verbosity, progress, begin: Instant::now(), phase: Mutex::new(None) }
    }

    /// A line such as `    Building original kernel 6.1`.
    pub(crate) fn status(&self, verb: &str, message: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line(format_args!("{STATUS}{verb:>12}{STATUS:#} {message}"));
        }
    }

    /// The same for those who want to know more.
    pub(crate) fn verbose(&self, verb: &str, message: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Verbose {
            self.status(verb, message);
        }
    }

    /// The part of the work that `name` says begins, and the one before has ended.
    pub(crate) fn phase(&self, name: &'static str) {
        self.progress.finish();
        self.end_phase(Some(Phase { name, begin: Instant::now() }));
    }

    /// All is done.
    pub(crate) fn finished(&self, message: impl std::fmt::Display) {
        self.progress.finish();
        self.end_phase(None);
        self.status("Finished", format_args!("{message}, in {}", time(self.begin.elapsed())));
    }

    fn end_phase(&self, next: Option<Phase>) {
        let mut phase = self.phase.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(Phase { name, begin }) = std::mem::replace(&mut *phase, next) {
            self.verbose("Took", format_args!("{} for {name}", time(begin.elapsed())));
        }
    }

    /// Something that stops nothing.
    pub(crate) fn warning(&self, message: impl std::fmt::Display) {
        self.line(format_args!("{WARNING}warning{WARNING:#}: {message}"));
    }

    /// An error with its causes, and what to do about it.
    pub(crate) fn error(&self, error: &dyn Error, hint: Option<&str>) {
        self.progress.finish();
        self.line(format_args!("{ERROR}error{ERROR:#}: {error}"));
        let mut source = error.source();
        while let Some(cause) = source {
            // A parser's message has several lines, which point into the text.
            let cause_text = cause.to_string().trim_end().replace('\n', "\n    ");
            self.line(format_args!("  caused by: {cause_text}"));
            source = cause.source();
        }
        if let Some(hint) = hint {
            self.line(format_args!("\n{HINT}hint{HINT:#}: {hint}"));
        }
    }

    /// A line as it is.
    pub(crate) fn plain(&self, message: impl std::fmt::Display) {
        self.line(format_args!("{message}"));
    }

    /// The progress line.
    pub(crate) fn progress(&self) -> &Progress {
        &self.progress
    }

    fn line(&self, message: std::fmt::Arguments<'_>) {
        // Nobody is left to tell if standard error is closed.
        let _ = self.progress.suspend(|| writeln!(anstream::stderr(), "{message}"));
    }
}
