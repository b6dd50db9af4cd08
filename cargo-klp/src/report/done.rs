//! What a run did to files, and what it has built where nothing is compared.

use schemars::JsonSchema;
use serde::Serialize;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(crate) enum DoneRecord<'a> {
    /// `build` without a patch: the original is there.
    Original {
        /// The directory that it was built in.
        directory: &'a str,
        /// The objects that Kbuild linked.
        objects: usize,
    },
    /// `clean`: a file or directory that was removed, or would be.
    Removed {
        /// Where it was.
        path: &'a str,
        /// Bytes on disk that go with it. What is shared with the sources counts nothing.
        bytes: u64,
        /// Whether it is still there, since `--dry-run` was given.
        dry_run: bool,
    },
    /// `clean`: the last record.
    CleanSummary {
        /// How many files and directories.
        paths: usize,
        /// The sum of their bytes.
        bytes: u64,
        /// Whether they are still there, since `--dry-run` was given.
        dry_run: bool,
    },
    /// `stock get`: the packages of a kernel were unpacked.
    Unpacked {
        /// The release of the kernel.
        release: &'a str,
        /// The directory that they are below.
        path: &'a str,
    },
    /// `makefile --install` and `man --install`: a file that was written.
    Installed {
        /// Where it is.
        path: &'a str,
    },
}
