//! What livepatch fills in only when a module is there. The loader has read some of it before: each processor has got its
//! copy of per-CPU variables, and alternatives are applied (`load_module()` in kernel/module/main.c, `module_finalize()` in
//! arch/x86/kernel/module.c).

use std::ops::Range;

use crate::tables::DecodedEntry;

use super::copy::{CopiedPiece, Link, OutReloc};
use super::extract::{Extraction, owner_name};
use super::pieces::Piece;
use super::placement::is_per_cpu;
use super::source::{CorrelatedObjects, TouchedId};
use super::target::LinkTarget;

/// References that come too late: object, what has them, and why.
pub(super) fn references(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> Vec<(TouchedId, String, String)> {
    let replaced = alternatives(sources, extraction);
    let mut found = Vec::new();
    for (piece, copied) in &extraction.copied {
        let source = &sources[piece.object];
        let section = source.patched.analysis.elf.section(piece.section);
        let is_per_cpu = is_per_cpu(section.name);
        for (reloc, name, module) in late(copied) {
            let is_replaced = replaced
                .iter()
                .any(|(code, range)| code == piece && range.contains(&reloc.offset.cast_signed()));
            let when = if is_per_cpu {
                "each processor gets its copy of the variable"
            } else if is_replaced {
                "the alternatives of its code are applied"
            } else {
                continue;
            };
            let why = format!(
                "it refers to {name} of module {module}, which livepatch fills in when that module is there: {when} \
                 before that, without it"
            );
            found.push((piece.object, owner_name(source, *piece), why));
        }
    }
    found
}

/// Relocations that wait for a module, with what they lead to.
fn late(copied: &CopiedPiece) -> impl Iterator<Item = (&OutReloc, &str, &str)> {
    copied.relocs.iter().filter_map(|reloc| match &reloc.link {
        Link::Kernel(LinkTarget::Livepatch(symbol)) if symbol.user != "vmlinux" => {
            Some((reloc, symbol.name.as_str(), symbol.user.as_str()))
        }
        _ => None,
    })
}

/// Copied code that an alternative replaces, and what it is replaced by.
fn alternatives(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> Vec<(Piece, Range<i64>)> {
    let mut found = Vec::new();
    for (piece, copied) in &extraction.copied {
        let source = &sources[piece.object];
        let analysis = &source.patched.analysis;
        let entry = analysis.sites.entry_at(&analysis.elf, piece.section, piece.start);
        // One that cannot be read is refused where it is copied.
        let Some(Ok(DecodedEntry::Alternative(alternative))) = entry else { continue };
        for reloc in &copied.relocs {
            let Link::Piece(code) = reloc.link else { continue };
            let length = if reloc.offset == 0 { alternative.covered } else { alternative.length };
            found.push((code, reloc.addend..reloc.addend.saturating_add(length.into())));
        }
    }
    found
}
