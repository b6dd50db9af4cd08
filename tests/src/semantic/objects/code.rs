//! Edits of code in real objects.

use iced_x86::{Decoder, DecoderOptions, Instruction};

use super::patch::Patch;
use super::subject::{Function, STB_LOCAL, STT_NOTYPE, Subject, is_nop};
use crate::mutate::Random;

/// A direct branch without a relocation that stays in its function.
fn is_free_branch(subject: &Subject, function: &Function, branch: &Instruction) -> bool {
    (branch.is_jmp_short_or_near() || branch.is_jcc_short_or_near())
        && (function.start..function.end).contains(&branch.near_branch_target())
        && subject.relas_within(function.section, branch.ip(), branch.next_ip()).is_empty()
        // Objtool may make another instruction of a jump label.
        && !subject.described.contains_key(&(function.section, branch.ip()))
}

/// What is written to let `branch` lead to `target`, if it is not too far.
fn retargeted(
    subject: &Subject,
    function: &Function,
    branch: &Instruction,
    target: u64,
) -> Option<(usize, Vec<u8>)> {
    let start = usize::try_from(branch.ip()).ok()?;
    let code = subject.image.content(function.section).get(start..start + branch.len())?;
    let mut decoder = Decoder::with_ip(64, code, branch.ip(), DecoderOptions::NONE);
    let own = decoder.decode();
    let fields = decoder.get_constant_offsets(&own);
    let by = target.wrapping_sub(branch.next_ip()).cast_signed();
    let bytes = match fields.immediate_size() {
        1 => i8::try_from(by).ok()?.to_le_bytes().to_vec(),
        4 => i32::try_from(by).ok()?.to_le_bytes().to_vec(),
        _ => return None,
    };
    Some((subject.at(function.section, branch.ip()) + fields.immediate_offset(), bytes))
}

/// Whether a jump label or an alternative is about the instruction at a place.
fn is_site(subject: &Subject, function: &Function, at: u64) -> bool {
    let tables = subject.described.get(&(function.section, at)).into_iter().flatten();
    let mut names = tables.map(|table| &*subject.image.sections[*table].name);
    names.any(|name| matches!(name, "__jump_table" | ".altinstructions"))
}

/// A branch leads to the next instruction that is not a NOP.
pub(super) fn branch_next(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for function in &subject.functions {
        let all = subject.instructions(function);
        let branches: Vec<&Instruction> =
            all.iter().filter(|one| is_free_branch(subject, function, one)).collect();
        let Some(branch) = random.pick(&branches) else { continue };
        let target = branch.near_branch_target();
        let Ok(at) = all.binary_search_by_key(&target, Instruction::ip) else { continue };
        let Some(next) = all.get(at + 1) else { continue };
        // Objtool may make a NOP of the jump of a jump label: see below.
        if is_nop(&all[at]) || is_nop(next) || is_site(subject, function, target) {
            continue;
        }
        let Some((at, bytes)) = retargeted(subject, function, branch, next.ip()) else { continue };
        let what = format!("{} at {:#x}: to {:#x}", function.names[0], branch.ip(), next.ip());
        found.push(Patch::new("", what).write(at, &bytes).of_function(subject, function));
    }
    found
}

/// A branch leads to the NOP (or jump) of a jump label or an alternative, or behind it.
pub(super) fn branch_over_site(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for function in &subject.functions {
        let all = subject.instructions(function);
        for pair in all.windows(2) {
            let [nop, next] = pair else { continue };
            let is_jump_or_nop = is_nop(nop) || nop.is_jmp_short_or_near();
            if !is_jump_or_nop || !is_site(subject, function, nop.ip()) {
                continue;
            }
            let branch = all.iter().find(|one| {
                let target = one.near_branch_target();
                is_free_branch(subject, function, one)
                    && (target == nop.ip() || target == next.ip())
            });
            let Some(branch) = branch else { continue };
            let there = nop.ip() == branch.near_branch_target();
            let target = if there { next.ip() } else { nop.ip() };
            let Some((at, bytes)) = retargeted(subject, function, branch, target) else { continue };
            let what = format!("{} at {:#x}: to {target:#x}", function.names[0], branch.ip());
            found.push(Patch::new("", what).write(at, &bytes).of_function(subject, function));
        }
    }
    found
}

/// A label inside of a function that others can enter moves by one instruction.
pub(super) fn inner_label(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for symbol in &subject.image.symbols {
        let Some(section) = symbol.section.filter(|section| subject.is_code(*section)) else {
            continue;
        };
        let Some(function) = subject.function(section, symbol.value) else { continue };
        if symbol.kind != STT_NOTYPE || symbol.bind == STB_LOCAL || symbol.value == function.start {
            continue;
        }
        let all = subject.instructions(function);
        let Ok(at) = all.binary_search_by_key(&symbol.value, Instruction::ip) else { continue };
        if is_nop(&all[at]) || all.get(at + 1).is_none_or(is_nop) {
            continue;
        }
        let what = format!("{} in {}", symbol.name, function.names[0]);
        found.push(
            Patch::new("", what)
                .write(symbol.at + 8, &all[at].next_ip().to_le_bytes())
                .of_function(subject, function)
                .must(&[&symbol.name])
                .may(&subject.readers(section, symbol.value, symbol.value)),
        );
    }
    found
}
