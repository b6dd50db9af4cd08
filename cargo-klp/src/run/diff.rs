//! `cargo klp diff`.

use std::sync::OnceLock;

use klp::{Checksums, Operand, Rules};

use crate::cli::{Diff, MessageFormat};
use crate::environment;
use crate::error::Error;
use crate::exit::ExitStatus;
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
    let rules = Rules::of_operands(
        arguments.rules.allowlist.as_deref(),
        &environment::current_directory()?,
        &operands,
    )?;
    let [original, patched] = &operands;
    let cache = arguments.cache.cache();
    let (old, new) = (OnceLock::new(), OnceLock::new());
    let (original, patched) = rayon::join(
        || Checksums::open(original, &rules.allowlist, &cache, &old),
        || Checksums::open(patched, &rules.allowlist, &cache, &new),
    );
    let (original, patched) = (original?, patched?);
    let mut changes = original.compare(&patched);
    rules.apply(&mut changes, &original, &patched).iter().for_each(|text| shell.warning(text));
    // The process ends: to give back millions of strings one by one would be for nothing.
    std::mem::forget((original, patched));
    super::finish(&changes, &rules, ExitStatus::Success, format, shell)
}
