//! An instruction as people read it, in the syntax of the kernel's assembler.

use iced_x86::{
    Decoder, DecoderOptions, Formatter as _, GasFormatter, Instruction, Mnemonic, OpKind,
    SymbolResolver, SymbolResult,
};

use super::super::{FieldNames, InstructionText};
use super::used::is_immediate;

/// A field that can hold an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Slot {
    Branch,
    Displacement,
    Immediate,
}

/// The instruction at the start of `code`, which lies at `ip`.
pub(super) fn text(code: &[u8], ip: u64, names: FieldNames) -> InstructionText {
    let instruction = Decoder::with_ip(64, code, ip, DecoderOptions::NONE).decode();
    let mut formatter = GasFormatter::with_options(Some(Box::new(names)), None);
    let options = formatter.options_mut();
    options.set_space_after_operand_separator(true);
    options.set_rip_relative_addresses(false);
    options.set_gas_show_mnemonic_size_suffix(false);
    options.set_uppercase_hex(false);
    options.set_small_hex_numbers_in_decimal(false);
    let (mut whole, mut mnemonic) = (String::new(), String::new());
    formatter.format(&instruction, &mut whole);
    formatter.format_mnemonic(&instruction, &mut mnemonic);
    let has_displacement = instruction.memory_displ_size() > 0
        && !instruction.is_ip_rel_memory_operand()
        && has(&instruction, Slot::Displacement);
    let number = has_displacement.then(|| instruction.memory_displacement64());
    let is_sum = instruction.mnemonic() == Mnemonic::Lea && instruction.op0_register().is_gpr32();
    let (summand, displacement) = if is_sum { (number, None) } else { (None, number) };
    let immediate = immediate(&instruction);
    InstructionText { whole, mnemonic, immediate, displacement, summand }
}

fn has(instruction: &Instruction, wanted: Slot) -> bool {
    (0..instruction.op_count()).any(|operand| slot(instruction, operand) == Some(wanted))
}

fn immediate(instruction: &Instruction) -> Option<u64> {
    let mut operands = 0..instruction.op_count();
    let is_number = |operand: &u32| slot(instruction, *operand) == Some(Slot::Immediate);
    operands.find(is_number).map(|operand| instruction.immediate(operand))
}

fn slot(instruction: &Instruction, operand: u32) -> Option<Slot> {
    match instruction.try_op_kind(operand).ok()? {
        OpKind::NearBranch16 | OpKind::NearBranch32 | OpKind::NearBranch64 => Some(Slot::Branch),
        OpKind::Memory => Some(Slot::Displacement),
        OpKind::Immediate8_2nd => Some(Slot::Immediate),
        kind if is_immediate(kind) => Some(Slot::Immediate),
        _ => None,
    }
}

impl SymbolResolver for FieldNames {
    fn symbol(
        &mut self,
        instruction: &Instruction,
        _: u32,
        operand: Option<u32>,
        address: u64,
        _: u32,
    ) -> Option<SymbolResult<'_>> {
        let name = match slot(instruction, operand?)? {
            Slot::Branch => &self.branch,
            Slot::Displacement => &self.displacement,
            Slot::Immediate => &self.immediate,
        };
        Some(SymbolResult::with_string(address, name.clone()?))
    }
}
