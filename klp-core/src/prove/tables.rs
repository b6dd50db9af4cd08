//! Tables whose entries describe instructions.
//!
//! Layouts: `arch/x86/include/asm/{alternative,bug,jump_label,extable,paravirt}.h` and `include/linux/{static_call,
//! jump_label,objtool_types}.h` of Linux 4.19 to 7.2.

use object::elf;
use smallvec::SmallVec;

use crate::elf::{ElfObject, Place, Reloc, RelocKind, Section, SectionId, SymbolId};
use crate::ids::{Id, List};

use super::sections::{SectionMeaning, SectionPurpose};
use super::table::TableKind;
use super::target::{self, Target};

/// What an entry says about its instruction.
#[derive(Debug, Clone)]
pub(super) enum ProvedField<'a> {
    /// These bits.
    Bits(u64),
    /// This thing.
    Target(Target<'a>),
    /// So many bytes of code there take the instruction's place.
    Code(Target<'a>, u64),
    /// It is in the table of this name.
    In(&'a [u8]),
}

pub(super) type EntryId = Id<ProvedEntry<'static>>;

/// One entry of such a table.
#[derive(Debug, Clone)]
pub(super) struct ProvedEntry<'a> {
    pub(super) table: TableKind,
    /// The code it describes.
    pub(super) section: SectionId,
    pub(super) offset: u64,
    /// So many bytes of it; 0 where it means the one instruction.
    pub(super) len: u64,
    /// Where the entry is.
    pub(super) at: Place,
    pub(super) fields: SmallVec<[ProvedField<'a>; 4]>,
    /// The instruction may be a jump or a NOP, of either length.
    pub(super) is_free: bool,
    /// It follows from the call it describes.
    pub(super) is_derived: bool,
}

impl<'a> ProvedEntry<'a> {
    /// All that it refers to besides the code it describes.
    pub(super) fn targets(&self) -> impl Iterator<Item = &Target<'a>> {
        self.fields.iter().filter_map(|field| match field {
            ProvedField::Target(target) | ProvedField::Code(target, _) => Some(target),
            ProvedField::Bits(_) | ProvedField::In(_) => None,
        })
    }

    /// The name of its table, where the table is one of several.
    pub(super) fn table_name(&self) -> &'a [u8] {
        self.fields
            .iter()
            .find_map(|field| match field {
                ProvedField::In(name) => Some(*name),
                _ => None,
            })
            .unwrap_or_default()
    }
}

/// Reads fields of one entry.
struct EntryReader<'a, 'o> {
    object: &'o ElfObject<'a>,
    section: &'o Section<'a>,
    start: u64,
}

impl<'a> EntryReader<'a, '_> {
    /// The section has all of it: `stride` has seen that at most padding is missing at its end.
    fn number(&self, at: u64, len: u64) -> u64 {
        let bytes = self.section.bytes(self.start.saturating_add(at), len).unwrap_or_default();
        bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn reloc(&self, at: u64) -> Option<Reloc> {
        self.section.relocs.at(self.start.saturating_add(at))
    }

    /// Whether the text that the field refers to looks like the name of a file of source code. Older kernels have no
    /// annotations, and name the file where newer ones without file names have the format.
    fn is_file_at(&self, at: u64) -> bool {
        let Some(reloc) = self.reloc(at) else { return true };
        let Target::Place { section, offset, .. } = target::of(self.object, &reloc, 0) else {
            return true;
        };
        let text = usize::try_from(offset).ok().and_then(|from| {
            let rest = self.object.section(section).data.get(from..)?;
            rest.split(|byte| *byte == 0).next()
        });
        text.is_none_or(|text| {
            let ends = [&b".c"[..], b".h", b".S", b".rs", b".inc"];
            ends.into_iter().any(|end| text.ends_with(end)) && !text.contains(&b' ')
        })
    }

    /// The field of `len` bytes: what its relocation refers to, else its bits.
    fn field(&self, at: u64, len: u64) -> ProvedField<'a> {
        match self.reloc(at) {
            Some(reloc) => ProvedField::Target(target::of(self.object, &reloc, 0)),
            None => ProvedField::Bits(self.number(at, len)),
        }
    }
}

/// The first of `sizes` of which all relocations of `section` are at one of the given places in an entry, and each
/// entry has one at its start that leads to code.
fn stride(
    section: &Section<'_>,
    table: TableKind,
    sizes: &[(u64, &[u64])],
    is_code: impl Fn(&Reloc) -> bool,
) -> Option<u64> {
    let fits = |size: u64, places: &[u64]| {
        // The assembler does not align the end of the last entry.
        let rest = section.size % size;
        if rest != 0 && !(table == TableKind::Paravirt && rest >= 10) {
            return false;
        }
        let entries = section.size.div_ceil(size);
        // What a report of a bug always has is its file.
        let has_files = size != 16 || table != TableKind::Bugs || {
            let files: Vec<Reloc> =
                section.relocs.iter().filter(|reloc| reloc.offset % size == 8).collect();
            // Code there is the instruction of a shorter entry.
            files.len() as u64 == entries && !files.iter().any(&is_code)
        };
        let (mut starts, mut filled) = (0, 0);
        for reloc in section.relocs.iter().filter(|reloc| reloc.kind != RelocKind::None) {
            let place = reloc.offset % size;
            let leads_to_code = place == 0 && is_code(&reloc);
            if !places.contains(&place) || place == 0 && !leads_to_code || reloc.offset < filled {
                return false;
            }
            filled = reloc.end();
            starts += u64::from(place == 0);
        }
        starts == entries && has_files
    };
    sizes.iter().find(|(size, places)| fits(*size, places)).map(|(size, _)| *size)
}

/// All entries of all tables of `object`, in the order of the tables; and which sections could not be read.
pub(super) fn read<'a>(
    object: &ElfObject<'a>,
    meanings: &List<SectionId, SectionMeaning<'_>>,
) -> (List<EntryId, ProvedEntry<'a>>, Vec<SectionId>) {
    let has_annotations =
        object.sections.iter().any(|section| section.name == b".discard.annotate_data");
    let (mut entries, mut unread) = (Vec::new(), Vec::new());
    for (section, id) in object.sections.with_ids() {
        let SectionPurpose::OfCode(table) = meanings[id].class else { continue };
        if section.size == 0 {
            continue;
        }
        let is_code = |reloc: &Reloc| match target::of(object, reloc, 0) {
            Target::Place { section, .. } => object.section(section).is_code(),
            _ => false,
        };
        let Some(size) = stride(section, table, sizes(table), is_code) else {
            unread.push(id);
            continue;
        };
        let mut start = 0;
        while start < section.size {
            let reader = EntryReader { object, section, start };
            let Some(entry) = entry(&reader, table, size, has_annotations) else {
                unread.push(id);
                break;
            };
            entries.push(ProvedEntry { at: id.at(start), ..entry });
            start = start.saturating_add(size);
        }
    }
    (entries.into(), unread)
}

/// What flags say about the memory of a table.
const KEPT: u64 = elf::SHF_WRITE.0 | elf::SHF_TLS.0;

/// Possible sizes of an entry, each with the places of its relocations.
fn sizes(table: TableKind) -> &'static [(u64, &'static [u64])] {
    match table {
        TableKind::Alternatives => &[(14, &[0, 4]), (12, &[0, 4]), (13, &[0, 4])],
        TableKind::Bugs => &[(16, &[0, 4, 8]), (12, &[0, 4]), (8, &[0])],
        TableKind::Exceptions => &[(12, &[0, 4, 8])],
        TableKind::JumpLabels => &[(16, &[0, 4, 8]), (24, &[0, 8, 16])],
        TableKind::StaticCalls => &[(8, &[0, 4])],
        TableKind::Paravirt => &[(16, &[0])],
        TableKind::Tracing | TableKind::Patchable => &[(8, &[0])],
        TableKind::Locks => &[(4, &[0])],
        TableKind::UnwindHints => &[(12, &[0]), (16, &[0])],
        TableKind::Places => &[(4, &[0]), (8, &[0])],
    }
}

fn entry<'a>(
    reader: &EntryReader<'a, '_>,
    table: TableKind,
    size: u64,
    has_annotations: bool,
) -> Option<ProvedEntry<'a>> {
    let object = reader.object;
    let place = target::of(object, &reader.reloc(0)?, 0);
    let Target::Place { section: code, offset, .. } = place else { return None };
    let mut fields = SmallVec::new();
    let (mut len, mut is_free, mut is_derived) = (0, false, false);
    match (table, size) {
        (TableKind::Alternatives, _) => {
            let lengths = if size == 14 { 12 } else { 10 };
            len = reader.number(lengths, 1);
            let replacement = reader.number(lengths + 1, 1);
            fields.push(ProvedField::Bits(reader.number(8, lengths - 8)));
            if size == 13 {
                fields.push(ProvedField::Bits(reader.number(12, 1)));
            }
            let of_code = reader.reloc(4).map(|reloc| target::of(object, &reloc, 0));
            fields.push(match of_code {
                Some(target) if replacement > 0 => ProvedField::Code(target, replacement),
                _ => ProvedField::Bits(replacement),
            });
        }
        (TableKind::Bugs, 16) => {
            fields.push(reader.field(4, 4));
            fields.push(ProvedField::Bits(reader.number(14, 2)));
        }
        (TableKind::Bugs, 12)
            if has_annotations || !reader.is_file_at(4) && reader.number(10, 2) == 0 =>
        {
            fields.push(reader.field(4, 4));
            fields.push(ProvedField::Bits(reader.number(8, 2)));
        }
        (TableKind::Bugs, 12) => fields.push(ProvedField::Bits(reader.number(10, 2))),
        (TableKind::Bugs, _) => fields.push(ProvedField::Bits(reader.number(4, 2))),
        (TableKind::Exceptions, _) => {
            fields.push(reader.field(4, 4));
            fields.push(reader.field(8, 4));
        }
        (TableKind::JumpLabels, _) => {
            let half = size / 4;
            let (target, key) = if size == 16 { (4, 8) } else { (8, 16) };
            fields.push(reader.field(target, half));
            fields.push(reader.field(key, 8));
            is_free = match fields.get(1) {
                Some(ProvedField::Target(target)) => target.low_bits() & 2 != 0,
                _ => false,
            };
        }
        (TableKind::StaticCalls, _) => {
            let key = reader.field(4, 4);
            if let Some(reloc) = reader.reloc(4) {
                // The call it describes names the same.
                let name =
                    |symbol: SymbolId, start: &[u8]| object.symbol(symbol).name.strip_prefix(start);
                let at = u64::try_from(offset).ok()?.saturating_add(1);
                let call = object.section(code).relocs.at(at);
                let called = call.and_then(|call| name(call.symbol, b"__SCT__"));
                let key = name(reloc.symbol, b"__SCK__");
                let key = key.or_else(|| name(reloc.symbol, b"__SCT__"));
                is_derived = called.is_some() && called == key;
            }
            fields.push(match key {
                ProvedField::Target(target) if is_derived => ProvedField::Bits(target.low_bits()),
                other => other,
            });
        }
        (TableKind::Paravirt, _) => fields.push(ProvedField::Bits(reader.number(8, 2))),
        (TableKind::UnwindHints, _) => {
            fields.push(ProvedField::Bits(reader.number(4, size.min(12) - 4)));
        }
        (TableKind::Places, _) => {
            fields.push(ProvedField::In(reader.section.name));
            fields.push(ProvedField::Bits(reader.section.flags & KEPT));
            let is_relative = reader.reloc(0)?.kind.is_relative();
            fields.push(ProvedField::Bits(size * 2 + u64::from(is_relative)));
        }
        (TableKind::Tracing | TableKind::Patchable | TableKind::Locks, _) => {}
    }
    let is_loaded = reader.section.is_allocated() && !reader.section.is_excluded();
    if !is_loaded && table != TableKind::UnwindHints {
        // Nobody finds it when the kernel runs.
        fields.push(ProvedField::Bits(0));
        is_derived = false;
    }
    let offset = u64::try_from(offset).ok()?;
    let at = SectionId::default().at(reader.start);
    Some(ProvedEntry { table, section: code, offset, len, at, fields, is_free, is_derived })
}
