//! What has to be made anew for files that are new in the sources, which make does not know.

use camino::Utf8PathBuf;

use super::plan::Made;
use super::{BuildError, Workspace, readers};
use crate::atomic;
use crate::config::Config;
use crate::mirror::Mirror;
use crate::patch::FileChange;

impl Workspace {
    /// Removes what make would not make anew for files that are new in the sources, such as a header that takes the place
    /// of another one.
    pub(super) fn make_anew_beside(
        &self,
        mirror: &Mirror,
        config: &Config,
    ) -> Result<(), BuildError> {
        let added = mirror.added();
        let build = self.build_path();
        if added.is_empty() || !build.exists() {
            return Ok(());
        }
        let change = |path: &Utf8PathBuf| FileChange {
            path: path.clone(),
            old: None,
            new: Some(Vec::new()),
            mode: None,
        };
        let changes: Vec<FileChange> = added.iter().map(change).collect();
        let made = Made {
            mirror: mirror.path(),
            build: &build,
            objects: &[],
            config,
            sources: mirror.stamps(),
        };
        let readers = readers::find(&changes, &made)?.unwrap_or_default();
        for target in readers.iter().flat_map(|readers| &readers.unknown_to_make) {
            let path = build.join(target);
            atomic::remove_file(&path).map_err(BuildError::io(&path))?;
        }
        Ok(())
    }
}
