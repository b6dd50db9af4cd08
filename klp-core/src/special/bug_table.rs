//! `__bug_table`: BUG and WARN sites (include/asm-generic/bug.h). Entry: s32 address, then
//! s32 format (7.0 and later), s32 file and u16 line (`CONFIG_DEBUG_BUGVERBOSE`), u16 flags:
//! 8, 12 or 16 bytes. Rule `line-number`: file and line are left out.

use super::{Effect, Entry, Reader};
use crate::checksum::{Kind, Refusal, Site, Unit};
use crate::elf::{ElfObject, Place, Reloc, Section};

pub(crate) const READER: Reader = Reader { section: "__bug_table", sizes: &[8, 12, 16], write };

const FORMAT: u64 = 4;

fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    entry: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.entry(Kind::BugTable, site);
    let (has_format, flags) = match entry.size {
        8 => (false, 4),
        12 if names_source_files(unit.elf(), entry.section) => (false, 10),
        12 => (true, 8),
        16 => (true, 14),
        other => return Err(Refusal::new(format!("__bug_table entries of {other} bytes"))),
    };
    let bytes = entry.bytes(flags, 2)?;
    unit.bytes(Kind::BugTable, bytes);
    if has_format {
        unit.field(Kind::BugTable, entry, FORMAT)?;
    }
    Ok(Effect::Keep)
}

/// Twelve bytes are address, file, line, flags; or, without the file, address, format, flags. In a
/// kernel all tables are of one kind, and no format string ends like a source file: the first entries
/// that have the field tell by their majority.
fn names_source_files(elf: &ElfObject<'_>, table: &Section<'_>) -> bool {
    let fields =
        table.relocs.iter().filter(|reloc| reloc.offset.checked_rem(12) == Some(FORMAT)).take(15);
    let (files, others): (Vec<_>, Vec<_>) = fields.partition(|reloc| is_source_file(elf, reloc));
    files.len() >= others.len() && !files.is_empty()
}

fn is_source_file(elf: &ElfObject<'_>, reloc: &Reloc) -> bool {
    let Some(symbol) = elf.symbol(reloc.symbol) else { return false };
    let Place::Section(section) = symbol.place else { return false };
    let text = symbol
        .value
        .checked_add_signed(reloc.addend)
        .and_then(|offset| usize::try_from(offset).ok())
        .and_then(|offset| elf.section(section)?.data.get(offset..))
        .and_then(|rest| rest.split(|byte| *byte == 0).next())
        .unwrap_or_default();
    [&b".c"[..], b".h", b".S", b".rs"].iter().any(|ending| text.ends_with(ending))
}
