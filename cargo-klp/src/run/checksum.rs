//! `cargo klp checksum`.

use klp::{Checksums, PathOperand, Rules, output};
use klp_core::manifest::is_manifest;

use crate::cli::{ChecksumArgs, StreamFormat};
use crate::environment;
use crate::error::RunError;
use crate::exit::ExitStatus;
use crate::report;
use crate::shell::Shell;
use crate::words::count;

pub(crate) fn run(
    arguments: &ChecksumArgs,
    format: StreamFormat,
    shell: &Shell,
) -> Result<ExitStatus, RunError> {
    if let Some(path) = arguments.output.as_ref().filter(|_| !arguments.force) {
        output::expect_free(path, is_manifest, "a checksum file")?;
    }
    let operands = PathOperand::all(&arguments.objects);
    let rules = Rules::of_operands(
        arguments.rules.allowlist.as_deref(),
        &environment::current_directory()?,
        &operands,
    )?;
    let mut build = Checksums::of_files(&operands, &rules.allowlist, &arguments.cache.cache())?;
    let usage = rules.usage(&[&build]);
    rules.unused(&usage, build.is_whole()).iter().for_each(|text| shell.warning(text));
    rules.allowlist.leave_out(&mut build.manifest);
    match usage.skipped(&rules.allowlist) {
        0 => {}
        skipped => shell.status("Skipping", count(skipped, "object")),
    }
    match &arguments.output {
        Some(path) => build.save(path)?,
        None => report::checksums(&build.manifest, format).map_err(RunError::Print)?,
    }
    let refused = build.manifest.objects.iter().flat_map(|object| object.functions.iter());
    let refused = refused.filter(|function| function.refused.is_some()).count();
    if refused > 0 {
        let have = if refused == 1 { "has" } else { "have" };
        let functions = count(refused, "function");
        shell.warning(format_args!("{functions} {have} no checksum, see above"));
    }
    // The process ends: to give back half a million strings one by one would be for nothing.
    std::mem::forget(build);
    Ok(ExitStatus::Success)
}
