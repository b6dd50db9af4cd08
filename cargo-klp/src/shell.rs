//! Everything that goes to the terminal beside results.

use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::cli::{Color, Verbosity};
use crate::environment;

const STATUS: Style = AnsiColor::Green.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

/// Standard error, and the progress line at its end.
pub(crate) struct Shell {
    verbosity: Verbosity,
    progress: ProgressBar,
}

impl Shell {
    pub(crate) fn new(verbosity: Verbosity, color: Color) -> Self {
        match color {
            Color::Auto => {}
            Color::Always => anstream::ColorChoice::Always.write_global(),
            Color::Never => anstream::ColorChoice::Never.write_global(),
        }
        Self { verbosity, progress: progress_bar(verbosity) }
    }

    /// A line such as `    Building original kernel 6.1`.
    pub(crate) fn status(&self, verb: &str, message: impl std::fmt::Display) {
        if self.verbosity >= Verbosity::Normal {
            self.line(format_args!("{STATUS}{verb:>12}{STATUS:#} {message}"));
        }
    }

    /// Something that stops nothing.
    pub(crate) fn warning(&self, message: impl std::fmt::Display) {
        self.line(format_args!("{WARNING}warning{WARNING:#}: {message}"));
    }

    /// An error with its causes, and what to do about it.
    pub(crate) fn error(&self, error: &dyn Error, hint: Option<&str>) {
        self.progress.finish_and_clear();
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

    /// Moves the progress line on by one step.
    pub(crate) fn step(&self, message: String) {
        self.progress.set_message(message);
        self.progress.inc(1);
    }

    /// Takes the progress line away.
    pub(crate) fn finish_progress(&self) {
        self.progress.finish_and_clear();
        self.progress.reset();
    }

    fn line(&self, message: std::fmt::Arguments<'_>) {
        // Nobody is left to tell if standard error is closed.
        let _ = self.progress.suspend(|| writeln!(anstream::stderr(), "{message}"));
    }
}

/// Drawn for the first time after half a second, at most ten times a second.
fn progress_bar(verbosity: Verbosity) -> ProgressBar {
    let wanted = match environment::progress_when().as_deref() {
        Some("never") => false,
        Some("always") => true,
        _ => verbosity >= Verbosity::Normal && io::stderr().is_terminal(),
    };
    if !wanted {
        return ProgressBar::hidden();
    }
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
    let style =
        ProgressStyle::with_template("{prefix:>12.cyan.bold} {pos} steps, {elapsed} {wide_msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_prefix("Making");
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}
