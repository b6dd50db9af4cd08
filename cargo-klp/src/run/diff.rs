//! `cargo klp diff`.

use klp_core::diff::{Side, compare};

use crate::cli::{Diff, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::rules::Rules;
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
    let rules = Rules::of_operands(&arguments.rules, &[original.clone(), patched.clone()])?;
    let open = |path| Build::open(path, &rules.allowlist);
    let (original, patched) = rayon::join(|| open(original), || open(patched));
    let (original, patched) = (original?, patched?);
    let mut changes = compare(&original.manifest, &patched.manifest);
    changes.locate(|side, index| match side {
        Side::Original => original.input(index),
        Side::Patched => patched.input(index),
    });
    rules.apply(&mut changes, &original, &patched, shell);
    super::finish(&changes, &rules, ExitStatus::Success, format, shell)
}
