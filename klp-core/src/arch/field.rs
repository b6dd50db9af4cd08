//! What a relocation fills: some bits of an instruction, or a number in data.

/// Some bits of a little-endian number of up to eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mask {
    /// Of how many bytes.
    pub(crate) width: u8,
    /// Which of their bits.
    pub(crate) bits: u64,
}

impl Mask {
    /// All bits of `width` bytes, which are up to eight.
    pub(crate) const fn whole(width: u8) -> Self {
        let bits = match width {
            0 => 0,
            1..8 => (1 << (8 * width)) - 1,
            _ => u64::MAX,
        };
        Self { width, bits }
    }

    /// Sets its bits to zero in the number that starts at `offset` of `bytes`, as far as that is there.
    #[inline]
    pub(crate) fn clear(self, bytes: &mut [u8], offset: u64) {
        let number = usize::try_from(offset).ok().and_then(|start| bytes.get_mut(start..));
        let number = number.into_iter().flatten().take(usize::from(self.width));
        for (byte, bits) in number.zip(self.bits.to_le_bytes()) {
            *byte &= !bits;
        }
    }
}

/// Bits of an instruction that can hold an address or a part of one. On x86-64 these are whole bytes; where all instructions
/// are words of one length, they stand between those of the opcode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InstructionField {
    /// Where the number starts that they are bits of, in bytes from the start of the instruction.
    pub(crate) offset: u8,
    pub(crate) mask: Mask,
}

impl InstructionField {
    /// All bits of `width` bytes at `offset`.
    pub(crate) const fn whole(offset: u8, width: u8) -> Self {
        Self { offset, mask: Mask::whole(width) }
    }

    /// Sets its bits to zero in `instruction`.
    pub(crate) fn clear(self, instruction: &mut [u8]) {
        self.mask.clear(instruction, u64::from(self.offset));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cleared(field: InstructionField, instruction: u32) -> u32 {
        let mut bytes = instruction.to_le_bytes();
        field.clear(&mut bytes);
        u32::from_le_bytes(bytes)
    }

    #[test]
    fn whole_bytes() {
        // call 0x12345678(%rip)
        let mut call = [0xe8, 0x78, 0x56, 0x34, 0x12];
        InstructionField::whole(1, 4).clear(&mut call);
        assert_eq!(call, [0xe8, 0, 0, 0, 0]);
        // What is cut off is cleared as far as it is there.
        let mut short = [0xe8, 0x78, 0x56];
        InstructionField::whole(1, 4).clear(&mut short);
        assert_eq!(short, [0xe8, 0, 0]);
        Mask::whole(8).clear(&mut short, 3);
        Mask::whole(0).clear(&mut short, 0);
        assert_eq!(short, [0xe8, 0, 0]);
        assert_eq!((Mask::whole(4).bits, Mask::whole(8).bits), (0xffff_ffff, u64::MAX));
    }

    /// Words of arm64, where fields share bytes with the opcode.
    #[test]
    fn bits_between_those_of_the_opcode() {
        // `bl`: imm26.
        let distance = InstructionField { offset: 0, mask: Mask { width: 4, bits: 0x03ff_ffff } };
        assert_eq!(cleared(distance, 0x97ff_fffd), 0x9400_0000);
        assert_eq!(cleared(distance, 0x9400_0123), 0x9400_0000);
        // `b` to the same place is another instruction.
        assert_ne!(cleared(distance, 0x1400_0123), cleared(distance, 0x9400_0123));
        // `adrp x3`: immlo in bits 29 and 30, immhi in bits 5 to 23.
        let page = InstructionField { offset: 0, mask: Mask { width: 4, bits: 0x60ff_ffe0 } };
        assert_eq!(cleared(page, 0xf000_0123), 0x9000_0003);
        // `add x3, x3, #0x123`: imm12 in bits 10 to 21. Both registers stay.
        let low = InstructionField { offset: 0, mask: Mask { width: 4, bits: 0x003f_fc00 } };
        assert_eq!(cleared(low, 0x9104_8c63), 0x9100_0063);
    }
}
