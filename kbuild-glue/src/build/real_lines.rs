//! What compilers say of patched files, with the lines that people see there.

use fs_err as fs;

use super::BuildError;
use crate::make::MakeError;
use crate::mirror::{Mirror, MirrorError};
use crate::patch::FileChange;

/// Does `make` while `mirror` has `changes`, which stay in it.
///
/// Compilers name and show lines by our `#line` directives. So what fails is made once more, from the files as the
/// patches leave them (`written`), to be told where the error is. Nothing else is made again: the files have the times
/// that they had.
pub(super) fn make(
    mirror: &Mirror,
    changes: &[FileChange],
    written: &[FileChange],
    mut make: impl FnMut() -> Result<(), BuildError>,
) -> Result<(), BuildError> {
    mirror.apply(changes)?;
    let Err(error) = make() else { return Ok(()) };
    if !matches!(error, BuildError::Make(MakeError::Failed { .. })) || changes == written {
        return Err(error);
    }
    let paths = changes.iter().filter(|change| change.new.is_some());
    let paths = paths.map(|change| mirror.path().join(&change.path));
    let failed = |path, source| MirrorError::Write { path, source };
    let times = paths.map(|path| match fs::metadata(&path).and_then(|file| file.modified()) {
        Ok(time) => Ok((path, time)),
        Err(source) => Err(failed(path, source)),
    });
    let times = times.collect::<Result<Vec<_>, MirrorError>>()?;
    mirror.restore()?;
    mirror.apply(written)?;
    for (path, time) in times {
        let file = fs::OpenOptions::new().append(true).open(&path);
        file.and_then(|file| file.set_modified(time)).map_err(|source| failed(path, source))?;
    }
    Err(make().err().unwrap_or(error))
}
