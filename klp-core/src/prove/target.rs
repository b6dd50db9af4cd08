//! What a reference means.

use crate::elf::{Definition, ElfObject, Reloc, RelocKind, SectionId, SymbolId, SymbolKind};

/// How a reference is used: what of the memory there matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum MemoryUse {
    /// Control goes there.
    Branch,
    /// The address goes somewhere: everything behind it can be read.
    Address,
    /// Something in an array at it is read or written, which may begin before it.
    Indexed,
    /// Exactly this many bytes are read or written.
    Load(u16),
}

/// A place, and the symbol that leads there if it is not a section's.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedPlace {
    pub(super) section: SectionId,
    pub(super) offset: i64,
    pub(super) symbol: Option<SymbolId>,
}

/// What a reference refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target<'a> {
    /// A name of another object.
    Undefined { name: &'a [u8], addend: i64, weak: bool },
    /// A number.
    Absolute(i64),
    /// A tentative definition, whose size and alignment are compared with the names.
    Common { name: &'a [u8], addend: i64 },
    /// A place of a section of this object; `symbol` if not named by the section alone.
    Place { section: SectionId, offset: i64, symbol: Option<SymbolId> },
    /// Something that an object should not have.
    Unknown,
}

impl Target<'_> {
    /// The lowest two bits, where flags are in addresses of what is aligned.
    pub(super) fn low_bits(&self) -> u64 {
        let number = match self {
            Self::Undefined { addend, .. } | Self::Common { addend, .. } => *addend,
            Self::Absolute(number) => *number,
            Self::Place { offset, .. } => *offset,
            Self::Unknown => 0,
        };
        number.cast_unsigned() & 3
    }
}

/// What `reloc` refers to; `bias` is what the reference adds to the relocation's own reading.
pub(super) fn of<'a>(object: &ElfObject<'a>, reloc: &Reloc, bias: i64) -> Target<'a> {
    let symbol = object.symbol(reloc.symbol);
    if matches!(reloc.kind, RelocKind::Unknown(_)) {
        return Target::Unknown;
    }
    let addend = reloc.addend.wrapping_add(bias);
    match symbol.place {
        // The symbol of number 0 has no name and means 0.
        Definition::Undefined if reloc.symbol.number() == 0 => Target::Absolute(addend),
        Definition::Undefined => Target::Undefined { name: symbol.name, addend, weak: symbol.weak },
        Definition::Absolute => Target::Absolute(symbol.value.cast_signed().wrapping_add(addend)),
        Definition::Common => Target::Common { name: symbol.name, addend },
        Definition::Section(section) => Target::Place {
            section,
            offset: symbol.value.cast_signed().wrapping_add(addend),
            symbol: (symbol.kind != SymbolKind::Section).then_some(reloc.symbol),
        },
    }
}
