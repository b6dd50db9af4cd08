//! Edits of section headers of real objects.

use super::super::elf::SHT_NOBITS;
use super::patch::{Patch, exchange};
use super::subject::{SHF_ALLOC, SHF_EXEC, SHF_MERGE, SHF_WRITE, STT_OBJECT, Subject};
use super::symbols::is_plain;
use crate::mutate::Random;

/// Sections that are not in the running kernel, or that only tools and the module loader read.
pub(super) const OF_TOOLS: &[&str] =
    &[".discard", ".modinfo", ".note", ".orc_header", "__tracepoint_check"];

/// Sections that hold one object with a name and nothing else.
fn with_one_object(subject: &Subject) -> impl Iterator<Item = (usize, &str)> {
    (0..subject.image.sections.len()).filter_map(|section| {
        let header = &subject.image.sections[section];
        let [only] = subject.symbols[section].as_slice() else { return None };
        let symbol = &subject.image.symbols[*only];
        // What has no bytes is nothing, wherever it stands.
        let is_whole = symbol.value == 0 && symbol.size == header.size as u64 && header.size > 0;
        let is_data = header.flags & (SHF_ALLOC | SHF_EXEC | SHF_MERGE) == SHF_ALLOC;
        let is_data = is_data && !OF_TOOLS.iter().any(|start| header.name.starts_with(start));
        (is_whole && is_data && symbol.kind == STT_OBJECT && subject.is_unique(&symbol.name))
            .then_some((section, &*symbol.name))
    })
}

/// Who is to be reported for a section: what is in it, or, where that has no name that says anything, who reads it.
fn owners(subject: &Subject, section: usize) -> Vec<String> {
    let mut names = subject.names_in(section);
    if names.iter().rev().skip(1).any(|name| !is_plain(name)) {
        names.extend(subject.readers(section, 0, u64::MAX));
    }
    names
}

/// What a section becomes that starts so.
const OTHERS: &[(&str, &str)] = &[
    (".data..read_mostly", ".data..ro_after_init"),
    (".data..ro_after_init", ".data..read_mostly"),
    (".rodata", ".init.rodata"),
    (".data.rel.ro", ".init.rodata"),
    (".data", ".init.data"),
    (".bss", ".init.bss"),
    (".initcall6.init", ".initcall7.init"),
    (".initcall4.init", ".initcall7s.init"),
    (".initcall3.init", ".initcall7s.init"),
    (".pci_fixup_early", ".pci_fixup_final"),
    (".pci_fixup_header", ".pci_fixup_suspend"),
];

/// Another section name, and with it another time or protection.
pub(super) fn renamed(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let single: Vec<usize> = with_one_object(subject).map(|(section, _)| section).collect();
    let mut found = Vec::new();
    for (header, section) in subject.image.sections.iter().zip(0usize..) {
        let is_table =
            header.name.starts_with(".initcall") || header.name.starts_with(".pci_fixup");
        if !is_table && !single.contains(&section) || header.flags & SHF_ALLOC == 0 {
            continue;
        }
        let other = OTHERS.iter().find(|(start, _)| header.name.starts_with(start));
        let Some((other, place)) = other.and_then(|(_, new)| Some((new, subject.new_name(new)?)))
        else {
            continue;
        };
        found.push(
            Patch::new("", format!("{} becomes {other}", header.name))
                .write(header.header, &place.to_le_bytes())
                .must(&owners(subject, section))
                .may(&[other]),
        );
    }
    found
}

/// Other flags: read-only becomes writable, data executable.
pub(super) fn flags(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    let found = with_one_object(subject).map(|(section, _)| {
        let header = &subject.image.sections[section];
        let flag = if random.below(2) == 0 { SHF_WRITE } else { SHF_EXEC };
        let flags = header.flags ^ flag;
        Patch::new("", format!("flags {:#x} of {} are {flags:#x}", header.flags, header.name))
            .write(header.header + 8, &flags.to_le_bytes())
            .must(&owners(subject, section))
            // Who refers to code does not refer to data, nor does code lead on to data.
            .may(&subject.readers(section, 0, u64::MAX))
            .may(&targets(subject, section))
    });
    found.collect()
}

/// A section of a type that nobody knows.
pub(super) fn unknown_type(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    // Memory without bytes in the file would be outside of it: that is refused at once.
    let with_bytes = |section: &usize| subject.image.sections[*section].kind != SHT_NOBITS;
    let single = with_one_object(subject).map(|(section, _)| section).filter(with_bytes);
    let found = single.map(|section| {
        let header = &subject.image.sections[section];
        let kind = 0x6000_0000 + u32::try_from(random.below(0x0fff_0000)).unwrap_or(0);
        Patch::new("", format!("{} is of an unknown type", header.name))
            .write(header.header + 4, &kind.to_le_bytes())
            .must(&owners(subject, section))
            .may(&subject.readers(section, 0, u64::MAX))
            .may(&targets(subject, section))
    });
    found.collect()
}

/// The sections that a section refers to.
fn targets(subject: &Subject, section: usize) -> Vec<String> {
    let places = subject.relas[section].iter().filter_map(|rela| subject.place(rela, 0));
    places.map(|(target, _)| subject.image.sections[target].name.clone()).collect()
}

/// Half of the alignment.
pub(super) fn alignment(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let found = with_one_object(subject).filter_map(|(section, _)| {
        let header = &subject.image.sections[section];
        (header.align >= 2).then(|| {
            Patch::new("", format!("alignment {} of {} halved", header.align, header.name))
                .write(header.header + 48, &(header.align / 2).to_le_bytes())
                .must(&owners(subject, section))
        })
    });
    found.collect()
}

/// Half of the size of entries that the linker may merge.
pub(super) fn merged_size(subject: &Subject, _: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for (header, section) in subject.image.sections.iter().zip(0usize..) {
        if header.flags & (SHF_MERGE | SHF_ALLOC) != SHF_MERGE | SHF_ALLOC || header.entry < 4 {
            continue;
        }
        if header.name == ".altinstructions" || header.name.starts_with("__") {
            continue;
        }
        let mut readers = subject.names_in(section);
        readers.extend(subject.readers(section, 0, u64::MAX));
        found.push(
            Patch::new("", format!("entries of {} bytes in {} halved", header.entry, header.name))
                .write(header.header + 56, &(header.entry / 2).to_le_bytes())
                .must(&readers),
        );
    }
    found
}

/// Two neighbours in a table that the linker puts together are exchanged.
pub(super) fn table_order(subject: &Subject, random: &mut Random) -> Vec<Patch> {
    let mut found = Vec::new();
    for (header, section) in subject.image.sections.iter().zip(0usize..) {
        let size = match &*header.name {
            name if name.starts_with(".initcall") => 4,
            name if name.starts_with(".pci_fixup_") => 16,
            "__param" => 40,
            _ => continue,
        };
        let count = header.size as u64 / size;
        if count < 2 {
            continue;
        }
        let start = random.below(count - 1) * size;
        let pair = (start, start + size);
        let bytes = |start: u64| {
            let targets = subject.relas_within(section, start, start + size);
            let targets = targets.iter().map(|rela| (rela.symbol, rela.addend));
            let from = usize::try_from(start).unwrap_or(0);
            let content = subject.image.content(section);
            (
                targets.collect::<Vec<_>>(),
                content.get(from..from + usize::try_from(size).unwrap_or(0)),
            )
        };
        if bytes(pair.0) == bytes(pair.1) {
            continue;
        }
        let patch = Patch::new("", format!("{} at {start:#x}", header.name));
        let names = subject.names_in(section);
        found.push(exchange(subject, patch.must(&names), section, pair, size));
    }
    found
}
