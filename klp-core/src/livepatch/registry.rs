//! Lists of variables that the module loader reads, and that nothing refers to.

use super::pieces::Piece;
use super::source::CorrelatedObject;
use crate::elf::Place;

/// Pointers to the SRCU structures of a module, whose per-CPU counters are allocated when it is loaded
/// (`srcu_module_coming()` in kernel/rcu/srcutree.c).
const SRCU: &[u8] = b"___srcu_struct_ptrs";

/// The entries that point into the copied `piece`.
pub(super) fn entries(source: &CorrelatedObject<'_>, piece: Piece) -> Vec<Piece> {
    let analysis = &source.patched.analysis;
    let elf = &analysis.elf;
    let lists = elf.sections.with_ids().filter(|(section, _)| section.name == SRCU);
    let entries = lists.flat_map(|(section, number)| {
        let own = section.relocs.iter().filter(|reloc| {
            elf.place_of(reloc).is_some_and(|Place { section: to, offset: at }| {
                to == piece.section && (piece.start..piece.end).contains(&at)
            })
        });
        own.filter_map(move |reloc| {
            let span = analysis.layout.span(analysis.layout.find(number, reloc.offset)?);
            Some(source.data_piece(piece.object, *span))
        })
    });
    entries.collect()
}
