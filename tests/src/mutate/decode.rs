//! Machine code, read without the checksum code.

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, Register};
use klp_core::checksum::Analysis;
use klp_core::elf::{Definition, Reloc, RelocKind, Section, SectionId, SymbolKind};
use klp_core::name::Stability;

/// The instructions of `start..end` of a section.
pub(super) fn instructions<'a>(
    section: &'a Section<'_>,
    start: u64,
    end: u64,
) -> Option<Decoder<'a>> {
    let code = section.bytes(start, end.checked_sub(start)?)?;
    Some(Decoder::with_ip(64, code, start, DecoderOptions::NONE))
}

/// The instruction of `code` (which starts at `ip`) that holds `offset`.
pub(super) fn at(code: &[u8], ip: u64, offset: u64) -> Option<Instruction> {
    let mut decoder = Decoder::with_ip(64, code, ip, DecoderOptions::NONE);
    decoder.iter().find(|instruction| offset < instruction.next_ip())
}

pub(super) fn is_nop(instruction: &Instruction) -> bool {
    instruction.mnemonic() == Mnemonic::Nop
}

pub(super) fn is_branch(instruction: &Instruction) -> bool {
    instruction.is_jmp_short_or_near()
        || instruction.is_call_near()
        || instruction.is_jcc_short_or_near()
}

/// Where code ends that runs on from `start`: behind the first instruction that never leads to the next.
pub(super) fn end_of_flow(section: &Section<'_>, start: u64, limit: u64) -> u64 {
    let mut all = instructions(section, start, limit);
    let last = all.iter_mut().flat_map(Decoder::iter).find(|instruction| {
        matches!(
            instruction.flow_control(),
            FlowControl::Return | FlowControl::UnconditionalBranch | FlowControl::IndirectBranch
        ) || instruction.code() == Code::Ud2
    });
    last.map_or(limit, |last| last.next_ip())
}

/// Where a branch goes when padding at its target is passed over.
pub(super) fn canonical(
    analysis: &Analysis<'_>,
    section: SectionId,
    branch: &Instruction,
) -> Option<u64> {
    let header = analysis.elf.section(section);
    let mut all = instructions(header, branch.near_branch_target(), header.size)?;
    all.iter().find(|instruction| !is_nop(instruction)).map(|instruction| instruction.ip())
}

/// Whether there is a NOP at `offset` of `section`.
pub(super) fn is_padding(analysis: &Analysis<'_>, section: SectionId, offset: u64) -> bool {
    let section = Some(analysis.elf.section(section)).filter(|section| section.is_code());
    section
        .and_then(|section| instructions(section, offset, section.size))
        .and_then(|mut all| all.iter().next().map(|instruction| is_nop(&instruction)))
        .unwrap_or(false)
}

/// Whether `start..end` may be nothing but what fills the room between functions.
pub(super) fn may_be_filler(section: &Section<'_>, start: u64, end: u64) -> bool {
    let Some(mut all) = instructions(section, start, end) else { return true };
    let fills = |instruction: Instruction| {
        is_nop(&instruction)
            || matches!(instruction.mnemonic(), Mnemonic::Int3 | Mnemonic::Add)
            || instruction.is_jmp_short_or_near()
            || instruction.is_invalid()
    };
    all.iter().all(fills)
}

/// Where a relocation points to, if that is in the object.
pub(super) fn place(analysis: &Analysis<'_>, reloc: &Reloc, bias: i64) -> Option<(SectionId, u64)> {
    let symbol = analysis.elf.symbol(reloc.symbol);
    let Definition::Section(section) = symbol.place else { return None };
    let named = symbol.kind != SymbolKind::Section && symbol.stability != Stability::Unstable;
    let is_code = analysis.elf.section(section).is_code();
    if named && !is_code {
        return Some((section, symbol.value));
    }
    let addend = reloc.addend.wrapping_add(if reloc.kind.is_relative() { bias } else { 0 });
    Some((section, symbol.value.checked_add_signed(addend)?))
}

/// Where the direct branches without a relocation of a stretch of code go.
pub(super) fn branches(
    analysis: &Analysis<'_>,
    section: SectionId,
    start: u64,
    end: u64,
) -> Vec<u64> {
    let header = analysis.elf.section(section);
    let Some(mut all) = instructions(header, start, end) else { return Vec::new() };
    all.iter()
        .filter(is_branch)
        .filter(|branch| header.relocs.within(branch.ip(), branch.next_ip()).next().is_none())
        .map(|branch| branch.near_branch_target())
        .collect()
}

/// A relocation in code.
#[derive(Debug, Clone, Copy)]
pub(super) struct Use {
    pub(super) reloc: Reloc,
    /// The distance from the field to the next instruction.
    pub(super) bias: i64,
    /// How many bytes the instruction reads or writes there, if it is just that.
    pub(super) accessed: Option<u64>,
}

/// The relocations of a stretch of code.
pub(super) fn uses(analysis: &Analysis<'_>, section: SectionId, start: u64, end: u64) -> Vec<Use> {
    let header = analysis.elf.section(section);
    let Some(mut all) = instructions(header, start, end) else { return Vec::new() };
    let mut relocs = header.relocs.within(start, end).peekable();
    let mut found = Vec::new();
    let mut instruction = Instruction::default();
    while all.can_decode() {
        all.decode_out(&mut instruction);
        let fields = all.get_constant_offsets(&instruction);
        while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < instruction.next_ip()) {
            let is_address = fields.has_displacement()
                && reloc.offset - instruction.ip() == fields.displacement_offset() as u64;
            let bias = instruction.next_ip().wrapping_sub(reloc.offset).cast_signed();
            let accessed = accessed(&instruction).filter(|_| is_address);
            if reloc.kind != RelocKind::None {
                found.push(Use { reloc, bias, accessed });
            }
        }
    }
    found
}

/// How many bytes an instruction accesses at the address that is its displacement.
fn accessed(instruction: &Instruction) -> Option<u64> {
    let is_direct = instruction.memory_index() == Register::None
        && matches!(instruction.memory_base(), Register::None | Register::RIP);
    let size = instruction.memory_size().size() as u64;
    (is_direct && size > 0 && instruction.mnemonic() != Mnemonic::Lea).then_some(size)
}
