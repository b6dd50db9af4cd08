//! A package that loads a livepatch on the machines that run its kernel.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{DebianPackage, package};
use klp_core::module::RawElf;

use crate::comparison::Comparison;
use crate::error::Error;
use crate::event::{Event, Events};
use crate::finished::read;
use crate::livepatch::Livepatch;
use crate::output;
use crate::patched::{After, Shipped};

/// What starts with this is a package.
pub const PACKAGE: &str = "a Debian package";

/// Whether a file that begins so is a package.
#[must_use]
pub fn is_package(start: &[u8]) -> bool {
    start.starts_with(package::MAGIC)
}

/// The file of the Debian package beside the module `module`.
#[must_use]
pub fn package_path(module: &Utf8Path) -> Utf8PathBuf {
    module.with_extension("deb")
}

impl Comparison<'_> {
    /// Writes a Debian package of that version beside the module `livepatch`. Only of a kernel that somebody else built
    /// it is known that the machines which run it have the same one.
    pub fn package(
        &self,
        livepatch: &Livepatch,
        version: &str,
        events: &mut Events<'_>,
    ) -> Result<(), Error> {
        let After::Kernel { builds, shipped: Some(Shipped { proofs, .. }) } = &self.patched().after
        else {
            return Ok(());
        };
        let path = package_path(&livepatch.path);
        output::remove(&path, is_package, PACKAGE)?;
        let vmlinux = builds.original.root.join("vmlinux");
        let bytes = read(&vmlinux)?;
        let kernel = RawElf::parse(&bytes)
            .map_err(|source| Error::Object { path: vmlinux.clone(), source })?;
        let notes = kernel.section_named(".notes").filter(|notes| !notes.data.is_empty());
        let notes = notes.ok_or_else(|| Error::NoNotes { path: vmlinux.clone() })?.data;
        let module = read(&livepatch.path)?;
        let name = DebianPackage::usable_name(livepatch.path.file_stem().unwrap_or("livepatch"));
        let release = proofs.release();
        let package = DebianPackage { name: &name, version, release, notes, module: &module };
        let work = builds.workspace.module_path().join("package");
        package
            .write(&work, &path)
            .map_err(|source| Error::Package { path: path.clone(), source })?;
        events(Event::Packaged { path });
        Ok(())
    }
}
