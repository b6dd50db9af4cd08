//! The image of the original build, which is what boots.

use camino::Utf8PathBuf;

use super::{BuildError, BuildSettings, Workspace, kept};
use crate::event::Events;
use crate::interrupt::Interrupt;
use crate::jobserver::Jobs;

impl Workspace {
    /// Makes `arch/x86/boot/bzImage` of the original that is kept, in the way it was built. Returns its
    /// path, or none where no original is kept.
    pub fn make_image(
        &self,
        jobs: &Jobs,
        make: &str,
        interrupt: &Interrupt,
        events: &mut Events<'_>,
    ) -> Result<Option<Utf8PathBuf>, BuildError> {
        self.recover(interrupt, events)?;
        let Some(variables) = kept::variables(&self.original_path())? else { return Ok(None) };
        let settings =
            BuildSettings { jobs, variables: &variables, full_make: false, interrupt, make };
        self.new_log("image")?;
        self.make("image", &["bzImage"], &settings, events)?;
        Ok(Some(self.build_path().join("arch/x86/boot/bzImage")))
    }
}
