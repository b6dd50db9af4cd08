//! What has to be made anew for files that are new or others in the sources, which make does not know.

use camino::Utf8PathBuf;

use super::plan::ExaminedBuild;
use super::{BuildError, Workspace, readers};
use crate::atomic;
use crate::config::Config;
use crate::mirror::{Mirror, UnknownToMake};
use crate::patch::FileChange;

impl Workspace {
    /// Removes what make would not make anew for files of the sources: a new header that takes the place of another one,
    /// an edited file that an assembler takes in.
    pub(super) fn make_anew_beside(
        &self,
        mirror: &Mirror,
        config: &Config,
    ) -> Result<(), BuildError> {
        let UnknownToMake { added, edited } = mirror.news();
        let build = self.build_path();
        if added.is_empty() && edited.is_empty() || !build.exists() {
            return Ok(());
        }
        let change = |path: &Utf8PathBuf, old| FileChange {
            path: path.clone(),
            old,
            new: Some(Vec::new()),
            mode: None,
        };
        let added = added.iter().map(|path| change(path, None));
        let edited = edited.iter().map(|path| change(path, Some(Vec::new())));
        let changes: Vec<FileChange> = added.chain(edited).collect();
        let made = ExaminedBuild {
            mirror: mirror.path(),
            build: &build,
            objects: &[],
            config,
            sources: mirror.stamps(),
        };
        let Some(readers) = readers::find(&changes, &made)? else { return self.discard_build() };
        for target in readers.iter().flat_map(|readers| &readers.unknown_to_make) {
            let path = build.join(target);
            atomic::remove_file(&path).map_err(BuildError::io(&path))?;
        }
        Ok(())
    }
}
