//! What a livepatch will need, compiled beside what is compared, where processors would have nothing to do meanwhile.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};

use super::StockBuild;
use crate::build::{BuildError, BuildSettings, Workspace};
use crate::last_build::BuildVersion;
use crate::module::saved::{self, Recompile};
use crate::module::{Recompiled, with_sections};
use crate::scripts::Scripts;

/// Objects with their recompiles, once make has run.
pub(super) struct RecompiledBeside(BTreeMap<Utf8PathBuf, Recompiled>);

impl Workspace {
    /// Has `scripts`, which make `objects`, compile each of them with sections as well.
    pub(super) fn compile_beside(
        &self,
        scripts: &mut Scripts,
        stock: &StockBuild,
        objects: &[Utf8PathBuf],
        version: BuildVersion,
        settings: &BuildSettings<'_>,
    ) -> Result<RecompiledBeside, BuildError> {
        let mut beside = BTreeMap::new();
        let is_idle = settings.jobs.limit().is_some_and(|jobs| jobs / 2 >= objects.len());
        if !is_idle {
            return Ok(RecompiledBeside(beside));
        }
        let directory = with_sections(&self.module_path(), version);
        crate::atomic::remove_dir(&directory).map_err(BuildError::io(&directory))?;
        let patched = self.patched_path();
        let overlay: Option<&Utf8Path> = (version == BuildVersion::Patched).then_some(&patched);
        for object in objects {
            let Some(saved) = stock.saved_command(object) else { continue };
            let path = directory.join(object);
            // What cannot be compiled so is an error as soon as a livepatch needs it.
            let again = saved::compile(&saved, &path, &path, overlay);
            let Ok(Recompile { code, types: None }) = again else { continue };
            scripts.add_perhaps(&path, &code)?;
            beside.insert(object.clone(), Recompiled { object: path, types: None });
        }
        Ok(RecompiledBeside(beside))
    }
}

impl RecompiledBeside {
    /// Those that the compiler made.
    pub(super) fn made(self) -> BTreeMap<Utf8PathBuf, Recompiled> {
        self.0.into_iter().filter(|(_, again)| again.object.is_file()).collect()
    }
}
