//! What a relocation computes.

use super::Mask;

/// What a relocation computes, as far as a checksum must tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocKind {
    /// Nothing: left by tools that took a relocation away.
    None,
    /// Address, 64 bits.
    Abs64,
    /// Address, 32 bits zero-extended.
    Abs32,
    /// Address, 32 bits sign-extended.
    Abs32Signed,
    /// Address, 16 bits (real-mode code).
    Abs16,
    /// Address, 8 bits.
    Abs8,
    /// Distance, 64 bits.
    Relative64,
    /// Distance, 32 bits. `PLT32` too: the kernel has no PLT.
    Relative32,
    /// Distance, 16 bits.
    Relative16,
    /// Distance, 8 bits.
    Relative8,
    /// Distance of the symbol's GOT entry.
    Got32,
    /// A type that this program does not know: what it touches is refused.
    Unknown(u32),
}

impl RelocKind {
    /// How many bytes hold what it writes.
    #[must_use]
    pub fn width(self) -> u64 {
        u64::from(self.mask().width)
    }

    /// The bits that it writes.
    pub(crate) fn mask(self) -> Mask {
        Mask::whole(match self {
            Self::None | Self::Unknown(_) => 0,
            Self::Abs64 | Self::Relative64 => 8,
            Self::Abs32 | Self::Abs32Signed | Self::Relative32 | Self::Got32 => 4,
            Self::Abs16 | Self::Relative16 => 2,
            Self::Abs8 | Self::Relative8 => 1,
        })
    }

    /// Whether it computes a distance from the place that it is applied to.
    #[must_use]
    pub fn is_relative(self) -> bool {
        matches!(
            self,
            Self::Relative64 | Self::Relative32 | Self::Relative16 | Self::Relative8 | Self::Got32
        )
    }

    /// The byte that stands for it in a digest. Never renumber.
    pub(crate) fn tag(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Abs64 => 1,
            Self::Abs32 => 2,
            Self::Abs32Signed => 3,
            Self::Abs16 => 4,
            Self::Abs8 => 5,
            Self::Relative64 => 6,
            Self::Relative32 => 7,
            Self::Relative16 => 8,
            Self::Relative8 => 9,
            Self::Got32 => 10,
            Self::Unknown(_) => 255,
        }
    }
}
