//! Options about what is printed, the same for every subcommand.

use camino::Utf8PathBuf;
use clap::{ArgAction, Args, ValueEnum, ValueHint};

use crate::environment;
use crate::error::RunError;

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct OutputArgs {
    /// Print results in this format
    #[arg(long, global = true, value_name = "FORMAT", default_value = "human")]
    pub(crate) message_format: MessageFormat,
    /// Say more: what is reused, how long each part takes, and each command of the build in its log
    #[arg(short, long, global = true, action = ArgAction::Count)]
    verbose: u8,
    /// Print nothing but results and errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    quiet: bool,
    /// When to use colours
    #[arg(
        long,
        global = true,
        value_name = "WHEN",
        default_value = "auto",
        env = "CARGO_TERM_COLOR"
    )]
    pub(crate) color: Color,
}

/// A page about the changes.
#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct PageArgs {
    /// Write a page about the result for a browser to this file: what changed, why, and both versions side by side
    #[arg(long, value_name = "FILE", value_parser = output_file, value_hint = ValueHint::FilePath)]
    pub(crate) report: Option<Utf8PathBuf>,
}

/// A file that is to be written. Standard output has the results, and no name of its own here.
pub(super) fn output_file(text: &str) -> Result<Utf8PathBuf, String> {
    match text {
        "-" => Err("standard output has the results; a file of that name is ./-".into()),
        "" => Err("it is no name of a file".into()),
        _ => Ok(text.into()),
    }
}

/// How results are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MessageFormat {
    /// Text for people
    Human,
    /// JSON, one record a line; `cargo klp schema` describes them
    Json,
    /// SARIF, for tools that show findings beside code (`build` and `diff`)
    Sarif,
    /// Markdown, as GitHub's job summaries take it (`build` and `diff`)
    Markdown,
}

/// How everything but changes is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StreamFormat {
    /// Text for people.
    Human,
    /// JSON, one record a line.
    Json,
}

impl From<StreamFormat> for MessageFormat {
    fn from(format: StreamFormat) -> Self {
        match format {
            StreamFormat::Human => Self::Human,
            StreamFormat::Json => Self::Json,
        }
    }
}

impl MessageFormat {
    /// Of `what` there is no other format.
    pub(crate) fn expect_as_it_is(self, what: &'static str) -> Result<(), RunError> {
        match self {
            Self::Human => Ok(()),
            Self::Json | Self::Sarif | Self::Markdown => Err(RunError::OnlyAsItIs { what }),
        }
    }

    /// The format of what a page is not made of.
    pub(crate) fn stream(self) -> Result<StreamFormat, RunError> {
        match self {
            Self::Human => Ok(StreamFormat::Human),
            Self::Json => Ok(StreamFormat::Json),
            Self::Sarif => Err(RunError::OnlyChanges { format: "SARIF" }),
            Self::Markdown => Err(RunError::OnlyChanges { format: "Markdown" }),
        }
    }
}

/// When to use colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless `NO_COLOR` is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much is said beside the results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Verbose,
}

impl OutputArgs {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet || environment::quiet(), self.verbose) {
            (true, 0) => Verbosity::Quiet,
            (_, 0) => Verbosity::Normal,
            _ => Verbosity::Verbose,
        }
    }
}
