//! Mutations of special entries.

use klp_core::checksum::Analysis;
use klp_core::elf::Section;

use super::super::decode::{is_padding, place};
use super::super::site::{Flip, Mutation};
use super::super::tables;
use super::{Expect, Oracle};

impl Oracle {
    pub(super) fn entry(
        &self,
        analysis: &Analysis<'_>,
        section: &Section<'_>,
        mutation: &Mutation,
    ) -> Option<Expect> {
        let size = tables::entry_size(section)?;
        let field = mutation.offset % size;
        let start = mutation.offset - field;
        let (code, offset) = place(analysis, &section.relocs.at(start)?, 0)?;
        let must = self.owners.at(code, offset);
        if must.is_empty() {
            return None;
        }
        let mut may = must.clone();
        let is_byte = matches!(mutation.flip, Flip::Byte { .. });
        if field == 0 && !is_byte {
            // Without its address an entry belongs to nobody, and all functions are refused.
            let Flip::Addend { by } = mutation.flip else { return None };
            let moved = self.owners.at(code, offset.checked_add_signed(by)?);
            may.extend(moved.iter().copied());
            if may.len() == must.len() && moved.is_empty() || is_padding(analysis, code, offset) {
                return None;
            }
        }
        let entry = tables::Entry { code: (code, offset), table: mutation.section, start, size };
        let replacement = tables::replacement(section, &entry);
        if let (Some((_, length)), Flip::Addend { by }) = (replacement, mutation.flip) {
            // Many replacements are alike.
            let (code, from) = place(analysis, &section.relocs.at(mutation.offset)?, 0)?;
            let code = analysis.elf.section(code);
            if code.bytes(from, length) == code.bytes(from.checked_add_signed(by)?, length) {
                return None;
            }
        }
        let empty = field == 4 && replacement.is_some_and(|(_, length)| length == 0);
        let rule = (empty || tables::is_left_out(section, size, field)).then_some("line-number");
        let few = section.name == b"__bug_table" && section.size < 8 * size;
        let reformats = matches!(mutation.flip, Flip::Offset { .. } | Flip::Type { .. });
        if rule.is_some() && !is_byte && (reformats || few) {
            // The entry is then one of another format.
            return None;
        }
        Some(Expect { must, may, rule, all: true })
    }
}
