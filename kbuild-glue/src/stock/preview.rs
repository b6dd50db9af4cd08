//! What a run for a kernel that somebody else built would do, found out without writing anything.

use camino::{Utf8Path, Utf8PathBuf};

use super::prepare::{WITHOUT_RUST, files, known, made_from, sources_there, tree};
use super::touched::code;
use super::{Recipes, StockParts, StockTouched};
use crate::baseline::Fingerprint;
use crate::build::{BuildError, usable};
use crate::mirror::Mirror;
use crate::patch::{FileChange, PatchSet};
use crate::tree::resolved;

/// What such a run would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockPreview {
    /// The sources; none where they are still an archive. Then nothing else is known.
    pub sources: Option<Utf8PathBuf>,
    /// Whether the tools that objects are compiled with are there, and make has told how each object is made.
    pub is_ready: bool,
    /// The files that the patches change, sorted by path.
    pub changes: Vec<FileChange>,
    /// What the patches touch, where that is known.
    pub touched: Option<StockTouched>,
}

impl StockPreview {
    /// Looks at `parts`, at what is kept in the directory `root`, and at how `patches` apply. What a run would refuse before it
    /// compiles anything is refused.
    pub fn of(
        parts: &StockParts,
        root: &Utf8Path,
        patches: &PatchSet,
        variables: &[String],
    ) -> Result<Self, BuildError> {
        let root = &resolved(root)?;
        usable(root)?;
        let Some(sources) = sources_there(parts, root)? else { return Ok(Self::default()) };
        let (build, mirror) = (root.join("build"), root.join("mirror"));
        let tree = tree(parts, &sources, &build)?;
        let changes = patches.apply(&tree.source)?;
        code(&changes)?;
        let stamps = Mirror::preview(&tree, &mirror)?;
        let variables = [variables, &[WITHOUT_RUST.to_owned()]].concat();
        let config = parts.headers.join(".config");
        let fingerprint = Fingerprint::take(root, &stamps, &config, &variables)?;
        let known = known(root, &made_from(parts, &fingerprint)?);
        let is_ready = known.is_some();
        let touched = known.map(|(units, made)| {
            Recipes { root: build, mirror, files: files(&stamps), units, made }.touched(&changes)
        });
        Ok(Self { sources: Some(sources), is_ready, changes, touched: touched.transpose()? })
    }
}
