//! Two kernels that somebody else built, as far as they can be compared without the sources.

use camino::Utf8PathBuf;
use kbuild_glue::{BuildError, StockParts};
use klp_core::image;
use klp_core::obstacle::Obstacle;
use klp_core::record::Refused;

use crate::error::Error;
use crate::finished::read;
use crate::kernel::Location;

/// What its package has: neither headers nor sources are needed.
#[derive(Debug)]
pub struct ShippedKernel {
    release: String,
    image: Utf8PathBuf,
    /// The directory `/lib/modules/RELEASE`.
    pub modules: Utf8PathBuf,
}

impl ShippedKernel {
    /// The one that `location` names.
    pub fn find(location: &Location) -> Result<Self, Error> {
        let release = location.release();
        let (image, modules) =
            StockParts::installed(&release, &location.packages_root()).map_err(BuildError::from)?;
        Ok(Self { release, image, modules })
    }

    /// Whether the kernel itself is the same in `other`. Where it is not, nobody knows in what: its references are
    /// filled in, and it does not say how long its strings and constants are.
    pub fn compare(&self, other: &Self) -> Result<Option<Refused>, Error> {
        const NAME: &str = "vmlinux";
        let packed = [read(&self.image)?, read(&other.image)?];
        let failed = |kernel: &Self, source| Error::Image { path: kernel.image.clone(), source };
        let [before, after] = &packed;
        let before = image::kernel(before).map_err(|source| failed(self, source))?;
        let after = image::kernel(after).map_err(|source| failed(other, source))?;
        let why = format!(
            "the kernel of {} is another one than that of {}, and its functions are not compared: in an image that is \
             linked nothing tells how far strings and constants go. Only the modules are compared",
            other.release, self.release
        );
        Ok((before != after).then(|| Refused::new(Obstacle::Unreadable, NAME, NAME, why)))
    }
}
