//! The output directory before the original is built in it.

use fs_err as fs;

use super::seed::{self, SeedMisfit};
use super::{BuildError, Workspace, inventory, read, written_after};
use crate::baseline;
use crate::config::Config;
use crate::event::{BuildEvent, BuildEvents};
use crate::mirror::Mirror;

impl Workspace {
    /// Prepares the output directory for the original: as it is, with what the user built, or empty.
    pub(super) fn start(
        &self,
        mirror: &Mirror,
        config: &Config,
        variables: &[String],
        events: &mut BuildEvents<'_>,
    ) -> Result<(), BuildError> {
        let build = self.build_path();
        if !build.exists() {
            self.mark_seeded(false)?;
            let compiler = baseline::version(&baseline::compiler(variables))?;
            match seed::look(&self.tree, &compiler)? {
                SeedMisfit::Fits => {
                    let message = format!("the build in {}, to go on from it", self.tree.output);
                    events(BuildEvent::Status { verb: "Copying", message });
                    self.mark_seeded(true)?;
                    seed::copy(&self.tree, &self.mirror_path(), &build, &self.root)?;
                    match written_after::remove(mirror, &build, config)? {
                        Some(0) => {}
                        Some(count) => {
                            let message = format!(
                                "{count} files of that build are made again: sources were written after them"
                            );
                            events(BuildEvent::Note { message });
                        }
                        None => self.discard_build()?,
                    }
                }
                SeedMisfit::Differs(why) => {
                    let message = format!("the build in {} is not used: {why}", self.tree.output);
                    events(BuildEvent::Note { message });
                }
                SeedMisfit::NoBuild => {}
            }
        }
        fs::create_dir_all(&build).map_err(BuildError::io(&build))?;
        inventory::own_all(&build)?;
        self.copy_config()
    }

    /// Copies the user's configuration. One that did not change keeps its time, and make has nothing to configure.
    pub(super) fn copy_config(&self) -> Result<(), BuildError> {
        let bytes = read(&self.tree.config_path())?;
        if read(&self.build_path().join(".config")).ok().as_ref() != Some(&bytes) {
            self.write_config(&bytes)?;
        }
        Ok(())
    }
}
