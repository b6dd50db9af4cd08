//! What a build would do.

use kbuild_glue::FileChange;
use schemars::JsonSchema;
use serde::Serialize;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum DryRunRecord<'a> {
    /// All of it.
    DryRun {
        /// The source tree, or the directory of the module.
        source: &'a str,
        /// The output directory of the kernel.
        output: &'a str,
        /// Where both builds are kept.
        directory: &'a str,
        /// Whether there is an original to start from.
        original: OriginalSource,
        /// Why the original is built, where it is; of a kernel that was shipped, what has to be done before.
        why_original: Option<&'a str>,
        /// The objects that are compiled for the patches, where the original build tells.
        objects: Option<Vec<&'a str>>,
        /// The files that the patches change.
        files: Vec<DryRunFile<'a>>,
        /// Those of them from which nothing is compiled in this kernel, as far as that is known.
        not_compiled: Vec<&'a str>,
    },
}

/// Where the original comes from.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OriginalSource {
    /// It was built before.
    Kept,
    /// It is built by the run.
    Built,
    /// Somebody else has built it: only the objects that the patches touch are compiled.
    Shipped,
}

/// A file that patches change.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct DryRunFile<'a> {
    /// Relative to the source.
    pub(crate) path: &'a str,
    /// What happens to it.
    pub(crate) action: Action,
}

impl<'a> DryRunFile<'a> {
    pub(crate) fn of(change: &'a FileChange) -> Self {
        Self { path: change.path.as_str(), action: Action::of(change) }
    }
}

/// What happens to a file.
#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Action {
    /// It is not there before.
    Added,
    /// It is not there afterwards.
    Removed,
    /// It is another one.
    Changed,
}

impl Action {
    pub(crate) fn of(change: &FileChange) -> Self {
        match (&change.old, &change.new) {
            (None, _) => Self::Added,
            (_, None) => Self::Removed,
            _ => Self::Changed,
        }
    }

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Changed => "changed",
        }
    }
}
