//! Files that are either there as a whole or not at all.

use std::io::{self, Write};

use camino::Utf8Path;
use fs_err as fs;

/// Replaces `path` by `bytes` through a temporary file in the same directory.
///
/// The data is on disk before the name is: a power cut leaves the old file or the new one.
pub(crate) fn write(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Utf8Path::new("."));
    let mut file = tempfile::Builder::new()
        .prefix(".klp-tmp-")
        .tempfile_in(directory)
        .map_err(|error| io::Error::new(error.kind(), format!("{error} (for `{path}`)")))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    match file.persist(path).map_err(|error| (error.error, error.file)) {
        // All that is written so is ours, and no directory.
        Err((error, file)) if error.kind() == io::ErrorKind::IsADirectory => {
            fs::remove_dir_all(path)?;
            file.persist(path).map(drop).map_err(|error| error.error)
        }
        written => written.map(drop).map_err(|(error, _)| error),
    }
}

/// Removes a file, or a directory that has its place; that it is not there is fine.
pub(crate) fn remove_file(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::IsADirectory => remove_dir(path),
        Err(error) if !is_absent(&error) => Err(error),
        _ => Ok(()),
    }
}

/// Whether nothing is at a path, be it that a directory above it is a file.
pub(crate) fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Removes a directory and what is in it; that it is not there is fine.
pub(crate) fn remove_dir(path: &Utf8Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Writes a file that begins with the digest of the rest, which [`read_sealed`] looks at.
pub(crate) fn write_sealed(path: &Utf8Path, bytes: &[u8]) -> io::Result<()> {
    let seal = blake3::hash(bytes).to_hex();
    write(path, &[seal.as_bytes(), b"\n", bytes].concat())
}

/// Reads what was [written](write_sealed). Nothing if it is not there, or something else by now.
pub(crate) fn read_sealed(path: &Utf8Path) -> io::Result<Option<Vec<u8>>> {
    if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Ok(None);
    }
    let bytes = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        bytes => bytes?,
    };
    let Some((seal, rest)) = bytes.split_at_checked(blake3::OUT_LEN * 2) else { return Ok(None) };
    let Some(rest) = rest.strip_prefix(b"\n") else { return Ok(None) };
    Ok((blake3::hash(rest).to_hex().as_bytes() == seal).then(|| rest.to_vec()))
}
