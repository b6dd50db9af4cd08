//! Digests of the original build, kept for the next run of the same program.

use std::io::BufWriter;

use camino::{Utf8Path, Utf8PathBuf};
use klp_core::Manifest;
use klp_core::checksum::Digest;

use crate::error::Error;
use crate::output;
use crate::stamp::Stamp;

/// A checksum file, and the same for the program that wrote it.
pub(crate) struct KeptChecksums {
    file: Utf8PathBuf,
    kept: Utf8PathBuf,
    program: Vec<u8>,
}

impl KeptChecksums {
    /// Those in `directory`.
    pub(crate) fn in_directory(directory: &Utf8Path) -> Result<Self, Error> {
        let program = Stamp::of_program();
        let program =
            program.map_err(|source| Error::Read { path: "/proc/self/exe".into(), source })?;
        Ok(Self {
            file: directory.join("checksums"),
            kept: directory.join("checksums.kept"),
            program: program.to_bytes(),
        })
    }

    /// The digests, none unless this very program wrote all of them: one that was fixed since may find
    /// others.
    pub(crate) fn read(&self) -> Manifest {
        let read = || {
            if !self.kept.is_file() || !self.file.is_file() {
                return None;
            }
            let bytes = fs_err::read(&self.kept).ok()?;
            let bytes = bytes.strip_prefix(self.program.as_slice())?;
            let (seal, kept) = bytes.split_first_chunk::<{ Digest::LEN }>()?;
            let whole = Digest::of_large(kept).as_bytes() == seal;
            Manifest::from_kept(kept).filter(|_| whole)
        };
        read().unwrap_or_default()
    }

    /// Keeps `manifest`.
    pub(crate) fn write(&self, manifest: &Manifest) -> Result<(), Error> {
        make_way(&self.kept)?;
        make_way(&self.file)?;
        // Nobody's, as long as they are not of one manifest.
        output::replace(&self.kept, |_| Ok(()))?;
        output::replace(&self.file, |file| manifest.write(BufWriter::new(file)))?;
        output::replace(&self.kept, |file| {
            file.write_all(&self.program)?;
            let kept = manifest.to_kept();
            file.write_all(Digest::of_large(&kept).as_bytes())?;
            file.write_all(&kept)
        })
    }
}

/// Removes what has the place of one of our files and is no file.
fn make_way(path: &Utf8Path) -> Result<(), Error> {
    let removed = match fs_err::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs_err::remove_dir_all(path),
        Ok(metadata) if !metadata.is_file() => fs_err::remove_file(path),
        _ => Ok(()),
    };
    removed.map_err(|source| Error::Write { path: path.to_owned(), source })
}
