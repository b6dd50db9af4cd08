//! A package that loads a livepatch on the machines that run its kernel.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::DebianPackage;
use klp_core::module::{ModInfo, RawElf};

use crate::comparison::Comparison;
use crate::error::Error;
use crate::event::{Event, Events};
use crate::finished::read;
use crate::livepatch::Livepatch;
use crate::output;
use crate::patched::PatchedKind;

/// What may be replaced.
const PACKAGE: &str = "a package of a livepatch";

/// Whether a package can be written to `path` and nothing is lost there.
pub fn expect_package_free(path: &Utf8Path) -> Result<(), Error> {
    output::expect_kept(path)?;
    output::expect_free(path, |_| DebianPackage::is_ours(path), PACKAGE)
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
        let PatchedKind::Kernel { builds, shipped: Some(_), .. } = &self.patched().after else {
            return Ok(());
        };
        let Some(parts) = self.patched().kernel.stock() else { return Ok(()) };
        let path = package_path(&livepatch.path);
        expect_package_free(&path)?;
        let vmlinux = builds.original.root.join("vmlinux");
        let bytes = read(&vmlinux)?;
        let kernel = RawElf::parse(&bytes)
            .map_err(|source| Error::Object { path: vmlinux.clone(), source })?;
        let notes = kernel.section_named(".notes").map(|notes| notes.data);
        let build_id = notes.and_then(build_id);
        let build_id = build_id.ok_or_else(|| Error::NoBuildId { path: vmlinux.clone() })?;
        let module = read(&livepatch.path)?;
        let stem = livepatch.path.file_stem().unwrap_or("livepatch");
        let name = DebianPackage::usable_name(stem);
        let elf = RawElf::parse(&module)
            .map_err(|source| Error::Object { path: livepatch.path.clone(), source })?;
        let info = ModInfo::of(&elf);
        let file_name = stem.replace('-', "_");
        let module_name = info.get("name").unwrap_or(&file_name);
        let release = parts.release.as_str();
        let package =
            DebianPackage { name: &name, module_name, version, release, build_id, module: &module };
        let work = builds.workshop.directory().join("package");
        package
            .write(&work, &path)
            .map_err(|source| Error::Package { path: path.clone(), source })?;
        events(Event::Packaged { path });
        Ok(())
    }
}

/// The build ID among the `notes` of a kernel (System V ABI, chapter 5, "Note Section"): each has the sizes of a name and of
/// what it says, a type, and both in words.
fn build_id(mut notes: &[u8]) -> Option<&[u8]> {
    const HEADER: usize = 12;
    const BUILD_ID: u32 = 3;
    const OWNER: &[u8] = b"GNU\0";
    loop {
        let word = |index: usize| {
            let start = index.checked_mul(4)?;
            Some(u32::from_le_bytes(*notes.get(start..)?.first_chunk()?))
        };
        let (name, said, kind) = (word(0)?, word(1)?, word(2)?);
        let (name, said) = (usize::try_from(name).ok()?, usize::try_from(said).ok()?);
        let (_, rest) = notes.split_at_checked(HEADER)?;
        let (owner, rest) = rest.split_at_checked(name.checked_next_multiple_of(4)?)?;
        let what = rest.get(..said)?;
        if kind == BUILD_ID && owner == OWNER {
            return Some(what).filter(|id| !id.is_empty());
        }
        notes = rest.get(said.checked_next_multiple_of(4)?..)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_id_is_one_of_several_notes() {
        let note = |owner: &[u8], kind: u32, said: &[u8]| {
            let sizes = [owner.len(), said.len()].map(|size| u32::try_from(size).unwrap());
            let words = [sizes[0], sizes[1], kind].map(u32::to_le_bytes).concat();
            let padded = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes.resize(bytes.len().next_multiple_of(4), 0);
                bytes
            };
            [words, padded(owner), padded(said)].concat()
        };
        let xen = note(b"Xen\0", 3, b"an address");
        let property = note(b"GNU\0", 5, b"property");
        let id = note(b"GNU\0", 3, &[7; 20]);
        assert_eq!(build_id(&[xen.clone(), property, id.clone()].concat()), Some(&[7; 20][..]));
        assert_eq!(build_id(&xen), None);
        assert_eq!(build_id(&id[..id.len() - 1]), None);
        assert_eq!(build_id(b""), None);
    }
}
