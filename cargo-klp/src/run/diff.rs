//! `cargo klp diff`.

use klp_core::diff::{Side, compare};

use crate::cli::{Diff, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::report;
use crate::shell::Shell;

pub(crate) fn run(
    arguments: &Diff,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let (original, patched) = (&arguments.original, &arguments.patched);
    if original.is_dir() != patched.is_dir() {
        return Err(Error::Mixed(original.clone(), patched.clone()));
    }
    let (original, patched) = rayon::join(|| Build::open(original), || Build::open(patched));
    let (original, patched) = (original?, patched?);
    let mut changes = compare(&original.manifest, &patched.manifest);
    changes.locate(|side, index| match side {
        Side::Original => original.input(index),
        Side::Patched => patched.input(index),
    });
    report::changes(&changes, format).map_err(Error::Print)?;
    report::summary(&changes, shell);
    Ok(if super::is_refused(&changes) { ExitStatus::Refused } else { ExitStatus::Success })
}
