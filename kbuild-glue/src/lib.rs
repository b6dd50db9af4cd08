//! Drives Kbuild for `cargo klp`: finds a kernel tree, keeps a private mirror of its sources,
//! builds it before and after a patch, and lists the objects that Kbuild linked.
//!
//! The way through the crate:
//!
//! 1. [`Tree::find`] tells where sources and outputs are, [`Config`] what was configured.
//! 2. [`Workspace::open`] takes the lock on our own directory beside the outputs.
//! 3. [`Workspace::build_original`] brings the [`Mirror`] up to date and builds it, or reuses the
//!    kept build when the [`Fingerprint`] says that nothing changed.
//! 4. [`PatchSet::apply`] computes every changed file in memory; [`Workspace::build_patched`]
//!    writes them into the mirror, builds, and puts the mirror back.
//! 5. Both builds name their objects as [`LinkedObject`]s, from Kbuild's own records; [`compared`] says
//!    which files hold their machine code.
//!
//! The user's sources are never written. What this crate needs from the outside comes in through
//! arguments: it never prints, and it never reads the environment (with one exception, the
//! jobserver crate, see [`Jobs::inherited`]). It never parses ELF.

pub mod arch;
mod atomic;
pub mod baseline;
pub mod bitcode;
pub mod build;
pub mod child;
pub mod cmd_file;
pub mod compared;
pub mod config;
pub mod doctor;
mod entries;
pub mod event;
pub mod installed;
pub mod interrupt;
pub mod jobserver;
pub mod last_build;
mod launcher;
mod lexical;
pub mod make;
pub mod makefile;
pub mod mirror;
pub mod module;
mod names;
pub mod non_standard;
pub mod objects;
pub mod package;
mod packages;
pub mod patch;
pub mod revisions;
mod scripts;
mod shell;
mod source_names;
mod stash;
pub mod stock;
pub mod tree;
mod word;

pub use baseline::{BaselineError, Fingerprint};
pub use bitcode::{BitcodeError, BitcodeSymbol, bitcode_symbols, is_bitcode};
pub use build::{
    BuildError, BuildSettings, ModuleBuild, ModuleWorkspace, NotCompiled, OriginalBuild,
    PatchedBuild, Preview, Reads, Workspace, kept_objects, sources_of,
};
pub use cmd_file::{CmdFileError, SavedCommand, export_versions};
pub use compared::{ComparedFile, compared, is_lto, linked_files};
pub use config::{Config, ConfigError};
pub use event::{BuildEvent, BuildEvents};
pub use installed::{SUFFIXES, installed_modules, is_installation};
pub use interrupt::Interrupt;
pub use jobserver::{Jobs, JobsError, Tokens};
pub use last_build::{AppliedPatches, BuildVersion, LastBuild};
pub use launcher::launch_with;
pub use make::{Make, MakeError, MakeEvent};
pub use mirror::{Mirror, MirrorError};
pub use module::{ModuleError, ModuleSources, Recompiled, Signing, Workshop};
pub use non_standard::NonStandard;
pub use objects::{LinkedInto, LinkedObject, ObjectsError, linked_modules, linked_objects};
pub use package::{DebianPackage, PackageError};
pub use patch::{FileChange, Patch, PatchError, PatchSet, TracedHunk};
pub use revisions::Revisions;
pub use source_names::directory_in;
pub use stock::{Recipes, StockBuild, StockError, StockParts, StockPreview, StockTouched};
pub use tree::{Tree, TreeError};
pub use word::is_word;
