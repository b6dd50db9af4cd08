//! Everything that goes to the terminal beside results.

use std::collections::BTreeSet;
use std::error::Error;
use std::io::Write;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anstyle::{AnsiColor, Style};

use crate::cli::{Color, MessageFormat, Verbosity};
use crate::printable;
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
    phases: Mutex<Phases>,
    warnings: Mutex<BTreeSet<String>>,
}

/// The parts of the work.
#[derive(Default)]
struct Phases {
    /// The one that goes on, and when it began.
    current: Option<(&'static str, Instant)>,
    /// Those that have ended, and how long they took.
    ended: Vec<(&'static str, Duration)>,
    /// Whether the times of all of them are told at the end.
    told: bool,
}

impl Phases {
    /// The one that took the most, if it took most of `total`.
    fn longest(&self, total: Duration) -> Option<&(&'static str, Duration)> {
        let longest = self.ended.iter().max_by_key(|(_, time)| *time)?;
        (longest.1 * 2 > total && total >= WORTH_TELLING).then_some(longest)
    }
}

/// Shorter runs are not asked where their time went.
const WORTH_TELLING: Duration = Duration::from_secs(1);

impl Shell {
    pub(crate) fn new(verbosity: Verbosity, color: Color, format: MessageFormat) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        let progress = Progress::new(verbosity, format);
        Self {
            verbosity,
            progress,
            begin: Instant::now(),
            phases: Mutex::default(),
            warnings: Mutex::default(),
        }
    }

    /// A line such as `    Building original kernel 6.1`.
    pub(crate) fn status(&self, verb: &str, message: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Normal {
            let (verb, message) = (printable::line(verb), message.to_string());
            let message = printable::line(&message);
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
        self.end_phase(Some((name, Instant::now())));
    }

    /// All is done.
    pub(crate) fn finished(&self, message: impl std::fmt::Display) {
        self.progress.finish();
        self.end_phase(None);
        let total = self.begin.elapsed();
        let phases = self.phases();
        if phases.told {
            for (name, took) in &phases.ended {
                self.status("Took", format_args!("{} for {name}", time(*took)));
            }
        }
        let most =
            phases.longest(total).map(|(name, took)| format!(", {} of it for {name}", time(*took)));
        let most = most.unwrap_or_default();
        self.status("Finished", format_args!("{message}, in {}{most}", time(total)));
    }

    /// The time of each part of the work is told at the end.
    pub(crate) fn tell_times(&self) {
        self.phases().told = true;
    }

    fn end_phase(&self, next: Option<(&'static str, Instant)>) {
        let mut phases = self.phases();
        if let Some((name, begin)) = std::mem::replace(&mut phases.current, next) {
            let took = begin.elapsed();
            phases.ended.push((name, took));
            if !phases.told {
                self.verbose("Took", format_args!("{} for {name}", time(took)));
            }
        }
    }

    fn phases(&self) -> MutexGuard<'_, Phases> {
        self.phases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something that stops nothing. It is said once.
    pub(crate) fn warning(&self, message: impl std::fmt::Display) {
        let message = message.to_string();
        let is_new =
            self.warnings.lock().unwrap_or_else(PoisonError::into_inner).insert(message.clone());
        if is_new {
            self.line(format_args!("{WARNING}warning{WARNING:#}: {}", printable::line(&message)));
        }
    }

    /// An error with its causes, and what to do about it.
    pub(crate) fn error(&self, error: &dyn Error, hint: Option<&str>) {
        self.progress.finish();
        let message = error.to_string();
        self.line(format_args!("{ERROR}error{ERROR:#}: {}", printable::line(&message)));
        let mut source = error.source();
        while let Some(cause) = source {
            // A parser's message has several lines, which point into the text.
            let text = cause.to_string();
            let text = printable::lines(text.trim_end()).replace('\n', "\n    ");
            self.line(format_args!("  caused by: {text}"));
            source = cause.source();
        }
        if let Some(hint) = hint {
            self.line(format_args!("\n{HINT}hint{HINT:#}: {}", printable::lines(hint)));
        }
    }

    /// A line of another program.
    pub(crate) fn plain(&self, message: &str) {
        self.line(format_args!("{}", printable::line(message)));
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
