//! What a run tells its caller while it works.

use std::collections::BTreeSet;

use camino::Utf8PathBuf;

/// Something that happened, for a status line or a progress bar.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum BuildEvent {
    /// A new phase, worded for a cargo-like status line: a verb and what it is done to.
    Status {
        /// For example `Building`.
        verb: &'static str,
        /// For example `original kernel 6.1.0`.
        message: String,
    },
    /// The objects that the next make is known to make. Without this nobody knows how many.
    Objects {
        /// Relative to the output directory.
        paths: BTreeSet<Utf8PathBuf>,
    },
    /// Make started one step.
    Step {
        /// Kbuild's verb, for example `CC` or `LD [M]`.
        verb: String,
        /// What is made, relative to the output directory.
        target: String,
    },
    /// We stand still until somebody else is done.
    Waiting {
        /// Why, as a sentence fragment.
        reason: String,
    },
    /// Something that the person should know and that stops nothing.
    Note {
        /// The note, as a sentence fragment.
        message: String,
    },
}

/// Where events go.
pub type BuildEvents<'a> = dyn FnMut(BuildEvent) + 'a;
