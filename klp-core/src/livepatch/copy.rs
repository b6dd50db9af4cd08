//! A copied piece: where its relocations lead, and what becomes of its bytes.

use super::pieces::Piece;
use super::target::LinkTarget;

/// Where a relocation of a copied piece leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// To a copied piece.
    Piece(Piece),
    /// To a symbol of the running kernel.
    Kernel(LinkTarget),
    /// To a number.
    Number,
}

/// A relocation of a copied piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutReloc {
    /// From the start of the piece.
    pub(super) offset: u64,
    /// Type, as ELF numbers it.
    pub(super) raw: u32,
    pub(super) link: Link,
    /// Relative to what it leads to.
    pub(super) addend: i64,
}

/// A copied piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct CopiedPiece {
    pub(super) relocs: Vec<OutReloc>,
    /// Bytes that are not those of the patched object: offset in the piece, and bytes.
    pub(super) edits: Vec<(u64, Vec<u8>)>,
}

impl CopiedPiece {
    /// Writes `bytes` over what is at `offset`, and takes the relocations there away.
    pub(super) fn replace(&mut self, offset: u64, bytes: Vec<u8>) {
        let end = offset.saturating_add(bytes.len() as u64);
        self.relocs.retain(|reloc| !(offset..end).contains(&reloc.offset));
        self.edits.push((offset, bytes));
    }
}
