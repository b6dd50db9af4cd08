//! Callbacks that a patch registers: pointers named `__klp_pre_patch_callback_OBJECT` and so on, in a
//! section of their own. That is what `KLP_PRE_PATCH_CALLBACK(function)` of
//! `include/linux/livepatch_helpers.h` makes (Linux 6.19); for older kernels a patch says the same with
//! `__section(".discard.klp_callback_ptrs")`.

use std::collections::BTreeSet;

use crate::elf::{Definition, Place, RelocKind};
use crate::layout::FunctionId;

use super::source::CorrelatedObject;

/// The section of the pointers.
pub(super) const SECTION: &[u8] = b".discard.klp_callback_ptrs";

/// When a callback is called, by the field of `struct klp_callbacks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackKind {
    /// Before the object is patched; can refuse.
    PrePatch,
    /// After it was.
    PostPatch,
    /// Before it is unpatched.
    PreUnpatch,
    /// After it was.
    PostUnpatch,
}

impl CallbackKind {
    const ALL: [Self; 4] = [Self::PrePatch, Self::PostPatch, Self::PreUnpatch, Self::PostUnpatch];

    /// The field of `struct klp_callbacks`.
    #[must_use]
    pub fn field(self) -> &'static str {
        match self {
            Self::PrePatch => "pre_patch",
            Self::PostPatch => "post_patch",
            Self::PreUnpatch => "pre_unpatch",
            Self::PostUnpatch => "post_unpatch",
        }
    }
}

/// The callbacks that a patched object registers: kind, and number of the function.
pub(super) fn of(source: &CorrelatedObject<'_>) -> Result<Vec<(CallbackKind, FunctionId)>, String> {
    let analysis = &source.patched.analysis;
    let mut callbacks = Vec::new();
    let mut named = BTreeSet::new();
    for symbol in &analysis.elf.symbols {
        let Definition::Section(section) = symbol.place else { continue };
        let Some(header) = Some(analysis.elf.section(section)).filter(|s| s.name == SECTION) else {
            continue;
        };
        let kind = CallbackKind::ALL.into_iter().find(|kind| {
            let prefix = format!("__klp_{}_callback_", kind.field());
            symbol.name.starts_with(prefix.as_bytes())
        });
        // That the other names are no pointers is seen below.
        let Some(kind) = kind else { continue };
        named.insert(section.at(symbol.value));
        let function = header.relocs.at(symbol.value).and_then(|reloc| {
            let Place { section: code, offset } = analysis.elf.place_of(&reloc)?;
            let span = analysis.layout.find(code, offset)?;
            source.owners[span]
        });
        let function = function
            .ok_or_else(|| format!("{} does not point to a function", symbol.name_lossy()))?;
        callbacks.push((kind, function));
    }
    let tables = analysis.elf.sections.with_ids().filter(|(section, _)| section.name == SECTION);
    let mut pointers = tables.flat_map(|(section, id)| {
        let relocs = section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None);
        relocs.map(move |reloc| id.at(reloc.offset))
    });
    if let Some(unknown) = pointers.find(|place| !named.contains(place)) {
        let at = unknown.offset;
        return Err(format!("the pointer at {at:#x} is of no callback that livepatch has"));
    }
    callbacks.sort_unstable();
    Ok(callbacks)
}
