//! The canonical bytes that a digest is made of, one stream for each [`Kind`].
//!
//! Every item starts with a tag, and everything of variable length carries its length, so that two
//! different contents never give the same stream.

use super::Kind;
use super::count::Instructed;
use super::digest::Digest;

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
}

/// Unnamed data that the content depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct NodeRef {
    pub(crate) section: u32,
    /// First byte of the data, as an offset in its section.
    pub(crate) start: u64,
    /// The span of a symbol, where one covers it.
    pub(crate) span: Option<u32>,
}

/// A place in the unit's code whose index is known only when all of its code has been read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fixup {
    pub(crate) kind: Kind,
    pub(crate) position: usize,
    pub(crate) section: u32,
    pub(crate) offset: u64,
}

/// Where an item of a stream comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TrailItem {
    pub(crate) kind: Kind,
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
    buffers: [Vec<u8>; Kind::ALL.len()],
    pub(crate) edges: Vec<(Kind, NodeRef)>,
    pub(crate) fixups: Vec<Fixup>,
    /// Symbols whose names carry a compiler's number, in the order of first use.
    pub(crate) numbered: Vec<u32>,
    /// Their names without the numbers.
    pub(crate) numberless: Vec<Vec<u8>>,
    /// Symbols of other units that are referred to by name, data and code.
    pub(crate) references: Vec<u32>,
    /// The instructions of all parts.
    pub(super) instructions: Instructed,
    pub(crate) trail: Option<Vec<TrailItem>>,
    /// Where the streams hold numbers of instructions, which shift when one is added: position and
    /// length. Kept with the trail.
    pub(crate) shifting: Vec<(Kind, usize, usize)>,
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
        self.fixups.clear();
        self.numbered.clear();
        self.numberless.clear();
        self.references.clear();
        self.instructions.counted.clear();
        self.instructions.padding.clear();
        self.shifting.clear();
        if let Some(trail) = &mut self.trail {
            trail.clear();
        }
    }

    /// Says that the next `len` bytes of `kind` number an instruction.
    pub(crate) fn shifts(&mut self, kind: Kind, len: usize) {
        if self.trail.is_some() {
            self.shifting.push((kind, self.buffer(kind).len(), len));
        }
    }

    pub(crate) fn buffer(&self, kind: Kind) -> &[u8] {
        self.buffers.get(kind.index()).map(Vec::as_slice).unwrap_or_default()
    }

    fn buffer_mut(&mut self, kind: Kind) -> &mut Vec<u8> {
        &mut self.buffers[kind.index()]
    }

    /// Starts an item of `kind` that comes from `offset` of the function.
    pub(crate) fn item(&mut self, kind: Kind, tag: u8, offset: u64) {
        let position = self.buffer(kind).len();
        let edges = self.edges.len();
        if let Some(trail) = &mut self.trail {
            trail.push(TrailItem { kind, position, edges, offset });
        }
        self.byte(kind, tag);
    }

    pub(crate) fn byte(&mut self, kind: Kind, byte: u8) {
        self.buffer_mut(kind).push(byte);
    }

    pub(crate) fn number(&mut self, kind: Kind, number: u64) {
        self.buffer_mut(kind).extend_from_slice(&number.to_le_bytes());
    }

    pub(crate) fn index(&mut self, kind: Kind, index: u32) {
        self.buffer_mut(kind).extend_from_slice(&index.to_le_bytes());
    }

    /// Bytes with their length in front.
    pub(crate) fn bytes(&mut self, kind: Kind, bytes: &[u8]) {
        self.number(kind, bytes.len() as u64);
        self.buffer_mut(kind).extend_from_slice(bytes);
    }

    /// Bytes with their length in front; the caller may blank some.
    pub(crate) fn content(&mut self, kind: Kind, bytes: &[u8]) -> &mut [u8] {
        self.bytes(kind, bytes);
        let buffer = self.buffer_mut(kind);
        let start = buffer.len().saturating_sub(bytes.len());
        buffer.get_mut(start..).unwrap_or_default()
    }

    /// Keeps the first `to` of the `from` bytes that [`Streams::content`] has just written.
    pub(crate) fn shorten_content(&mut self, kind: Kind, from: usize, to: usize) {
        let buffer = self.buffer_mut(kind);
        let start = buffer.len().saturating_sub(from);
        buffer.truncate(start.saturating_add(to));
        if let Some(length) = buffer.get_mut(start.saturating_sub(8)..start) {
            length.copy_from_slice(&(to as u64).to_le_bytes());
        }
    }

    /// An instruction's bytes (below 16) with their length in front; the caller may blank fields.
    pub(crate) fn instruction(&mut self, kind: Kind, bytes: &[u8]) -> &mut [u8] {
        let buffer = self.buffer_mut(kind);
        buffer.push(u8::try_from(bytes.len()).unwrap_or(u8::MAX));
        let start = buffer.len();
        buffer.extend_from_slice(bytes);
        buffer.get_mut(start..).unwrap_or_default()
    }

    /// A whole instruction that comes from `offset`; the caller may blank fields.
    pub(crate) fn plain(&mut self, kind: Kind, bytes: &[u8], offset: u64) -> &mut [u8] {
        self.item(kind, tag::PLAIN, offset);
        self.instruction(kind, bytes)
    }

    /// As [`Streams::plain`], of the first `len` bytes of `code`: nearly every instruction comes here, and a
    /// copy of fixed size is the fastest.
    pub(crate) fn copy(&mut self, kind: Kind, code: &[u8], len: usize, offset: u64) {
        let (Some(window), Ok(len8 @ ..16)) = (code.first_chunk::<16>(), u8::try_from(len)) else {
            self.plain(kind, code.get(..len).unwrap_or(code), offset);
            return;
        };
        self.item(kind, tag::PLAIN, offset);
        let buffer = self.buffer_mut(kind);
        buffer.push(len8);
        let end = buffer.len().saturating_add(len);
        buffer.extend_from_slice(window);
        buffer.truncate(end);
    }

    /// Leaves room for the place `offset` of `section`.
    pub(crate) fn fixup(&mut self, kind: Kind, section: u32, offset: u64) {
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
    pub(crate) fn digests(&self) -> impl Iterator<Item = (Kind, Digest)> + '_ {
        Kind::ALL.into_iter().filter_map(|kind| {
            let buffer = self.buffer(kind);
            (!buffer.is_empty()).then(|| (kind, Digest::of(buffer)))
        })
    }
}
