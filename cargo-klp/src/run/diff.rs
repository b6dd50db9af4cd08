//! `cargo klp diff`.

use std::sync::OnceLock;

use camino::{Utf8Path, Utf8PathBuf};
use klp::{Checksums, Location, PathOperand, Rules, ShippedKernel};

use crate::cli::{DiffArgs, MessageFormat};
use crate::environment;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report::SourcesKnown;
use crate::shell::Shell;

use super::page;

pub(crate) fn run(
    arguments: &DiffArgs,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    page::expect_free(&arguments.page)?;
    let shipped = arguments.stock.then(|| shipped(arguments)).transpose()?;
    let (original, patched) = match &shipped {
        Some([original, patched]) => (&original.modules, &patched.modules),
        None => (&arguments.original, &arguments.patched),
    };
    let title = format!("{} and {}", arguments.original, arguments.patched);
    if original.is_dir() != patched.is_dir() {
        return Err(RunError::Mixed(original.clone(), patched.clone()));
    }
    let operands = [PathOperand::of(original), PathOperand::of(patched)];
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
    if let Some([original, patched]) = &shipped {
        changes.refuse_livepatch(original.compare(patched)?.into_iter().collect());
    }
    page::of_comparison(&arguments.page, &title, (&original, &patched), &changes, shell)?;
    // The process ends: to give back millions of strings one by one would be for nothing.
    std::mem::forget((original, patched));
    super::finish(&changes, SourcesKnown::default(), &rules, ExitStatus::Success, format, shell)
}

/// The kernels of the two releases.
fn shipped(arguments: &DiffArgs) -> Result<[ShippedKernel; 2], RunError> {
    let find = |release: &Utf8Path, sysroot: Option<&Utf8PathBuf>| {
        let location = Location {
            current: environment::current_directory()?,
            stock: Some(release.to_string()),
            sysroot: sysroot.cloned(),
            cache_home: environment::cache_home(),
            ..Location::default()
        };
        Ok::<_, RunError>(ShippedKernel::find(&location)?)
    };
    let DiffArgs { original, patched, sysroot, .. } = arguments;
    Ok([find(original, sysroot.first())?, find(patched, sysroot.last())?])
}
