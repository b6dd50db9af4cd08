//! `cargo klp diff`.

use std::sync::OnceLock;

use crate::cli::{Diff, MessageFormat};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::operand::Operand;
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
    let operands = [Operand::of(original), Operand::of(patched)];
    let rules = Rules::of_operands(&arguments.rules, &operands)?;
    let [original, patched] = &operands;
    let cache = arguments.cache.cache();
    let (old, new) = (OnceLock::new(), OnceLock::new());
    let (original, patched) = rayon::join(
        || Build::open(original, &rules.allowlist, &cache, &old),
        || Build::open(patched, &rules.allowlist, &cache, &new),
    );
    let (original, patched) = (original?, patched?);
    let mut changes = original.compare(&patched);
    rules.apply(&mut changes, &original, &patched, shell);
    // The process ends: to give back millions of strings one by one would be for nothing.
    std::mem::forget((original, patched));
    super::finish(&changes, &rules, ExitStatus::Success, format, shell)
}
