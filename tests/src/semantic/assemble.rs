//! Many edits in one pair of objects.

use anyhow::{Context as _, Result};
use camino::Utf8PathBuf;
use tempfile::TempDir;

use super::edit::Edit;
use super::finish::{Finish, finish};
use crate::kernel::temporary;
use crate::tools::tool;

/// A directory to assemble in.
pub(crate) struct Assembler {
    _guard: TempDir,
    directory: Utf8PathBuf,
}

impl Assembler {
    pub(crate) fn new() -> Result<Self> {
        let (guard, directory) = temporary()?;
        Ok(Self { _guard: guard, directory })
    }

    /// The objects before and after `edits`. Where not all are `applied`, the others are as before.
    pub(crate) fn objects(
        &self,
        edits: &[Edit],
        applied: impl Fn(usize) -> bool,
    ) -> Result<(Vec<u8>, Vec<u8>)> {
        let before = self.object(edits, |_| 0)?;
        let after = self.object(edits, |index| usize::from(applied(index)))?;
        Ok((before, after))
    }

    fn object(&self, edits: &[Edit], side: impl Fn(usize) -> usize) -> Result<Vec<u8>> {
        let parts = edits.iter().enumerate().map(|(index, edit)| &*edit.texts[side(index)]);
        let text: String = parts.flat_map(|part| [part, "\n"]).collect();
        let (source, object) = (self.directory.join("edits.s"), self.directory.join("edits.o"));
        fs_err::write(&source, text)?;
        tool("as", ["--64", "-o", object.as_str(), source.as_str()]).with_context(|| {
            format!("kinds {:?}", edits.iter().map(|edit| edit.kind).collect::<Vec<_>>())
        })?;
        let steps: Vec<&Finish> =
            edits.iter().enumerate().flat_map(|(index, edit)| &edit.finish[side(index)]).collect();
        finish(fs_err::read(&object)?, &steps)
    }
}
