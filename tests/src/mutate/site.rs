//! What is flipped.

use klp_core::checksum::Analysis;
use klp_core::elf::{Reloc, Section, SectionClass, SectionId, SymbolId};
use klp_core::layout::SpanId;
use klp_core::rules;

use super::random::Random;

/// One change of an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mutation {
    pub(super) section: SectionId,
    /// Of the byte, or the offset in the relocation.
    pub(super) offset: u64,
    pub(super) flip: Flip,
}

/// How a byte or a relocation is changed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Flip {
    Byte { mask: u8 },
    Offset { by: i64 },
    Type { to: u32 },
    Symbol { to: SymbolId },
    Addend { by: i64 },
}

/// Relocation types to change to: NONE, 64, PC32, PLT32, 32, 32S, PC64.
const TYPES: &[u32] = &[0, 1, 2, 4, 10, 11, 24];

impl Mutation {
    pub(super) fn kind(&self) -> &'static str {
        match self.flip {
            Flip::Byte { .. } => "byte",
            Flip::Offset { .. } => "offset",
            Flip::Type { .. } => "type",
            Flip::Symbol { .. } => "symbol",
            Flip::Addend { .. } => "addend",
        }
    }

    pub(super) fn section_name(&self, analysis: &Analysis<'_>) -> String {
        let name = analysis.elf.section(self.section).name_lossy();
        // Export tables have a section for each symbol.
        name.split_once('+').map_or(name.as_ref(), |(table, _)| table).to_owned()
    }

    pub(super) fn describe(&self, analysis: &Analysis<'_>) -> String {
        format!("{}+{:#x} {:?}", self.section_name(analysis), self.offset, self.flip)
    }
}

/// Draws a mutation of an allocated section: of code, of special entries, of data, half of bytes and
/// half of relocations where there are any.
pub(super) fn draw(analysis: &Analysis<'_>, random: &mut Random) -> Option<Mutation> {
    let elf = &analysis.elf;
    let usable = |(section, _): &(&Section<'_>, SectionId)| {
        section.is_allocated() && section.class == SectionClass::Bytes && !section.data.is_empty()
    };
    // By function, so that large sections get their share.
    if random.below(10) < 6 {
        let function = random.pick(analysis.layout.functions.as_slice())?;
        let spans: Vec<SpanId> = function.spans().collect();
        let span = analysis.layout.span(*random.pick(&spans)?);
        return at(analysis, random, span.section, span.start, span.end);
    }
    // What rules leave out whole is tried too, but is many small sections in some objects.
    let some = random.below(20) == 0;
    let wanted = |(section, _): &(&Section<'_>, SectionId)| some || !is_left_out(section);
    let all: Vec<_> = elf.sections.with_ids().filter(usable).filter(wanted).collect();
    let (header, section) = *random.pick(&all)?;
    at(analysis, random, section, 0, header.size)
}

fn is_left_out(section: &Section<'_>) -> bool {
    rules::for_section(section.name).is_some()
}

fn at(
    analysis: &Analysis<'_>,
    random: &mut Random,
    section: SectionId,
    start: u64,
    end: u64,
) -> Option<Mutation> {
    let header = analysis.elf.section(section);
    let offset = start + random.below(end.checked_sub(start)?);
    let relocs: Vec<Reloc> = if random.below(2) == 0 {
        Vec::new()
    } else {
        header.relocs.within(offset, end).take(1).collect()
    };
    let Some(reloc) = relocs.first() else {
        let mask = if random.below(2) == 0 { 1 << random.below(8) } else { 1 + random.below(255) };
        return Some(Mutation {
            section,
            offset,
            flip: Flip::Byte { mask: u8::try_from(mask).ok()? },
        });
    };
    let flip = match random.below(4) {
        0 => Flip::Offset { by: 1 },
        1 => Flip::Type { to: *random.pick(TYPES)? },
        2 => {
            let symbols = &analysis.elf.symbols;
            let number = usize::try_from(random.below(symbols.len() as u64)).ok()?;
            Flip::Symbol { to: symbols.checked(number)? }
        }
        _ => Flip::Addend { by: [1, -1, 8, 64, 0x1000][usize::try_from(random.below(5)).ok()?] },
    };
    // What makes a table unreadable, or is behind the end of its section, gets the whole object refused, which says nothing of
    // a unit.
    let fills_other_bytes = match flip {
        Flip::Offset { .. } => true,
        Flip::Type { to } => width(to) != reloc.kind.width(),
        _ => false,
    };
    if fills_other_bytes && rules::is_attributed(header.name) {
        return None;
    }
    let (offset, width) = match flip {
        Flip::Offset { by } => (reloc.offset.checked_add_signed(by)?, reloc.kind.width()),
        Flip::Type { to } => (reloc.offset, width(to)),
        _ => (reloc.offset, reloc.kind.width()),
    };
    (offset.checked_add(width)? <= header.size).then_some(Mutation {
        section,
        offset: reloc.offset,
        flip,
    })
}

/// How many bytes one of [`TYPES`] fills in.
fn width(kind: u32) -> u64 {
    match kind {
        0 => 0,
        1 | 24 => 8,
        _ => 4,
    }
}
