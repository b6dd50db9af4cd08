//! Digests of the original build, kept for the next run of the same program.

use std::io::{BufWriter, Write};

use camino::{Utf8Path, Utf8PathBuf};
use klp_core::Manifest;

use crate::error::Error;
use crate::objects::read_manifest;
use crate::report;

/// A checksum file and the name of the program that wrote it.
pub(crate) struct KeptChecksums {
    path: Utf8PathBuf,
    writer: Utf8PathBuf,
    program: String,
}

impl KeptChecksums {
    /// Those in `directory`.
    pub(crate) fn in_directory(directory: &Utf8Path) -> Result<Self, Error> {
        Ok(Self {
            path: directory.join("checksums"),
            writer: directory.join("checksums.writer"),
            program: program()?,
        })
    }

    /// The digests, none unless this very program wrote them: one that was fixed since may find others.
    pub(crate) fn read(&self) -> Manifest {
        let writer = fs_err::read_to_string(&self.writer).unwrap_or_default();
        let manifest = (writer == self.program).then(|| read_manifest(&self.path).ok());
        manifest.flatten().unwrap_or_default()
    }

    /// Keeps `manifest`.
    pub(crate) fn write(&self, manifest: &Manifest) -> Result<(), Error> {
        let name = |writer: &str| {
            report::replace_file(&self.writer, |file| file.write_all(writer.as_bytes()))
        };
        // Nobody's, as long as it is not there.
        name("")?;
        report::replace_file(&self.path, |file| manifest.write(BufWriter::new(file)))?;
        name(&self.program)
    }
}

/// The digest of this program.
fn program() -> Result<String, Error> {
    let failed = |source| Error::Read { path: "/proc/self/exe".into(), source };
    let bytes = fs_err::read("/proc/self/exe").map_err(failed)?;
    Ok(blake3::hash(&bytes).to_hex().to_string())
}
