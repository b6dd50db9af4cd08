//! A kernel that somebody else built: a distribution's. It is not built again; only the objects that a patch
//! touches are compiled, before and after the patch, and what the kernel was built with comes from its packages.
//!
//! 1. [`StockParts::find`] tells where the packages have put the parts of a release.
//! 2. [`Workspace::prepare_stock`] takes configuration and generated headers as they are, has make build the tools
//!    that compilation needs, asks make how each object is made, without making it, and makes the sources that are not
//!    in the tree.
//! 3. [`Recipes::touched`] says what a patch can change, and [`Workspace::compile_stock_original`] compiles that.
//!
//! Whether what was compiled is what the packages hold is not known here: it has to be proven from the bytes.

mod beside;
mod commands;
mod compile;
mod compiler;
mod error;
mod find;
mod generators;
mod get;
mod includes;
mod naming;
mod prepare;
mod preview;
mod recipe;
mod touched;

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use crate::cmd_file::SavedCommand;
use crate::objects::LinkedInto;

pub use compiler::StockCompiler;
pub use error::StockError;
pub(crate) use find::{SYSTEM, get_command};
pub use find::{StockPart, StockParts, module_file};
pub use get::get;
pub use prepare::{Recipes, StockBuild};
pub use preview::StockPreview;
pub use touched::StockTouched;

/// How an object of the kernel is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compilation {
    /// The source file, relative to the top of the sources.
    pub source: Utf8PathBuf,
    /// What it is linked into: vmlinux, or modules.
    pub linked: Vec<LinkedInto>,
    /// The command, to be run in the output directory.
    command: String,
}

/// All of a kernel's objects that are made from C or assembly, by path in the output directory.
type Compilations = BTreeMap<Utf8PathBuf, Compilation>;

impl StockBuild {
    /// How `object` is made, as Kbuild would write it down.
    fn saved_command(&self, object: &Utf8Path) -> Option<SavedCommand> {
        let unit = self.recipes.units.get(object)?;
        let source = self.recipes.mirror.join(&unit.source);
        let source = if source.is_file() { source } else { unit.source.clone() };
        let command = unit.command.clone();
        Some(SavedCommand { target: object.to_owned(), command, source: Some(source) })
    }
}
