//! `__bug_table`: BUG and WARN sites (include/asm-generic/bug.h). Entry: s32 address, then
//! s32 format (7.0 and later), s32 file and u16 line (`CONFIG_DEBUG_BUGVERBOSE`), u16 flags:
//! 8, 12 or 16 bytes. Rule `line-number`: file and line are left out.

use super::{DecodedEntry, EntryField, Malformed, Raw, TableFormat};
use crate::elf::{Definition, ElfObject, Place, Reloc, Section, SectionId};

pub(super) const FORMAT: TableFormat = TableFormat {
    section: "__bug_table",
    sizes: &[(8, &[0]), (12, &[0, 4]), (16, &[0, 4, 8])],
    length: None,
    decode,
};

const TEXT: u64 = 4;

/// A BUG or WARN.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bug<'d> {
    pub(crate) flags: &'d [u8],
    pub(crate) format: Option<EntryField<'d>>,
}

impl Bug<'_> {
    /// Whether it is a WARN, behind which control goes on (`BUGFLAG_WARNING`).
    pub(crate) fn is_warning(&self) -> bool {
        self.flags.first().is_some_and(|flags| flags & 1 != 0)
    }
}

fn decode<'d>(raw: &Raw<'_, 'd>) -> Result<DecodedEntry<'d>, Malformed> {
    let (has_format, flags) = match raw.size {
        8 => (false, 4),
        12 if raw.names_source_file => (false, 10),
        12 => (true, 8),
        _ => (true, 14),
    };
    let flags = raw.bytes(flags, 2)?;
    let format = if has_format { Some(raw.field(TEXT)?) } else { None };
    Ok(DecodedEntry::Bug(Bug { flags, format }))
}

/// Whether the 12-byte entries of `table` are address, file, line, flags, as to Linux 6.18, or else
/// address, format, flags and 2 bytes of padding. Kernels with formats annotate each entry for objtool
/// (`ANNOTATE_DATA_SPECIAL`, from 6.19 on as well); what has flags where there would be padding has a
/// file. A module after its final link has lost the annotations: if it has no such flags either, the
/// text tells.
pub(super) fn names_source_files(
    elf: &ElfObject<'_>,
    number: SectionId,
    table: &Section<'_>,
) -> bool {
    if table.size.checked_rem(12) != Some(0) || is_annotated(elf, number) {
        return false;
    }
    let flags = table.data.chunks_exact(12).filter_map(|entry| entry.get(10..12));
    if flags.into_iter().any(|flags| flags != [0, 0]) {
        return true;
    }
    let mut fields =
        table.relocs.iter().filter(|reloc| reloc.offset.checked_rem(12) == Some(TEXT)).peekable();
    fields.peek().is_some() && fields.all(|reloc| is_source_file(elf, &reloc))
}

/// Whether objtool is told about an entry of section `number`.
fn is_annotated(elf: &ElfObject<'_>, number: SectionId) -> bool {
    elf.sections
        .iter()
        .filter(|section| section.name == b".discard.annotate_data")
        .flat_map(|section| section.relocs.iter())
        .map(|reloc| elf.symbol(reloc.symbol))
        .any(|symbol| symbol.place == Definition::Section(number))
}

fn is_source_file(elf: &ElfObject<'_>, reloc: &Reloc) -> bool {
    let Some(Place { section, offset: at }) = elf.place_of(reloc) else { return false };
    let section = elf.section(section);
    let text = section.in_file(at, section.size).split(|byte| *byte == 0).next();
    let text = text.unwrap_or_default();
    !text.iter().any(u8::is_ascii_whitespace)
        && [&b".c"[..], b".h", b".S", b".rs"].iter().any(|ending| text.ends_with(ending))
}
