//! What a module's objects were made with beside its own sources: the kernel's configuration and headers, and the tools.
//! Make goes by times and commands, and in the module's directory Kbuild's records of options lead nowhere.

use camino::Utf8PathBuf;

use super::ModuleWorkspace;
use crate::atomic;
use crate::baseline::Fingerprint;
use crate::build::BuildError;
use crate::build::outside::OutsideFiles;
use crate::mirror::Stamps;

/// In the directory of the original.
const FINGERPRINT: &str = "fingerprint";

impl ModuleWorkspace {
    /// Removes the build if it was made with something else, or nobody knows with what. Returns with what it is made now.
    pub(super) fn expect_made_with(&self, variables: &[String]) -> Result<Fingerprint, BuildError> {
        let config = self.kernel.output.join("include/config/auto.conf");
        let now = Fingerprint::take(&self.root, &Stamps::default(), &config, variables)?;
        let path = self.fingerprint_path();
        let was = atomic::read_sealed(&path).map_err(BuildError::io(&path))?;
        let outside = OutsideFiles::read(&self.original_path())?;
        let is_same = was.is_some_and(|was| was == now.as_str().as_bytes())
            && outside.is_some_and(|outside| outside.altered().is_empty());
        if !is_same {
            let build = self.build_path();
            atomic::remove_dir(&build).map_err(BuildError::io(&build))?;
        }
        Ok(now)
    }

    /// Writes down what the original was made with.
    pub(super) fn keep_made_with(&self, fingerprint: &Fingerprint) -> Result<(), BuildError> {
        let build = self.build_path();
        // Up to Linux 6.12 Kbuild is in the kernel's directory, and names headers from there if the sources are there, too.
        let outside = OutsideFiles::of_commands_in(&self.kernel.output, &build)?;
        outside.write(&self.original_path())?;
        let path = self.fingerprint_path();
        atomic::write_sealed(&path, fingerprint.as_str().as_bytes()).map_err(BuildError::io(&path))
    }

    fn fingerprint_path(&self) -> Utf8PathBuf {
        self.original_path().join(FINGERPRINT)
    }
}
