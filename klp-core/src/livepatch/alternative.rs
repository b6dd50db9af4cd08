//! `.altinstructions` entries name their replacement by its start and its length
//! (arch/x86/include/asm/alternative.h; the layouts are those in `tables/alternatives.rs`).

use crate::elf::{Place, Reloc, Section};

use super::pieces::Piece;
use super::resolve::Resolver;
use super::why::Why;

/// What a field is in terms of alternatives.
pub(super) enum Field {
    /// The start of this piece of code.
    Replacement(Piece),
    /// The start of nothing: the replacement is empty.
    Empty,
    /// No replacement at all.
    Other,
}

/// What the field at `reloc` is.
pub(super) fn replacement(
    resolver: &Resolver<'_, '_>,
    section: &Section<'_>,
    entry: Piece,
    reloc: &Reloc,
) -> Result<Field, Why> {
    const REPLACEMENT: u64 = 4;
    if section.name != b".altinstructions"
        || reloc.offset != entry.start.saturating_add(REPLACEMENT)
    {
        return Ok(Field::Other);
    }
    let field = match entry.len() {
        12 | 13 => 11,
        14 => 13,
        other => return Err(format!(".altinstructions entries of {other} bytes")),
    };
    let len = section.bytes(entry.start.saturating_add(field), 1).and_then(|bytes| bytes.first());
    let len = u64::from(*len.ok_or("an entry of .altinstructions is cut off")?);
    if len == 0 {
        return Ok(Field::Empty);
    }
    let elf = &resolver.source.patched.analysis.elf;
    let symbol = elf.symbol(reloc.symbol).ok_or("an alternative without replacement")?;
    let Place::Section(code) = symbol.place else { return Ok(Field::Other) };
    let start = symbol
        .value
        .checked_add_signed(reloc.addend)
        .ok_or("a replacement before the start of its section")?;
    let end = start.saturating_add(len);
    Ok(Field::Replacement(Piece { object: resolver.object, section: code, start, end }))
}
