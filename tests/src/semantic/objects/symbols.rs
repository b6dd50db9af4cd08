//! Edits of symbols of real objects.

use std::collections::BTreeMap;

use super::super::elf::{SHT_NOTE, Symbol};
use super::patch::{Patch, index_bytes};
use super::sections::OF_TOOLS;
use super::subject::{
    SHF_ALLOC, SHF_MERGE, SHF_WRITE, STB_GLOBAL, STT_FUNC, STT_NOTYPE, STT_OBJECT, Subject, is_nop,
};
use crate::mutate::Random;

/// Functions and objects with a size, alone at their place and of their name.
fn alone(subject: &Subject) -> impl Iterator<Item = (usize, &Symbol)> {
    subject.symbols.iter().enumerate().flat_map(move |(section, own)| {
        own.iter().enumerate().filter_map(move |(at, index)| {
            let symbol = &subject.image.symbols[*index];
            let start = |at: usize| own.get(at).map(|index| subject.image.symbols[*index].value);
            let is_shared = start(at + 1).is_some_and(|next| next < symbol.value + symbol.size)
                || (at > 0 && start(at - 1) == Some(symbol.value));
            let is_code = subject.is_code(section);
            let is_fit = if is_code {
                subject
                    .function(section, symbol.value)
                    .is_some_and(|one| one.names == [symbol.name.clone()])
            } else {
                {
                    let header = &subject.image.sections[section];
                    symbol.kind == STT_OBJECT
                    && header.flags & (SHF_ALLOC | SHF_MERGE) == SHF_ALLOC
                    && !OF_TOOLS.iter().any(|start| header.name.starts_with(start))
                    // A note is for tools.
                    && header.kind != SHT_NOTE
                }
            };
            (is_fit
                && !is_shared
                && symbol.size > 0
                && subject.is_unique(&symbol.name)
                && is_plain(&symbol.name))
            .then_some((section, symbol))
        })
    })
}

/// No name that a compiler or a macro gives.
pub(super) fn is_plain(name: &str) -> bool {
    !name.contains('.')
        && !name.starts_with("__")
        && !name.starts_with("_R")
        && !matches!(name, "_rs" | "_entry" | "_entry_ptr" | "descriptor")
}

/// No longer a function or object, or the other one.
pub(super) fn kind(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    let globals = alone(subject).filter(|(section, symbol)| {
        let end = symbol.value + symbol.size;
        symbol.bind == STB_GLOBAL
            && !subject.is_entered_by_code_without_name(*section, symbol.value, end)
    });
    let found = globals.map(|(_, symbol)| {
        let other = if symbol.kind == STT_FUNC { STT_OBJECT } else { STT_FUNC };
        let kind = if random.below(2) == 0 { STT_NOTYPE } else { other };
        Patch::new("", format!("{}: type {kind}", symbol.name))
            .write(symbol.at + 4, &[symbol.bind << 4 | kind])
            .must(&[&symbol.name])
    });
    found.collect()
}

/// A smaller size.
pub(super) fn size(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for (section, symbol) in alone(subject) {
        let section_name = &subject.image.sections[section].name;
        let is_code = subject.is_code(section);
        let size = if is_code {
            let Some(function) = subject.function(section, symbol.value) else { continue };
            let all = subject.instructions(function);
            let Some(last) = all.last().filter(|last| all.len() > 1 && !is_nop(last)) else {
                continue;
            };
            symbol.size - last.len() as u64
        } else {
            symbol.size / 2
        };
        if size > 0 {
            let patch =
                Patch::new("", format!("{}: {} bytes are {size}", symbol.name, symbol.size))
                    .write(symbol.at + 16, &size.to_le_bytes())
                    .must(&[&symbol.name]);
            // The end, and what is behind it, has another name now.
            let readers = if is_code {
                Vec::new()
            } else {
                subject.readers(section, symbol.value, symbol.value + symbol.size)
            };
            let patch = patch.may(&readers);
            found.push(if is_code {
                patch.may_uncover(section_name)
            } else {
                patch.may(&[section_name])
            });
        }
    }
    found
}

/// Gives way to another definition.
pub(super) fn weak(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let found =
        alone(subject).filter(|(_, symbol)| symbol.bind == STB_GLOBAL).map(|(_, symbol)| {
            Patch::new("", symbol.name.clone())
                .write(symbol.at + 4, &[2 << 4 | symbol.kind])
                .must(&[&symbol.name])
        });
    found.collect()
}

/// A number that other objects use.
pub(super) fn absolute(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    const SHN_ABS: &[u8] = &[0xf1, 0xff];
    let symbols = subject.image.symbols.iter().filter(|symbol| {
        symbol.bind == STB_GLOBAL
            && subject.image.bytes.get(symbol.at + 6..symbol.at + 8) == Some(SHN_ABS)
            // Of names only the linker's and the module loader's own tables are.
            && !symbol.name.starts_with("__crc_")
    });
    let found = symbols.map(|symbol| {
        Patch::new("", symbol.name.clone())
            .write(symbol.at + 8, &(symbol.value + 1).to_le_bytes())
            .must(&[&symbol.name])
    });
    found.collect()
}

/// What the name is of which `name` is one of several.
fn family(name: &str) -> Option<&str> {
    let first = name.split('.').next()?;
    (is_plain(first) && !name.starts_with('.')).then_some(first)
}

/// Of two variables or functions with one name (or with numbers or hashes behind it) the other one is used.
pub(super) fn twins(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    let mut families: BTreeMap<(&str, usize, u8), Vec<usize>> = BTreeMap::new();
    for (symbol, index) in subject.image.symbols.iter().zip(0usize..) {
        let Some((section, name)) = symbol.section.zip(family(&symbol.name)) else { continue };
        let flags = subject.image.sections[section].flags;
        // Constants of one content may be one.
        let is_fit = match symbol.kind {
            STT_OBJECT => flags & SHF_WRITE != 0,
            STT_FUNC => !symbol.name.contains(".cold"),
            _ => false,
        };
        if is_fit && symbol.size > 0 {
            families.entry((name, section, symbol.kind)).or_default().push(index);
        }
    }
    let members: BTreeMap<usize, &Vec<usize>> = families
        .values()
        .filter(|family| family.len() > 1)
        .flat_map(|family| family.iter().map(move |index| (*index, family)))
        .collect();
    let mut found = Vec::new();
    for function in &subject.functions {
        for rela in subject.relas_within(function.section, function.start, function.end) {
            // Distances in calls and in operands at the end of instructions; others would need more care.
            const R_X86_64_64: u32 = 1;
            let bias = match rela.kind {
                2 | 4 => 4,
                R_X86_64_64 | 10 | 11 => 0,
                _ => continue,
            };
            let Some((section, place)) = subject.place(rela, bias) else { continue };
            let own = &subject.symbols[section];
            let from = own.partition_point(|index| subject.image.symbols[*index].value < place);
            let here: Vec<usize> = own[from..]
                .iter()
                .copied()
                .take_while(|index| subject.image.symbols[*index].value == place)
                .collect();
            let [target] = here.as_slice() else { continue };
            let Some(family) = members.get(target) else { continue };
            let Some(other) = random.pick(family).filter(|other| *other != target) else {
                continue;
            };
            let symbols = &subject.image.symbols;
            if symbols[*other].value == symbols[*target].value {
                continue;
            }
            let patch = Patch::new(
                "",
                format!(
                    "{} uses {} at {:#x}, now {:#x}",
                    function.names[0], symbols[*target].name, place, symbols[*other].value
                ),
            );
            let patch = if rela.symbol == *target {
                patch.write(rela.at + 12, &index_bytes(*other))
            } else {
                let by = symbols[*other].value.wrapping_sub(place).cast_signed();
                patch.write(rela.at + 16, &(rela.addend + by).to_le_bytes())
            };
            // Both are all that this edit may touch: exchanged at all uses they would only be named otherwise.
            let both = [*target, *other].map(|index| &symbols[index].name);
            found.push(patch.of_function(subject, function).may(&both));
            break;
        }
    }
    found
}

/// A byte between the end of an object and the next one.
pub(super) fn behind_the_end(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for (section, symbol) in alone(subject).filter(|(section, _)| !subject.is_code(*section)) {
        let end = symbol.value + symbol.size;
        let own = &subject.symbols[section];
        let next = own.partition_point(|index| subject.image.symbols[*index].value < end);
        let next = own.get(next).map_or(u64::MAX, |index| subject.image.symbols[*index].value);
        let content = subject.image.content(section);
        let Some(byte) = usize::try_from(end).ok().and_then(|end| content.get(end)) else {
            continue;
        };
        if next > end
            && next - end < 8
            && *byte == 0
            && subject.relas_within(section, end, next).is_empty()
        {
            found.push(
                Patch::new("", format!("behind {}", symbol.name))
                    .write(subject.at(section, end), &[0x5a])
                    .must(&[&symbol.name, &subject.image.sections[section].name]),
            );
        }
    }
    found
}
