//! What `cargo klp` does, without a terminal: from a kernel and a patch to the changed functions and a livepatch
//! module.
//!
//! Each step is a type, and each type is made from the one before:
//!
//! 1. [`Kernel::find`] takes what names a kernel (a [`Location`]) and says how it came to be: [`KernelKind`].
//! 2. [`Kernel::open`] waits for the kernel's directory, and [`LockedKernel::original`] builds the kernel as it is, or
//!    takes the build that is kept: the [`Original`].
//! 3. [`Original::patched`] builds it with a [`PatchSet`](kbuild_glue::PatchSet): the [`Patched`] kernel.
//! 4. [`Patched::compare`] names the functions that changed: the [`Comparison`].
//! 5. [`Comparison::livepatch`] makes a module of them: the [`Livepatch`].
//!
//! What happens meanwhile is told as [`Event`]s. Nothing is printed, and the environment is not read.
//!
//! Objects, checksum files and build directories that are there already are compared by [`Checksums`].

mod blame;
mod cache;
mod check;
mod checksums;
mod comparison;
mod error;
mod event;
mod explain;
mod explain_data;
mod external;
mod finished;
mod inlined;
mod kept;
mod kernel;
mod last_link;
mod line_numbers;
mod lines;
mod livepatch;
mod md5;
mod naming;
mod not_compared;
mod object_file;
mod operand;
mod operands;
mod original;
mod origins;
pub mod output;
mod package;
mod patched;
mod place;
mod proofs;
mod results;
mod rules;
mod sample;
mod session;
mod settings;
mod shipped;
mod shipped_kernel;
mod source_lines;
mod stamp;
mod suspects;
mod why;

pub use cache::Cache;
pub use check::CheckedModule;
pub use checksums::Checksums;
pub use comparison::Comparison;
pub use error::Error;
pub use event::{Attested, Event, Events, Phase};
pub use explain::{Explained, explain_compared, explain_files};
pub use explain_data::{ExplainedData, data_among, explain_data_files};
pub use inlined::{ObjectWhereabouts, inlined_in};
pub use kernel::{Kernel, KernelKind, Location};
pub use line_numbers::LineNumbers;
pub use livepatch::{Livepatch, LivepatchRequest, livepatch_name};
pub use operand::{InBuild, PathOperand};
pub use operands::MarkedText;
pub use original::{LockedKernel, Original};
pub use package::{expect_package_free, package_path};
pub use patched::Patched;
pub use rules::Rules;
pub use sample::Sample;
pub use session::Session;
pub use shipped_kernel::ShippedKernel;
pub use source_lines::{SourceLines, SourceText, source_lines_of};
pub use why::{
    CompilerChoice, Evidence, FunctionReached, HunkReached, HunkReason, NoEffect, ReachKind, Why,
    hunk_words,
};
