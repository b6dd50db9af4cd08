//! What is in a directory.

use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// The paths in a directory and what they are. What has a name that is not UTF-8 is nobody's that we know.
pub(crate) fn entries(
    directory: &Utf8Path,
) -> io::Result<impl Iterator<Item = io::Result<(Utf8PathBuf, std::fs::FileType)>>> {
    let look = |entry: io::Result<fs::DirEntry>| {
        let entry = entry?;
        let kind = entry.file_type()?;
        Ok(Utf8PathBuf::from_path_buf(entry.path()).ok().map(|path| (path, kind)))
    };
    Ok(fs::read_dir(directory)?.filter_map(move |entry| look(entry).transpose()))
}
