//! `cargo klp build -M DIR`: a module outside of the kernel's sources.

use camino::Utf8Path;
use kbuild_glue::{BuildError, ModuleBuild, ModuleWorkspace, PatchSet};
use klp_core::Manifest;

use crate::cli::MessageFormat;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::objects::Build;
use crate::place::Place;
use crate::report;
use crate::rules::Rules;
use crate::shell::Shell;
use crate::words::count;

use super::session::Session;

pub(super) fn run(
    place: &Place,
    module: &Utf8Path,
    patch_set: &PatchSet,
    rules: &Rules,
    session: &Session,
    format: MessageFormat,
    shell: &Shell,
) -> Result<ExitStatus, Error> {
    let mut events = |event| super::show(event, shell);
    let settings = session.settings();
    let workspace =
        ModuleWorkspace::open(&place.tree, module, &place.root, &session.interrupt, &mut events)?;
    super::remove(&place.results)?;
    patch_set.apply(module).map_err(BuildError::from)?;
    let digests = |build: &ModuleBuild| {
        let known = Manifest::default();
        session.on_threads(|| {
            Build::of_linked(&build.root, &build.objects, &rules.allowlist, &known)
        })?
    };
    shell.phase("the original build");
    let original = workspace.build_original(&settings, &mut events)?;
    shell.phase("checksums of the original");
    let before = digests(&original)?;
    super::checksum::write(&before.manifest, &place.root.join("original.checksums"))?;
    if patch_set.patches().is_empty() {
        return super::finish_original(&original.root, original.objects.len(), format, shell);
    }
    shell.phase("the patched build");
    let patched = workspace.build_patched(patch_set, &settings, &mut events)?;
    shell.phase("the comparison");
    shell.status("Comparing", count(patched.objects.len(), "object"));
    let after = digests(&patched)?;
    super::checksum::write(&after.manifest, &place.root.join("patched.checksums"))?;
    let mut changes = before.compare(&after);
    super::refuse_non_standard(&mut changes, module, &place.tree)?;
    rules.apply(&mut changes, &before, &after, shell);
    report::replace_file(&place.results, |file| report::document(&changes, file))?;
    super::finish(&changes, rules, ExitStatus::NothingChanged, format, shell)
}
