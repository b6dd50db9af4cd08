//! What a build would do, found out without writing anything.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::BuildError;
use super::calls::pinned;
use super::kept::{self, Kept};
use super::plan::{Made, Plan, Planned};
use crate::baseline::Fingerprint;
use crate::config::Config;
use crate::mirror::Mirror;
use crate::patch::{FileChange, PatchSet};
use crate::tree::{Tree, resolved};

/// What a build would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// Why the original is built; none when the one that is kept can be used.
    pub why_original: Option<String>,
    /// The files that the patches change, sorted by path.
    pub changes: Vec<FileChange>,
    /// The objects that are compiled for that, where it is known from the original build.
    pub objects: Option<BTreeSet<Utf8PathBuf>>,
}

impl Preview {
    /// Looks at `tree`, at what is kept in the directory `root`, and at how `patches` apply.
    pub fn of(
        tree: &Tree,
        root: &Utf8Path,
        patches: &PatchSet,
        variables: &[String],
    ) -> Result<Self, BuildError> {
        let root = &resolved(root)?;
        super::usable(root)?;
        let path = tree.config_path();
        let config = Config::read(&path)?;
        let (mirror, build) = (root.join("mirror"), root.join("build"));
        let stamps = Mirror::preview(tree, &mirror)?;
        let fingerprint = Fingerprint::take(root, &stamps, &path, &pinned(variables))?;
        let changes = patches.apply(&tree.source)?;
        let objects = match kept::find(&root.join("original"), &build, &fingerprint)? {
            Kept::Usable(objects, ..) => objects,
            Kept::Outdated(why, _) | Kept::Useless(why) => {
                return Ok(Self { why_original: Some(why), changes, objects: None });
            }
            Kept::Nothing => {
                let why_original = Some("none is kept".to_owned());
                return Ok(Self { why_original, changes, objects: None });
            }
        };
        let made = Made {
            mirror: &mirror,
            build: &build,
            objects: &objects,
            config: &config,
            sources: &stamps,
        };
        let objects = match Planned::of(&changes, &made)?.plan {
            Plan::Objects(touched) => Some(touched.objects),
            Plan::Everything(_) => None,
        };
        Ok(Self { why_original: None, changes, objects })
    }
}
