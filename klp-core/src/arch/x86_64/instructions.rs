//! The instructions of a stretch of code, decoded as far as they are asked for.

use iced_x86::{Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind, Register};

use super::super::{
    Access, Decoded, DisplacementUse, Form, InstructionField, Operands, Undecodable,
};
use super::common;
use super::used::{ARGUMENTS, access, is_bit_string};

/// Decodes the instructions of a stretch of code.
pub(crate) struct InstructionDecoder<'a> {
    /// All that follows its start, and how much of it is to be decoded.
    ahead: &'a [u8],
    len: usize,
    ip: u64,
    /// Where the last instruction starts and ends.
    last: usize,
    end: usize,
    /// It, where it was not decoded in full.
    told: Option<Decoded>,
    /// For those that are decoded in full.
    decoder: Option<Decoder<'a>>,
    instruction: Instruction,
}

/// `udb`: an invalid opcode by definition, with which thunks of Linux 7.x and their callers trap
/// (`arch/x86/include/asm/bug.h`). iced-x86 has no name for it.
const UDB: u8 = 0xd6;

impl<'a> super::super::Instructions<'a> for InstructionDecoder<'a> {
    fn new(code: &'a [u8], ip: u64) -> Self {
        Self::at_start(code, code.len(), ip)
    }

    fn at_start(ahead: &'a [u8], len: usize, ip: u64) -> Self {
        Self {
            ahead,
            len: len.min(ahead.len()),
            ip,
            last: 0,
            end: 0,
            told: None,
            decoder: None,
            instruction: Instruction::default(),
        }
    }

    #[inline]
    fn plain(&mut self, limit: usize, mut take: impl FnMut(&[u8; 16], usize, usize)) {
        let limit = limit.min(self.len);
        let mut at = self.end;
        while let Some(window) = self.ahead.get(at..).and_then(<[u8]>::first_chunk)
            && let Some(told) = common::tell(window)
            && told.is_plain()
            && let Some(end) = at.checked_add(told.len).filter(|end| *end <= limit)
        {
            take(window, told.len, at);
            at = end;
        }
        self.end = at;
    }

    fn place(&self) -> std::ops::Range<u64> {
        let at = |offset: usize| self.ip.wrapping_add(offset as u64);
        at(self.last)..at(self.end)
    }

    fn offset(&self) -> usize {
        self.end
    }

    fn operands(&mut self) -> Operands {
        match self.told {
            Some(Decoded { form: Form::Branch { .. }, len, .. }) => {
                let immediate = Some(common::distance(len));
                return Operands {
                    displacement: None,
                    immediate,
                    ip_target: None,
                    access: Access::Open,
                };
            }
            Some(_) => self.decode(),
            None => {}
        }
        let instruction = &self.instruction;
        let offsets = self.decoder.as_ref().map(|it| it.get_constant_offsets(instruction));
        let offsets = offsets.unwrap_or_default();
        let displacement = offsets.has_displacement().then(|| {
            InstructionField::whole(
                narrow(offsets.displacement_offset()),
                narrow(offsets.displacement_size()),
            )
        });
        let immediate = offsets.has_immediate().then(|| {
            InstructionField::whole(
                narrow(offsets.immediate_offset()),
                narrow(offsets.immediate_size()),
            )
        });
        let ip_target =
            instruction.is_ip_rel_memory_operand().then(|| instruction.ip_rel_memory_address());
        Operands { displacement, immediate, ip_target, access: access(instruction) }
    }

    fn distance(&mut self) -> Option<InstructionField> {
        if let Some(told) = self.told {
            return Some(common::distance(told.len));
        }
        let operands = self.operands();
        operands.immediate.or(operands.displacement)
    }

    fn reach(&mut self) -> DisplacementUse {
        let instruction = self.full();
        let is_bit_string = is_bit_string(instruction);
        match access(instruction) {
            Access::Fixed(size) if !is_bit_string => DisplacementUse::Exactly(size),
            _ if instruction.mnemonic() == Mnemonic::Lea
                && instruction.memory_index() == Register::None
                && matches!(instruction.memory_base(), Register::None | Register::RIP) =>
            {
                DisplacementUse::Address
            }
            Access::Indexed if !is_bit_string => DisplacementUse::Elements,
            _ => DisplacementUse::Further,
        }
    }

    fn takes_address(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Lea
    }

    fn stores(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Memory
            && instruction.memory_base() != Register::RSP
    }

    fn loads(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Mov
            && instruction.op0_kind() == OpKind::Register
            && instruction.op0_register().is_gpr64()
            && instruction.op1_kind() == OpKind::Memory
    }

    fn displacement(&mut self) -> u64 {
        self.full().memory_displacement64()
    }

    fn leaves(&mut self) -> bool {
        let instruction = self.full();
        match instruction.flow_control() {
            FlowControl::Return => true,
            FlowControl::IndirectBranch => instruction.op0_kind() == OpKind::Register,
            _ => false,
        }
    }

    fn compares(&mut self) -> bool {
        let instruction = self.full();
        instruction.mnemonic() == Mnemonic::Cmp
    }

    fn sets_argument(&mut self) -> bool {
        let instruction = self.full();
        let register = instruction.op0_register().full_register();
        instruction.op0_kind() == OpKind::Register && ARGUMENTS.contains(&register)
    }
}

impl InstructionDecoder<'_> {
    /// The last instruction, with all there is to know of it.
    pub(super) fn full(&mut self) -> &Instruction {
        if self.told.is_some() {
            self.decode();
        }
        &self.instruction
    }

    /// Decodes the last instruction in full.
    fn decode(&mut self) {
        self.told = None;
        let code = self.ahead.get(..self.len).unwrap_or_default();
        let decoder = self
            .decoder
            .get_or_insert_with(|| Decoder::with_ip(64, code, self.ip, DecoderOptions::NONE));
        decoder.set_ip(self.ip.wrapping_add(self.last as u64));
        if decoder.set_position(self.last).is_ok() {
            decoder.decode_out(&mut self.instruction);
        }
    }
}

impl Iterator for InstructionDecoder<'_> {
    type Item = Result<Decoded, Undecodable>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.end >= self.len {
            return None;
        }
        self.last = self.end;
        let ip = self.ip.wrapping_add(self.last as u64);
        let window = self.ahead.get(self.last..).and_then(<[u8]>::first_chunk);
        let told = window.and_then(|window| Some((window, common::tell(window)?)));
        let told = told.filter(|(_, told)| told.len <= self.len.saturating_sub(self.last));
        self.told = told.map(|(window, told)| told.decoded(window, ip));
        let decoded = if let Some(decoded) = self.told {
            decoded
        } else {
            self.decode();
            if !self.instruction.is_invalid() {
                Decoded::of(&self.instruction, self.ahead.get(self.last..).unwrap_or_default())
            } else if self.ahead.get(self.last) == Some(&UDB) {
                Decoded { len: 1, form: Form::Plain, ends_flow: true, is_ip_relative: false }
            } else {
                self.end = self.last.saturating_add(self.instruction.len().max(1));
                return Some(Err(Undecodable));
            }
        };
        self.end = self.last.saturating_add(usize::from(decoded.len));
        Some(Ok(decoded))
    }
}

/// Instruction lengths and offsets are below 16.
fn narrow(value: usize) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::super::Instructions as _;
    use super::*;

    fn one(code: &[u8]) -> Decoded {
        InstructionDecoder::new(code, 0x100).next().unwrap().unwrap()
    }

    fn operands(code: &[u8]) -> Operands {
        let mut instructions = InstructionDecoder::new(code, 0x100);
        instructions.next().unwrap().unwrap();
        instructions.operands()
    }

    #[test]
    fn a_branch_knows_its_target() {
        assert_eq!(one(&[0xeb, 0x10]).form, Form::Branch { call: false, target: 0x112 });
        assert_eq!(one(&[0xe8, 0, 0, 0, 0]).form, Form::Branch { call: true, target: 0x105 });
        assert_eq!(operands(&[0xe8, 0, 0, 0, 0]).immediate, Some(InstructionField::whole(1, 4)));
    }

    #[test]
    fn an_opcode_that_is_invalid_by_definition_is_an_instruction() {
        // udb; int3
        let expected =
            Decoded { len: 1, form: Form::Plain, ends_flow: true, is_ip_relative: false };
        assert_eq!(one(&[0xd6, 0xcc]), expected);
        assert_eq!(operands(&[0xd6]).displacement, None);
    }

    #[test]
    fn an_instruction_that_reaches_behind_the_end_is_none() {
        // mov eax, 0x90909090, of which the last byte is not the function's
        let ahead = [&[0xb8][..], &[0x90; 31]].concat();
        let first = |len| InstructionDecoder::at_start(&ahead, len, 0).next().unwrap();
        assert!(first(4).is_err());
        assert_eq!(first(5).unwrap().len, 5);
        let mut taken = Vec::new();
        InstructionDecoder::at_start(&ahead, 4, 0).plain(usize::MAX, |_, len, _| taken.push(len));
        assert!(taken.is_empty(), "{taken:?}");
    }

    #[test]
    fn what_is_no_instruction_is_passed_over() {
        let code = [&[0x06; 8][..], &[0x90; 16], &[0x0f]].concat();
        let found: Vec<_> = InstructionDecoder::new(&code, 0).take(100).collect();
        assert!(found.first().unwrap().is_err() && found.last().unwrap().is_err());
        assert!(found.iter().any(Result::is_ok) && found.len() <= code.len(), "{found:?}");
    }

    #[test]
    fn padding_is_nop_and_pause_is_not() {
        assert_eq!(one(&[0x90]).form, Form::Nop);
        assert_eq!(one(&[0x66, 0x90]).form, Form::Nop);
        assert_eq!(one(&[0x0f, 0x1f, 0x44, 0, 0]).form, Form::Nop);
        // `inc %eax` and `dec %eax` before a NOP, in code for 32 bits.
        for byte in [0x40, 0x48] {
            assert_eq!(one(&[byte, 0x90]).form, Form::Plain);
            assert_eq!(one(&[byte, 0x0f, 0x1f, 0x00]).form, Form::Plain);
        }
        assert_eq!(one(&[0xf3, 0x90]).form, Form::Plain);
        assert_eq!(one(&[0xf3, 0x0f, 0x1e, 0xfa]).form, Form::Plain);
    }

    #[test]
    fn a_load_of_known_size_is_told_from_a_taken_address() {
        // mov eax, [rip+0]; lea rax, [rip+0]; mov eax, [rax*4+0]
        assert_eq!(operands(&[0x8b, 0x05, 0, 0, 0, 0]).access, Access::Fixed(4));
        assert_eq!(operands(&[0x8b, 0x05, 0, 0, 0, 0]).ip_target, Some(0x106));
        assert_eq!(operands(&[0x48, 0x8d, 0x05, 0, 0, 0, 0]).access, Access::Open);
        assert_eq!(operands(&[0x8b, 0x04, 0x85, 0, 0, 0, 0]).access, Access::Indexed);
    }

    #[test]
    fn a_member_of_each_element_is_told_from_the_elements() {
        // mov eax, [rax*8+0]; mov eax, [rdi+0]; movzx eax, byte [rdi+0]; jmp [rax*8+0]; bt [0], eax; bt dword [0], 3
        assert_eq!(operands(&[0x8b, 0x04, 0xc5, 0, 0, 0, 0]).access, Access::Strided);
        assert_eq!(operands(&[0x8b, 0x87, 0, 0, 0, 0]).access, Access::Strided);
        assert_eq!(operands(&[0x0f, 0xb6, 0x87, 0, 0, 0, 0]).access, Access::Indexed);
        assert_eq!(operands(&[0xff, 0x24, 0xc5, 0, 0, 0, 0]).access, Access::Indexed);
        assert_eq!(operands(&[0x0f, 0xa3, 0x04, 0x25, 0, 0, 0, 0]).access, Access::Open);
        assert_eq!(operands(&[0x0f, 0xba, 0x24, 0x25, 0, 0, 0, 0, 3]).access, Access::Fixed(4));
    }

    /// What the full decoder says of the instruction at the start of `window`.
    fn in_full(window: &common::Window, ip: u64) -> Option<(Decoded, Operands)> {
        let mut instructions = InstructionDecoder::new(window, ip);
        instructions.decode();
        let decoded = Decoded::of(&instructions.instruction, window);
        (!instructions.instruction.is_invalid()).then(|| (decoded, instructions.operands()))
    }

    /// Every combination of prefixes, opcode, `ModRM` and, where there is one, `SIB`.
    #[test]
    fn what_is_told_from_a_table_is_what_the_full_decoder_says() {
        let legacy: [&[u8]; 9] = [
            &[],
            &[0x65],
            &[0x66],
            &[0x65, 0x66],
            &[0x66, 0x65],
            &[0x66, 0x66],
            &[0x65, 0x66, 0x66],
            &[0x2e],
            &[0xf3],
        ];
        let rex = (0x40..0x50u8).map(|rex| vec![rex]).chain([vec![]]);
        let heads = rex.flat_map(|rex| legacy.map(|legacy| [legacy, &rex].concat()));
        let tails = [
            [0u8; 14],
            [0xff; 14],
            [0x15, 0xd4, 3, 0x82, 0x71, 0x66, 0x48, 0x0f, 5, 0x90, 1, 2, 3, 4],
        ];
        let mut count = 0u32;
        for head in heads {
            for opcode in
                (0..=255u8).map(|one| vec![one]).chain((0..=255).map(|two| vec![0x0f, two]))
            {
                for modrm in 0..=255u8 {
                    let tail = tails[usize::from(modrm) % tails.len()];
                    let start = [head.clone(), opcode.clone(), vec![modrm]].concat();
                    let bytes: Vec<u8> = start.iter().copied().chain(tail).take(16).collect();
                    let mut window: common::Window = bytes.try_into().unwrap();
                    let has_sib = modrm & 7 == 4 && modrm < 0xc0;
                    for sib in
                        [0u8, 0x25, 0x64, 0xa5, 0xe7].iter().take(if has_sib { 5 } else { 1 })
                    {
                        if has_sib && let Some(byte) = window.get_mut(start.len()) {
                            *byte = *sib;
                        }
                        let Some(told) = common::tell(&window) else { continue };
                        let decoded = told.decoded(&window, 0x1000);
                        count += 1;
                        let operands = InstructionDecoder {
                            told: Some(decoded),
                            ..InstructionDecoder::new(&window, 0x1000)
                        }
                        .operands();
                        assert_eq!(
                            Some((decoded, operands)),
                            in_full(&window, 0x1000),
                            "{window:02x?}"
                        );
                    }
                }
            }
        }
        assert!(count > 1_000_000, "{count}");
    }
}
