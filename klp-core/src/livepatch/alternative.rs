//! `.altinstructions` entries name their replacement by its start and its length.

use crate::elf::{Definition, Reloc};
use crate::tables::DecodedEntry;

use super::pieces::Piece;
use super::resolve::Resolver;
use super::why::ReasonText;

/// What a field is in terms of alternatives.
pub(super) enum AlternativeField {
    /// The start of this piece of code.
    Replacement(Piece),
    /// The start of nothing: the replacement is empty.
    Empty,
    /// No replacement at all.
    Other,
}

/// What the field at `reloc` of a piece is, such as an entry of a table.
pub(super) fn replacement(
    resolver: &Resolver<'_, '_>,
    piece: Piece,
    reloc: &Reloc,
) -> Result<AlternativeField, ReasonText> {
    let analysis = &resolver.source.patched.analysis;
    let elf = &analysis.elf;
    let entry = analysis.sites.entry_at(elf, piece.section, piece.start);
    let entry = entry.transpose().map_err(|problem| problem.to_string())?;
    let Some(DecodedEntry::Alternative(alternative)) = entry else {
        return Ok(AlternativeField::Other);
    };
    // The other field is the code that is replaced.
    if reloc.offset == piece.start {
        return Ok(AlternativeField::Other);
    }
    if alternative.length == 0 {
        return Ok(AlternativeField::Empty);
    }
    let symbol = elf.symbol(reloc.symbol);
    let Definition::Section(section) = symbol.place else { return Ok(AlternativeField::Other) };
    let start = symbol
        .value
        .checked_add_signed(reloc.addend)
        .ok_or("a replacement before the start of its section")?;
    let end = start.checked_add(u64::from(alternative.length)).ok_or("a replacement too far")?;
    Ok(AlternativeField::Replacement(Piece { object: resolver.object, section, start, end }))
}
