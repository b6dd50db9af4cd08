//! The parts of the patch that stand in the way of a module.

use camino::Utf8Path;
use kbuild_glue::Workspace;
use klp_core::diff::Changes;
use klp_core::record::PatchPart;

use crate::patched::Builds;
use crate::proofs;

/// Names them where something is refused, unless that is for a reason of the kernel that was shipped.
pub(crate) fn tell(workspace: &Workspace, builds: &Builds<'_>, changes: &mut Changes) {
    let written = &builds.patched.written;
    for refused in &mut changes.refused {
        let is_of_a_patch = refused.rule.as_deref() != Some(proofs::RULE);
        let is_told = refused.object.is_empty() || !refused.patch.is_empty();
        if is_of_a_patch && !is_told {
            let object = Utf8Path::new(&refused.object);
            let parts = workspace.blame(object, &refused.name, written).into_iter();
            refused.patch =
                parts.map(|(file, hunk)| PatchPart { file: file.into(), hunk }).collect();
        }
    }
}
