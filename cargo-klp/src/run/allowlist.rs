//! `cargo klp allowlist`.

use camino::Utf8PathBuf;
use kbuild_glue::{Config, LinkedObject, NonStandard, kept_objects, linked_objects};
use klp::{Checksums, Kernel, Rules};

use crate::cli::{self, StreamFormat};
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;

use super::{session, show};

pub(crate) fn run(
    arguments: &cli::AllowlistArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    let location = arguments.tree.location()?;
    let kernel = Kernel::find(&location)?;
    let named = arguments.rules.allowlist.as_deref();
    let rules = Rules::of_kernel(named, &location.current, &kernel)?;
    match &rules.path {
        Some(path) => shell.status("Reading", path),
        None => shell.status("Reading", "no rules: there is no klp.toml"),
    }
    kernel.recover(&*session::interrupt()?, &mut |event| show(event, shell))?;
    let (root, objects) = objects(&kernel)?;
    let (none, cache) = (klp_core::Manifest::default(), klp::Cache::default());
    let build = Checksums::of_linked(&root, &objects, &rules.allowlist, &none, &cache)?;
    let usage = rules.usage(&[&build]);
    rules.unused(&usage, true).iter().for_each(|text| shell.warning(text));
    let config = Config::read(&kernel.tree.config_path()).map_err(klp::Error::from)?;
    let mut non_standard = NonStandard::new(kernel.sources(), &config);
    let mut apart: Vec<&str> = objects
        .iter()
        .filter(|object| non_standard.contains(&object.object))
        .map(|object| object.object.as_str())
        .collect();
    apart.dedup();
    report::allowlist(&rules.allowlist, &usage, &apart, format).map_err(RunError::Print)?;
    Ok(ExitStatus::Success)
}

/// The objects of the original build that is kept, else of the build in the output directory.
fn objects(kernel: &Kernel) -> Result<(Utf8PathBuf, Vec<LinkedObject>), RunError> {
    if kernel.module().is_some() {
        let build = kernel.root.join("build");
        let objects = linked_objects(&build)?;
        return Ok((build, objects));
    }
    match kept_objects(&kernel.root)? {
        Some(kept) => Ok(kept),
        None => Ok((kernel.tree.output.clone(), linked_objects(&kernel.tree.output)?)),
    }
}
