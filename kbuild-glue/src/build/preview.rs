//! What a build would do, found out without writing anything.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

use super::BuildError;
use super::calls::pinned;
use super::kept::{self, Kept};
use super::not_compiled::{self, NotCompiled};
use super::plan::{ExaminedBuild, Plan, Planned};
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
    /// The files from which nothing is compiled, as far as that is known.
    pub not_compiled: BTreeSet<NotCompiled>,
}

impl Preview {
    /// Looks at `tree`, at what is kept in the directory `root`, and at how `patches` apply.
    pub fn of(
        tree: &Tree,
        root: &Utf8Path,
        patches: &PatchSet,
        variables: &[String],
        environment: &[(String, String)],
    ) -> Result<Self, BuildError> {
        let root = &resolved(root)?;
        super::usable(root)?;
        let path = tree.config_path();
        let config = Config::read(&path)?;
        let (mirror, build) = (root.join("mirror"), root.join("build"));
        let stamps = Mirror::preview(tree, &mirror)?;
        let fingerprint = Fingerprint::take(root, &stamps, &path, &pinned(variables))?;
        let changes = patches.apply(&tree.source)?;
        let objects = match kept::find(&root.join("original"), &build, &fingerprint, environment)? {
            Kept::Usable(objects, ..) => objects,
            Kept::Outdated(why, _) | Kept::Useless(why) | Kept::OfOtherEnvironment(why) => {
                return Ok(Self::of_no_build(why, changes));
            }
            Kept::Nothing => {
                return Ok(Self::of_no_build("none is kept".to_owned(), changes));
            }
        };
        let made = ExaminedBuild {
            mirror: &mirror,
            build: &build,
            objects: &objects,
            config: &config,
            sources: &stamps,
        };
        let Planned { plan, unused, .. } = Planned::of(&changes, &made)?;
        let objects = match plan {
            Plan::Objects(touched) => Some(touched.objects),
            Plan::Everything(_) => None,
        };
        let unused: Vec<&Utf8PathBuf> = unused.iter().filter(|_| objects.is_some()).collect();
        let not_compiled = not_compiled::told(&unused, &mirror, &config);
        Ok(Self { why_original: None, changes, objects, not_compiled })
    }

    /// Where there is no original yet, which would tell more: `why` it is built.
    #[must_use]
    pub fn of_no_build(why: String, changes: Vec<FileChange>) -> Self {
        Self { why_original: Some(why), changes, objects: None, not_compiled: BTreeSet::new() }
    }
}
