//! The canonical bytes that a digest is made of, one stream for each [`ContentKind`].
//!
//! Every item starts with a tag, and everything of variable length carries its length, so that two
//! different contents never give the same stream.

use crate::arch::{Arch, InstructionField, Instructions};
use crate::elf::SectionId;
use crate::layout::SpanId;
use crate::slices::SliceParts as _;

use super::ContentKind;
use super::ReferentId;
use super::digest::Digest;
use super::numbered::InstructionStarts;
use super::ranks::NameRanks;
use super::seen::Seen;

/// Tags of items and targets. Never renumber: they are part of the digest's definition.
pub(crate) mod tag {
    pub(crate) const PLAIN: u8 = 1;
    pub(crate) const BRANCH_INSIDE: u8 = 2;
    pub(crate) const BRANCH_OUT: u8 = 3;
    pub(crate) const NAMED: u8 = 4;
    pub(crate) const NAMED_INSIDE: u8 = 5;
    pub(crate) const INSIDE: u8 = 6;
    pub(crate) const CONTENT: u8 = 7;
    pub(crate) const NODE: u8 = 8;
    pub(crate) const PLACE: u8 = 9;
    pub(crate) const NUMBER: u8 = 10;
    pub(crate) const ENTRY: u8 = 11;
    pub(crate) const PART: u8 = 12;
    pub(crate) const DATA: u8 = 13;
    pub(crate) const ZEROED: u8 = 14;
    pub(crate) const CODE: u8 = 15;
    pub(crate) const EMPTY: u8 = 16;
    pub(crate) const LABEL: u8 = 17;
    pub(crate) const APART: u8 = 18;
    pub(crate) const NOT_LOADED: u8 = 19;
}

/// How far unnamed data goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum DataExtent {
    /// To the end of the symbol, or up to what is known to start behind it.
    Next,
    /// All of the section: who refers to a place outside of it can mean any of it.
    Section,
    /// What nothing refers to, with the zeros around it.
    Rest,
}

/// Unnamed data that the content depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeRef {
    pub(crate) section: SectionId,
    pub(crate) extent: DataExtent,
    /// First byte of the data, as an offset in its section.
    pub(crate) start: u64,
    /// The span of a symbol, where one covers it.
    pub(crate) span: Option<SpanId>,
}

impl NodeRef {
    /// What starts at `start` of `section`, where no symbol covers it.
    pub(crate) fn unnamed(section: SectionId, start: u64) -> Self {
        Self { section, extent: DataExtent::Next, start, span: None }
    }

    /// The data object that is the span number `span`.
    pub(crate) fn object(section: SectionId, start: u64, span: SpanId) -> Self {
        Self { section, extent: DataExtent::Next, start, span: Some(span) }
    }
}

/// What a unit refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct UnitEdge {
    pub(crate) kind: ContentKind,
    pub(crate) node: NodeRef,
    /// Whether something starts there: one place in each element of a table is none.
    pub(crate) starts: bool,
}

/// A place in the unit's code whose index is known only when all of its code has been read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixup {
    pub(crate) kind: ContentKind,
    pub(crate) position: usize,
    pub(crate) section: SectionId,
    pub(crate) offset: u64,
}

/// Where an item of a stream comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrailItem {
    pub(crate) kind: ContentKind,
    pub(crate) position: usize,
    pub(crate) edges: usize,
    /// Offset from the start of the part that the item belongs to.
    pub(crate) offset: u64,
}

/// Room that a fixup needs in its stream.
pub(crate) const FIXUP_LEN: usize = 6;

/// The streams of one unit. Reused from unit to unit, so that no unit allocates.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    buffers: [Vec<u8>; ContentKind::ALL.len()],
    pub(crate) edges: Vec<UnitEdge>,
    /// Unnamed constants that the unit reads as they are: section, start and end.
    pub(crate) read: Vec<(SectionId, u64, u64)>,
    pub(crate) fixups: Vec<Fixup>,
    pub(super) ranks: NameRanks,
    /// Unnamed variables, in the order of first use.
    pub(super) variables: Seen<NodeRef>,
    /// Symbols of other units that are referred to by name, data and code.
    pub(super) references: Seen<ReferentId>,
    /// The instructions of each part.
    instructions: Vec<InstructionStarts>,
    pub(crate) trail: Option<Vec<TrailItem>>,
    /// Where the streams hold numbers of instructions, which shift when one is added: position and
    /// length. Kept with the trail.
    pub(crate) shifting: Vec<(ContentKind, usize, usize)>,
}

impl Streams {
    /// Streams that also remember where each item comes from.
    pub(crate) fn recording() -> Self {
        Self { trail: Some(Vec::new()), ..Self::default() }
    }

    pub(crate) fn clear(&mut self) {
        for buffer in &mut self.buffers {
            buffer.clear();
        }
        self.edges.clear();
        self.read.clear();
        self.fixups.clear();
        self.ranks.clear();
        self.variables.clear();
        self.references.clear();
        self.shifting.clear();
        if let Some(trail) = &mut self.trail {
            trail.clear();
        }
    }

    /// Says that the next `len` bytes of `kind` number an instruction.
    pub(crate) fn shifts(&mut self, kind: ContentKind, len: usize) {
        if self.trail.is_some() {
            self.shifting.push((kind, self.buffer(kind).len(), len));
        }
    }

    pub(crate) fn buffer(&self, kind: ContentKind) -> &[u8] {
        self.buffers.get(kind.index()).map(Vec::as_slice).unwrap_or_default()
    }

    fn buffer_mut(&mut self, kind: ContentKind) -> &mut Vec<u8> {
        &mut self.buffers[kind.index()]
    }

    /// Starts an item of `kind` that comes from `offset` of the function.
    pub(crate) fn item(&mut self, kind: ContentKind, tag: u8, offset: u64) {
        let position = self.buffer(kind).len();
        let edges = self.edges.len();
        if let Some(trail) = &mut self.trail {
            trail.push(TrailItem { kind, position, edges, offset });
        }
        self.byte(kind, tag);
    }

    /// Starts an item of `kind` about the instruction numbered `index` of `part`, which comes from `offset`.
    pub(crate) fn position(
        &mut self,
        kind: ContentKind,
        tag: u8,
        (part, index, field): (u8, u32, u8),
        offset: u64,
    ) {
        let position = self.buffer(kind).len();
        let edges = self.edges.len();
        if let Some(trail) = &mut self.trail {
            trail.push(TrailItem { kind, position, edges, offset });
            self.shifting.push((kind, position.saturating_add(2), 4));
        }
        let [a, b, c, d] = index.to_le_bytes();
        self.buffer_mut(kind).extend_from_slice(&[tag, part, a, b, c, d, field]);
    }

    /// A symbol's name, its rank among those that differ in the compiler's number only, and the addend.
    pub(crate) fn named(&mut self, kind: ContentKind, name: &[u8], rank: u32, addend: i64) {
        let buffer = self.buffer_mut(kind);
        buffer.push(tag::NAMED);
        buffer.extend_from_slice(&(name.len() as u64).to_le_bytes());
        buffer.extend_from_slice(name);
        buffer.extend_from_slice(&rank.to_le_bytes());
        buffer.extend_from_slice(&addend.to_le_bytes());
    }

    pub(crate) fn byte(&mut self, kind: ContentKind, byte: u8) {
        self.buffer_mut(kind).push(byte);
    }

    pub(crate) fn number(&mut self, kind: ContentKind, number: u64) {
        self.buffer_mut(kind).extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn index(&mut self, kind: ContentKind, index: u32) {
        self.buffer_mut(kind).extend_from_slice(&index.to_le_bytes());
    }

    /// Bytes with their length in front.
    pub(crate) fn bytes(&mut self, kind: ContentKind, bytes: &[u8]) {
        self.number(kind, bytes.len() as u64);
        self.buffer_mut(kind).extend_from_slice(bytes);
    }

    /// Bytes with their length in front; the caller may blank some.
    pub(crate) fn content(&mut self, kind: ContentKind, bytes: &[u8]) -> &mut [u8] {
        self.bytes(kind, bytes);
        let buffer = self.buffer_mut(kind);
        let start = buffer.len().saturating_sub(bytes.len());
        buffer.get_mut(start..).unwrap_or_default()
    }

    /// Keeps the first `to` of the `from` bytes that [`Streams::content`] has just written.
    pub(crate) fn shorten_content(&mut self, kind: ContentKind, from: usize, to: usize) {
        let buffer = self.buffer_mut(kind);
        let start = buffer.len().saturating_sub(from);
        buffer.truncate(start.saturating_add(to));
        if let Some(length) = buffer.get_mut(start.saturating_sub(8)..start) {
            length.copy_from_slice(&(to as u64).to_le_bytes());
        }
    }

    /// An instruction's bytes (below 16) with their length in front; the caller may blank fields.
    pub(crate) fn instruction(&mut self, kind: ContentKind, bytes: &[u8]) -> &mut [u8] {
        let buffer = self.buffer_mut(kind);
        buffer.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        let start = buffer.len();
        buffer.extend_from_slice(bytes);
        buffer.get_mut(start..).unwrap_or_default()
    }

    /// A whole instruction that comes from `offset`; the caller may blank fields.
    pub(crate) fn whole(&mut self, kind: ContentKind, bytes: &[u8], offset: u64) -> &mut [u8] {
        self.item(kind, tag::PLAIN, offset);
        self.instruction(kind, bytes)
    }

    /// Starts a part of `len` bytes.
    pub(super) fn begin_part(&mut self, part: usize, len: usize) {
        if part >= self.instructions.len() {
            self.instructions.resize_with(part.saturating_add(1), InstructionStarts::default);
        }
        if let Some(known) = self.instructions.get_mut(part) {
            known.begin(len);
        }
    }

    /// The next instruction of the part is the one of `len` bytes at `offset` in it.
    pub(super) fn count(&mut self, part: usize, offset: usize, len: usize, counts: bool) {
        if let Some(known) = self.instructions.get_mut(part) {
            known.add(offset, len, counts);
        }
    }

    /// How many instructions of the part count so far.
    pub(super) fn counted(&self, part: usize) -> u32 {
        self.instructions.get(part).map_or(0, InstructionStarts::count)
    }

    /// Where the last instruction of the part before `end` starts that counts.
    pub(super) fn last_counted(&self, part: usize, end: usize) -> Option<usize> {
        self.instructions.get(part)?.last_counted(end)
    }

    /// What `offset` in the part is: see [`InstructionStarts::place`].
    pub(super) fn place(&self, part: usize, offset: u64) -> Option<(u32, u8)> {
        self.instructions.get(part)?.place(offset)
    }

    /// Says that the part, of `len` bytes, is data.
    pub(super) fn data(&mut self, part: usize, len: usize) {
        if let Some(known) = self.instructions.get_mut(part) {
            known.data(len);
        }
    }

    /// Takes plain instructions of the part up to `limit`, an offset in its code. Nearly all are.
    pub(crate) fn plain<'c>(
        &mut self,
        kind: ContentKind,
        part: usize,
        instructions: &mut impl Instructions<'c>,
        limit: usize,
    ) {
        let buffer = &mut self.buffers[kind.index()];
        let Some(known) = self.instructions.get_mut(part) else { return };
        instructions.plain(limit, |window, len, offset| {
            if let Some(trail) = &mut self.trail {
                let (position, edges) = (buffer.len(), self.edges.len());
                trail.push(TrailItem { kind, position, edges, offset: offset as u64 });
            }
            #[expect(clippy::cast_possible_truncation, reason = "no instruction has 16 bytes")]
            let len8 = len as u8;
            known.add(offset, len, true);
            // A copy of fixed size is the fastest.
            let mut item = [0; 18];
            item[0] = tag::PLAIN;
            item[1] = len8;
            item[2..].copy_from_slice(window);
            let end = buffer.len().saturating_add(2).saturating_add(len);
            buffer.extend_from_slice(&item);
            buffer.truncate(end);
        });
    }

    /// A branch that stays inside; its place comes next. `distance` is the field that says where it goes.
    pub(crate) fn branch_inside<A: Arch>(
        &mut self,
        kind: ContentKind,
        branch: &[u8],
        distance: InstructionField,
        offset: u64,
    ) {
        self.item(kind, tag::BRANCH_INSIDE, offset);
        self.branch::<A>(kind, branch, distance);
    }

    /// A branch to something else.
    pub(crate) fn branch_out<A: Arch>(
        &mut self,
        kind: ContentKind,
        branch: &[u8],
        distance: InstructionField,
        offset: u64,
    ) {
        self.item(kind, tag::BRANCH_OUT, offset);
        self.branch::<A>(kind, branch, distance);
    }

    /// The branch without its distance.
    fn branch<A: Arch>(&mut self, kind: ContentKind, branch: &[u8], distance: InstructionField) {
        let (prefixes, opcode) = A::opcode(branch, distance);
        self.bytes(kind, branch.ending(prefixes));
        self.instruction(kind, opcode.as_ref());
    }

    /// Leaves room for the place `offset` of `section`.
    pub(crate) fn fixup(&mut self, kind: ContentKind, section: SectionId, offset: u64) {
        self.shifts(kind, FIXUP_LEN);
        let position = self.buffer(kind).len();
        self.buffer_mut(kind).extend_from_slice(&[0; FIXUP_LEN]);
        self.fixups.push(Fixup { kind, position, section, offset });
    }

    pub(crate) fn fill(&mut self, fixup: Fixup, part: u8, index: u32, delta: u8) {
        let [a, b, c, d] = index.to_le_bytes();
        let end = fixup.position.saturating_add(FIXUP_LEN);
        if let Some(room) = self.buffer_mut(fixup.kind).get_mut(fixup.position..end) {
            room.copy_from_slice(&[part, a, b, c, d, delta]);
        }
    }

    /// The kinds that have content, with the digest of their streams (without what lies behind edges).
    pub(crate) fn digests(&self) -> impl Iterator<Item = (ContentKind, Digest)> + '_ {
        ContentKind::ALL.into_iter().filter_map(|kind| {
            let buffer = self.buffer(kind);
            (!buffer.is_empty()).then(|| (kind, Digest::of(buffer)))
        })
    }
}
