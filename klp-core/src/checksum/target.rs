//! What a reference means, as the bytes that stand for it in a stream.

use crate::arch::Access;
use crate::elf::{SectionId, SymbolId};
use crate::layout::SpanId;

use super::context::{Identity, ReferenceMeaning};
use super::count::count_all;
use super::stream::{DataExtent, NodeRef, Streams, UnitEdge, tag};
use super::{ContentKind, EntrySite, Refusal, UnitWriter};

/// How a reference is made, beside what it refers to.
#[derive(Clone, Copy)]
pub(super) struct ReferenceManner {
    pub(super) kind: ContentKind,
    pub(super) access: Access,
}

impl<'data> UnitWriter<'_, 'data, '_> {
    /// The kind of what an instruction refers to.
    pub(super) fn kind_of(&self, access: Access, target: &ReferenceMeaning<'_>) -> ContentKind {
        let Some(node) = target.nodes().next() else { return ContentKind::Relocation };
        let section = self.cx.elf.section(node.section);
        let entry = section.relocs.at(node.start);
        let code = entry.map(|reloc| self.cx.resolve(self.origin, reloc.symbol, reloc.addend));
        match code {
            Some(ReferenceMeaning::Code { section, offset, .. })
                if self.part_at(section, offset).is_some() =>
            {
                ContentKind::JumpTable
            }
            _ if matches!(access, Access::Open | Access::Indexed) && self.is_text(node) => {
                ContentKind::String
            }
            _ => ContentKind::Constant,
        }
    }

    /// Whether data without a symbol starts as text does, with two letters at least. What comes later is
    /// not looked at: where the data ends is not known yet, nor is it the same in every file.
    fn is_text(&self, node: NodeRef) -> bool {
        let section = Some(self.cx.elf.section(node.section)).filter(|_| node.span.is_none());
        let data = section.map_or(&[][..], |section| section.in_file(node.start, section.size));
        let letters = data.iter().take(4).take_while(|byte| **byte != 0);
        letters.clone().count() > 1 && letters.copied().all(is_letter)
    }

    pub(super) fn position(&mut self, kind: ContentKind, site: &EntrySite<'_>, tag: u8, field: u8) {
        self.streams.position(kind, tag, (site.part, site.index, field), site.offset);
    }

    pub(super) fn target(
        &mut self,
        manner: ReferenceManner,
        target: ReferenceMeaning<'data>,
    ) -> Result<(), Refusal> {
        let kind = manner.kind;
        match target {
            ReferenceMeaning::Named(named) => self.named(kind, &named),
            ReferenceMeaning::Code { section, offset, symbol } => {
                self.code(kind, section, offset, symbol)?;
            }
            ReferenceMeaning::Node { node, delta } => {
                let (node, delta) = self.onwards(manner.access, node, delta);
                if let Some(bytes) = self.exact(manner.access, node, delta) {
                    self.streams.byte(kind, tag::CONTENT);
                    self.streams.number(kind, self.halves(node, bytes.len()));
                    self.streams.bytes(kind, bytes);
                    let start = node.start.saturating_add_signed(delta);
                    let end = start.saturating_add(bytes.len() as u64);
                    self.streams.read.push((node.section, start, end));
                } else {
                    self.streams.byte(kind, tag::NODE);
                    self.streams.number(kind, delta.cast_unsigned());
                    let rank = self.rank_of_variable(node);
                    self.streams.index(kind, rank);
                    let starts =
                        manner.access != Access::Strided && node.extent == DataExtent::Next;
                    self.streams.edges.push(UnitEdge { kind, node, starts });
                }
            }
            ReferenceMeaning::Apart { entry, delta, size, place } => {
                self.streams.byte(kind, tag::APART);
                self.streams.number(kind, size);
                self.target(manner, ReferenceMeaning::Node { node: entry, delta })?;
                if let Some(node) = place {
                    self.target(manner, ReferenceMeaning::Node { node, delta: 0 })?;
                }
            }
            ReferenceMeaning::Entry { section, offset, delta } => {
                self.streams.byte(kind, tag::ENTRY);
                self.streams.number(kind, delta);
                self.code(kind, section, offset, None)?;
            }
            ReferenceMeaning::Empty => self.streams.byte(kind, tag::EMPTY),
            ReferenceMeaning::Place { section, offset } => {
                let name = self.cx.elf.section(section).name;
                self.streams.byte(kind, tag::PLACE);
                self.streams.bytes(kind, name);
                self.streams.number(kind, offset.cast_unsigned());
            }
            ReferenceMeaning::Number(number) => {
                self.streams.byte(kind, tag::NUMBER);
                self.streams.number(kind, number);
            }
        }
        Ok(())
    }

    /// Who takes the address of a place inside of a constant goes on from there.
    fn onwards(&self, access: Access, node: NodeRef, delta: i64) -> (NodeRef, i64) {
        let size = self.cx.elf.section(node.section).size;
        let inside = u64::try_from(delta).ok().filter(|at| *at < size);
        match inside {
            Some(at) if access == Access::Open && node.extent == DataExtent::Section => {
                (NodeRef::unnamed(node.section, at), 0)
            }
            _ => (node, delta),
        }
    }

    /// Which of the unit's unnamed variables `node` is, from 1 on by first use. Two of equal content
    /// are still two: what is written to one is not read from the other. Constants have no rank.
    fn rank_of_variable(&mut self, node: NodeRef) -> u32 {
        if !self.cx.elf.section(node.section).is_writable() {
            return 0;
        }
        let Streams { variables, references, ranks, .. } = &mut *self.streams;
        match node.span.and_then(|span| self.cx.layout.span(span).symbol) {
            Some(symbol) => {
                if ranks.number(self.cx.elf, symbol) {
                    references.add(symbol.into());
                }
            }
            None => {
                if let Some(place) = self.cx.memory.number(node.section, node.start) {
                    references.add(place);
                }
            }
        }
        variables.add(node);
        let position = variables.position(node).and_then(|at| u32::try_from(at).ok());
        position.unwrap_or(u32::MAX).saturating_add(1)
    }

    /// The bytes of an access of known size to a constant that no symbol covers.
    pub(super) fn exact(&self, access: Access, node: NodeRef, delta: i64) -> Option<&'data [u8]> {
        let Access::Fixed(size) = access else { return None };
        let section = self.cx.elf.section(node.section);
        if node.span.is_some() || section.is_unwind_table() || section.is_writable() {
            return None;
        }
        let start = node.start.checked_add_signed(delta)?;
        let bytes = section.bytes(start, u64::from(size))?;
        let end = start.checked_add(u64::from(size))?;
        section.relocs.within(start.saturating_sub(7), end).next().is_none().then_some(bytes)
    }

    /// The size of the pieces that a linker may take `len` bytes at `node` apart into; 0 where it may not.
    fn halves(&self, node: NodeRef, len: usize) -> u64 {
        let section = self.cx.elf.section(node.section);
        let is_taken_apart = section.is_merged() && !section.is_strings();
        Some(section.entsize).filter(|size| is_taken_apart && *size < len as u64).unwrap_or(0)
    }

    pub(super) fn named(&mut self, kind: ContentKind, named: &Identity<'_>) {
        let rank = self.refer(named);
        self.streams.named(kind, &named.name, rank, named.addend);
    }

    /// Takes down that the unit refers to `named`, and gives its rank.
    pub(super) fn refer(&mut self, named: &Identity<'_>) -> u32 {
        self.streams.references.add(named.symbol.into());
        let Identity { name, symbol, numbered, .. } = named;
        self.streams.ranks.rank(self.cx.elf, *symbol, name, *numbered)
    }

    pub(super) fn code(
        &mut self,
        kind: ContentKind,
        section: SectionId,
        offset: u64,
        symbol: Option<SymbolId>,
    ) -> Result<(), Refusal> {
        if self.inside(&ReferenceMeaning::Code { section, offset, symbol }) {
            self.streams.byte(kind, tag::INSIDE);
            self.streams.fixup(kind, section, offset);
            return Ok(());
        }
        // A global symbol is an identity wherever it stands, a label inside a function included.
        if let Some((index, symbol)) = symbol
            .map(|index| (index, self.cx.elf.symbol(index)))
            .filter(|(_, symbol)| !symbol.local)
        {
            let addend = offset.wrapping_sub(symbol.value).cast_signed();
            return self.target(
                ReferenceManner { kind, access: Access::Open },
                self.cx.named(index, addend),
            );
        }
        let span = self.cx.layout.find(section, offset);
        let Some((id, owner)) = span.and_then(|id| Some((id, self.cx.layout.called(id)?))) else {
            return self.target(
                ReferenceManner { kind, access: Access::Open },
                ReferenceMeaning::Place { section, offset: offset.cast_signed() },
            );
        };
        let ReferenceMeaning::Named(named) = self.cx.named(owner, 0) else {
            return Err(Refusal::new("a function without a name"));
        };
        if offset == self.cx.layout.span(id).start {
            self.named(kind, &named);
            return Ok(());
        }
        let (count, delta) = self.foreign_index(id, offset)?;
        let rank = self.refer(&named);
        self.streams.byte(kind, tag::NAMED_INSIDE);
        self.streams.bytes(kind, &named.name);
        self.streams.index(kind, rank);
        self.streams.index(kind, count);
        self.streams.byte(kind, delta);
        Ok(())
    }

    /// The index of the instruction at `offset` of another function.
    pub(super) fn foreign_index(
        &mut self,
        span: SpanId,
        offset: u64,
    ) -> Result<(u32, u8), Refusal> {
        let known = self.foreign.take().filter(|(known, _)| *known == span);
        let (_, counted) = self.foreign.insert(
            known.unwrap_or_else(|| (span, self.cx.counted.of(span, || count_all(self.cx, span)))),
        );
        let own = counted.as_ref().as_ref().map_err(Refusal::new)?;
        let start = self.cx.layout.span(span).start;
        let place = offset.checked_sub(start).and_then(|offset| own.place(offset));
        place.ok_or_else(|| {
            Refusal::new("it refers to a place of another function behind what is no instruction")
        })
    }
}

/// A byte of UTF-8 text as kernels print it: `\x01` starts a log level, `\x1b` a colour.
fn is_letter(byte: u8) -> bool {
    matches!(byte, 0x01 | b'\t'..=b'\r' | 0x1b | b' '..=b'~' | 0x80..)
}
