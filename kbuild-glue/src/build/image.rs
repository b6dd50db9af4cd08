//! The image of the original build, which is what boots.

use camino::Utf8PathBuf;

use super::inventory::Inventory;
use super::{BuildError, BuildSettings, Workspace, kept};
use crate::arch;
use crate::event::BuildEvents;
use crate::interrupt::Interrupt;
use crate::jobserver::Jobs;

impl Workspace {
    /// Makes the image that boots ([`arch::IMAGE`]) of the original that is kept, in the way it was built. Returns its
    /// path, or none where no original is kept.
    pub fn make_image(
        &self,
        jobs: &Jobs,
        make: &str,
        interrupt: &Interrupt,
        events: &mut BuildEvents<'_>,
    ) -> Result<Option<Utf8PathBuf>, BuildError> {
        self.recover(interrupt, events)?;
        let (build, kept) = (self.build_path(), self.original_path());
        let (Some(variables), Some(inventory)) = (kept::variables(&kept)?, Inventory::read(&kept)?)
        else {
            return Ok(None);
        };
        if let Some(path) = inventory.check(&build)?.altered.first() {
            return Err(BuildError::Altered { path: build.join(path) });
        }
        let settings = BuildSettings {
            jobs,
            variables: &variables,
            environment: &[],
            full_make: false,
            interrupt,
            make,
        };
        self.new_log("image")?;
        self.make("image", &[arch::IMAGE_TARGET], &settings, events)?;
        // What is made for an image is part of the original from now on.
        Inventory::of(&build)?.write(&kept)?;
        Ok(Some(build.join(arch::IMAGE)))
    }
}
