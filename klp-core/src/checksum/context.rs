//! What a relocation refers to.

use std::borrow::Cow;

use crate::arch::Access;
use crate::elf::{Definition, ElfObject, Section, SectionClass, SectionId, SymbolId, SymbolKind};
use crate::layout::{Layout, Span, SpanId};
use crate::name::{self, Stability};
use crate::tables::Sites;

use super::counted::CountedFunctions;
use super::empties::EmptyObjects;
use super::entered::EnteredPlaces;
use super::handed::TakenPlaces;
use super::long_strings::LongStrings;
use super::memory::Memory;
use super::origin::{FilesByPlace, SymbolFiles};
use super::stream::{DataExtent, NodeRef};

/// What all units of one object share.
pub(crate) struct Context<'a, 'data> {
    pub(crate) elf: &'a ElfObject<'data>,
    pub(crate) layout: &'a Layout,
    pub(crate) sites: &'a Sites,
    pub(crate) origins: &'a FilesByPlace,
    pub(crate) memory: &'a Memory,
    pub(crate) entered: &'a EnteredPlaces,
    pub(crate) handed: &'a TakenPlaces,
    pub(crate) empties: &'a EmptyObjects,
    pub(super) long_strings: &'a LongStrings,
    pub(super) counted: &'a CountedFunctions,
}

/// What a reference means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReferenceMeaning<'data> {
    /// Something with an identity of its own.
    Named(Identity<'data>),
    /// A place in code that is defined here: section, offset, and the symbol that was used.
    Code { section: SectionId, offset: u64, symbol: Option<SymbolId> },
    /// Unnamed data.
    Node { node: NodeRef, delta: i64 },
    /// A place of a merged section that is reached through a symbol of another entry. A linker keeps `delta` bytes
    /// between `entry` and the place, whatever it moves there; `place` is what the object has there.
    Apart { entry: NodeRef, delta: i64, size: u64, place: Option<NodeRef> },
    /// An entry of a special section, known by the code that it belongs to.
    Entry { section: SectionId, offset: u64, delta: u64 },
    /// A data object without a size, which holds nothing that could change.
    Empty,
    /// Outside of everything known; only the place itself can be compared.
    Place { section: SectionId, offset: i64 },
    /// A number.
    Number(u64),
}

impl ReferenceMeaning<'_> {
    /// The unnamed data that a reference reaches.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = NodeRef> + use<> {
        let (first, second) = match self {
            Self::Node { node, .. } => (Some(*node), None),
            Self::Apart { entry, place, .. } => (Some(*entry), *place),
            _ => (None, None),
        };
        first.into_iter().chain(second)
    }
}

/// An identity: a name, and how it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity<'data> {
    pub(crate) name: Cow<'data, [u8]>,
    pub(crate) symbol: SymbolId,
    pub(crate) numbered: bool,
    pub(crate) addend: i64,
}

impl<'data> Context<'_, 'data> {
    /// Whether the symbol stands in code: all that is said through it means code.
    pub(crate) fn is_in_code(&self, symbol: SymbolId) -> bool {
        let Definition::Section(section) = self.elf.symbol(symbol).place else { return false };
        self.elf.section(section).is_code()
    }

    /// Whether `span` is data, as its symbol says, wherever it stands.
    pub(crate) fn is_object(&self, span: &Span) -> bool {
        let symbol = span.symbol.map(|symbol| self.elf.symbol(symbol));
        symbol.is_some_and(|symbol| symbol.kind == SymbolKind::Object)
    }

    /// What `symbol + addend` means, where its address is taken in code or data that comes `from` there.
    pub(crate) fn resolve(
        &self,
        from: SymbolFiles,
        symbol: SymbolId,
        addend: i64,
    ) -> ReferenceMeaning<'data> {
        self.resolve_used(from, Access::Open, symbol, addend)
    }

    /// What `symbol + addend` means to who uses it so.
    pub(crate) fn resolve_used(
        &self,
        from: SymbolFiles,
        access: Access,
        id: SymbolId,
        addend: i64,
    ) -> ReferenceMeaning<'data> {
        let symbol = self.elf.symbol(id);
        let section = match symbol.place {
            Definition::Section(section) => section,
            Definition::Absolute if symbol.local => {
                return ReferenceMeaning::Number(symbol.value.wrapping_add(addend.cast_unsigned()));
            }
            Definition::Undefined if symbol.name.is_empty() => {
                return ReferenceMeaning::Number(addend.cast_unsigned());
            }
            _ => return self.named(id, addend),
        };
        let offset = symbol.value.cast_signed().wrapping_add(addend);
        let is_code = self.elf.section(section).is_code();
        if symbol.kind != SymbolKind::Section && !is_code {
            match symbol.stability {
                Stability::Stable | Stability::Numbered => return self.named(id, addend),
                Stability::Unstable => {
                    if let Some(found) = self.unnamed_symbol(section, symbol.value, addend) {
                        return found;
                    }
                }
            }
        }
        if symbol.kind != SymbolKind::Section
            && let Some(apart) = self.apart(section, symbol.value, offset)
        {
            return apart;
        }
        if let Some(outside) = self.outside(section, offset) {
            return outside;
        }
        let Ok(offset) = u64::try_from(offset) else {
            return ReferenceMeaning::Place { section, offset };
        };
        if is_code {
            let symbol = (symbol.kind != SymbolKind::Section).then_some(id);
            return ReferenceMeaning::Code { section, offset, symbol };
        }
        self.data(from, access, section, offset)
    }

    /// What lies at `offset` of a merged section, if the place `through` that leads there is in another entry.
    fn apart(
        &self,
        section: SectionId,
        through: u64,
        offset: i64,
    ) -> Option<ReferenceMeaning<'data>> {
        let header = self.elf.section(section);
        let start = entry_start(header, through)?;
        let delta = offset.wrapping_sub(start.cast_signed());
        let size = entry_end(header, start)?.saturating_sub(start);
        let is_inside = u64::try_from(delta)
            .is_ok_and(|delta| delta < size || header.is_strings() && delta == size);
        let place = u64::try_from(offset).ok().and_then(|at| entry_start(header, at));
        let node = |start| NodeRef::unnamed(section, start);
        let (entry, size, place) = (node(start), header.entsize, place.map(node));
        (!is_inside).then_some(ReferenceMeaning::Apart { entry, delta, size, place })
    }

    /// What lies at `offset` of the data section `section`.
    fn data(
        &self,
        from: SymbolFiles,
        access: Access,
        section: SectionId,
        offset: u64,
    ) -> ReferenceMeaning<'data> {
        let place = ReferenceMeaning::Place { section, offset: offset.cast_signed() };
        let header = self.elf.section(section);
        if let Some(start) = entry_start(header, offset) {
            let delta = offset.wrapping_sub(start).cast_signed();
            return ReferenceMeaning::Node { node: NodeRef::unnamed(section, start), delta };
        }
        if let Some((section, offset, delta)) = self.sites.owner(self.elf, section, offset) {
            return ReferenceMeaning::Entry { section, offset, delta };
        }
        let span = self.layout.find(section, offset);
        if let Some(border) = self.border(from, access, section, offset, span) {
            return border;
        }
        if offset >= header.size {
            return place;
        }
        if let Some(span) = span {
            return self.span(span, offset);
        }
        if self.is_one_constant(header, section) {
            let node = NodeRef { section, extent: DataExtent::Section, start: 0, span: None };
            return ReferenceMeaning::Node { node, delta: offset.cast_signed() };
        }
        let node = NodeRef::unnamed(section, offset);
        let here = ReferenceMeaning::Node { node, delta: 0 };
        self.behind_address(section, header, offset).unwrap_or(here)
    }

    /// Nobody reads from within an address of code. A reference to there counts from what starts behind it,
    /// such as an array that code walks through from the byte before it.
    fn behind_address(
        &self,
        section: SectionId,
        header: &Section<'_>,
        offset: u64,
    ) -> Option<ReferenceMeaning<'data>> {
        let address = header.relocs.around(offset)?;
        if !self.is_in_code(address.symbol) {
            return None;
        }
        let start = address.end();
        if let Some(span) = self.layout.find(section, start) {
            return Some(self.span(span, offset));
        }
        if start >= header.size || header.relocs.around(start).is_some() {
            return None;
        }
        let delta = offset.wrapping_sub(start).cast_signed();
        Some(ReferenceMeaning::Node { node: NodeRef::unnamed(section, start), delta })
    }

    /// `offset` in a span.
    fn span(&self, id: SpanId, offset: u64) -> ReferenceMeaning<'data> {
        let span = self.layout.span(id);
        let delta = offset.wrapping_sub(span.start).cast_signed();
        match self.layout.called(id) {
            Some(symbol) if self.elf.symbol(symbol).stability != Stability::Unstable => {
                self.named(symbol, delta)
            }
            _ => {
                let node = NodeRef::object(span.section, span.start, id);
                ReferenceMeaning::Node { node, delta }
            }
        }
    }

    /// An address outside of a data section, or its end, means what it holds with a bias that the index makes up
    /// for: the one object, or any of the constants that no symbol tells apart.
    fn outside(&self, section: SectionId, offset: i64) -> Option<ReferenceMeaning<'data>> {
        let header = Some(self.elf.section(section)).filter(|header| !header.is_code())?;
        let inside = u64::try_from(offset).is_ok_and(|offset| {
            offset < header.size || self.layout.empty_at(section, offset).is_some()
        });
        let mut spans = self.layout.with_ids_of_section(section);
        match (spans.next(), spans.next()) {
            _ if inside => None,
            (Some((only, id)), None) if only.start == 0 && only.end == header.size => {
                Some(self.span(id, offset.cast_unsigned()))
            }
            (None, _)
                if header.class == SectionClass::Bytes
                    && !header.is_merged()
                    && header.size > 0 =>
            {
                let node = NodeRef { section, extent: DataExtent::Section, start: 0, span: None };
                Some(ReferenceMeaning::Node { node, delta: offset })
            }
            _ => None,
        }
    }

    /// Whether the section holds one constant that no symbol names: LLVM gives each its own with data sections, and
    /// `ld -r` of several objects joins those of one name.
    pub(crate) fn is_one_constant(&self, section: &Section<'_>, id: SectionId) -> bool {
        let is_private = section.name.windows(3).any(|part| part == b"..L");
        is_private
            && !section.is_merged()
            && self.elf.files.len() < 2
            && self.layout.of_section(id).is_empty()
    }

    /// Where one object ends and the next may start, a reference through the section says only the
    /// place. Assemblers refer to global symbols by name, so it means the local object that starts
    /// here, unless that belongs to another source file or only objects without a size there can be meant
    /// ([`super::empties`]), or else an object without a size, or else the end of the one before.
    fn border(
        &self,
        from: SymbolFiles,
        access: Access,
        section: SectionId,
        offset: u64,
        span: Option<SpanId>,
    ) -> Option<ReferenceMeaning<'data>> {
        let symbol_of = |span: SpanId| Some(self.elf.symbol(self.layout.span(span).symbol?));
        let starting = span.filter(|span| self.layout.span(*span).start == offset);
        if span.is_some() && starting.is_none() {
            return None;
        }
        let starting = starting.and_then(symbol_of);
        let foreign = starting.is_some_and(|symbol| {
            symbol.local && from.excludes(symbol.file, symbol.stability == Stability::Unstable)
        });
        let is_empty = || {
            access == Access::Open && self.empties.are_meant(self.elf, self.layout, section, offset)
        };
        if starting.is_none_or(|symbol| !symbol.local || foreign || is_empty())
            && let Some(empty) = self.layout.empty_at(section, offset)
        {
            return Some(self.empty(empty, section, offset));
        }
        let before = self.layout.ending_at(section, offset)?;
        let means_the_end = match starting {
            None => offset == self.elf.section(section).size,
            Some(symbol) => foreign || !symbol.local && symbol_of(before)?.local,
        };
        means_the_end.then(|| self.span(before, offset))
    }

    /// The object without a size that is `symbol`. It holds nothing that could change, and if it has room of its own
    /// all the same, its name counts.
    pub(crate) fn empty(
        &self,
        symbol: SymbolId,
        section: SectionId,
        offset: u64,
    ) -> ReferenceMeaning<'data> {
        let size = self.elf.section(section).size;
        let next = self.layout.next_label(section, offset).unwrap_or(size);
        let room = next.saturating_sub(offset);
        // Less is what aligns the next.
        let is_padding =
            room < 1 << next.trailing_zeros().min(6) || self.layout.find(section, offset).is_some();
        if self.elf.symbol(symbol).stability == Stability::Unstable || is_padding {
            ReferenceMeaning::Empty
        } else {
            self.named(symbol, 0)
        }
    }

    /// The identity of a symbol.
    pub(crate) fn named(&self, id: SymbolId, addend: i64) -> ReferenceMeaning<'data> {
        let symbol = self.elf.symbol(id);
        let numbered = symbol.stability == Stability::Numbered;
        let name =
            if symbol.is_plain { Cow::Borrowed(symbol.name) } else { name::base(symbol.name) };
        ReferenceMeaning::Named(Identity { name, symbol: id, numbered, addend })
    }

    /// A reference through an unstable symbol says for certain which object it means.
    fn unnamed_symbol(
        &self,
        section: SectionId,
        value: u64,
        addend: i64,
    ) -> Option<ReferenceMeaning<'data>> {
        let header = self.elf.section(section);
        if header.is_merged() {
            return None;
        }
        let span = self.layout.find(section, value)?;
        let start = self.layout.span(span).start;
        let delta = addend.wrapping_add(value.saturating_sub(start).cast_signed());
        Some(ReferenceMeaning::Node { node: NodeRef::object(section, start, span), delta })
    }
}

/// Where the entry of a merged section starts that is referred to at `offset`: a string there, a
/// constant at a multiple of its size. Entries with relocations are not merged by anyone.
fn entry_start(section: &Section<'_>, offset: u64) -> Option<u64> {
    if !is_merged(section) || offset >= section.size {
        return None;
    }
    if section.is_strings() {
        return Some(offset);
    }
    offset.checked_sub(offset.checked_rem(section.entsize)?)
}

/// Where the entry of a merged section ends that starts at `start`. A string ends before its
/// terminator.
pub(crate) fn entry_end(section: &Section<'_>, start: u64) -> Option<u64> {
    if !is_merged(section) {
        return None;
    }
    if !section.is_strings() {
        return start.checked_add(section.entsize).map(|end| end.min(section.size));
    }
    let end = u64::try_from(section.data.len()).ok().filter(|end| start <= *end)?;
    Some(section.string_end(start).unwrap_or(end))
}

fn is_merged(section: &Section<'_>) -> bool {
    section.is_merged() && section.class == SectionClass::Bytes
}
