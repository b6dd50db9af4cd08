//! In what two versions of a data object differ.

use crate::arch::Access;
use crate::checksum::Analysis;
use crate::debug::VariableMember;
use crate::elf::{RelocKind, Section, SectionClass};
use crate::layout::Span;
use crate::name;

use super::reference;

/// A place of a data object where its versions differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataRow {
    /// In the object.
    pub offset: u64,
    /// The path of the member or element that is there, where debug information tells.
    pub member: Option<String>,
    /// What the original has there; none behind its end.
    pub original: Option<String>,
    /// What the patched version has there.
    pub patched: Option<String>,
}

/// More bytes and addresses that differ are not looked at.
const LOOKED_AT: usize = 4096;
/// More places are not told.
pub const MOST_ROWS: usize = 64;
/// Bytes that are shown of what is no number, no text and no address.
const SHOWN: u64 = 16;
/// Bytes that are told together where nobody knows what they are.
const CELL: u64 = 8;

/// One version of a data object.
#[derive(Clone, Copy)]
pub struct DataVersion<'a, 'data> {
    analysis: &'a Analysis<'data>,
    section: &'a Section<'data>,
    span: Span,
}

impl<'a, 'data> DataVersion<'a, 'data> {
    /// The data object of that name, if there is one of it in the object; else the one of it with another number of the
    /// compiler's.
    #[must_use]
    pub fn named(analysis: &'a Analysis<'data>, name: &str) -> Option<Self> {
        let name = name.as_bytes();
        let only = |is_it: &dyn Fn(&[u8]) -> bool| {
            let mut spans = analysis.layout.spans.iter().filter(|span| {
                let symbol = span.symbol.map(|symbol| analysis.elf.symbol(symbol));
                symbol.is_some_and(|symbol| is_it(symbol.name))
            });
            spans.next().copied().filter(|_| spans.next().is_none())
        };
        let base = name::base(name);
        let span = only(&|own| own == name).or_else(|| only(&|own| name::base(own) == base))?;
        let section =
            Some(analysis.elf.section(span.section)).filter(|section| !section.is_code())?;
        Some(Self { analysis, section, span })
    }

    fn size(self) -> u64 {
        self.span.end.saturating_sub(self.span.start)
    }

    /// How much of it can be anything but zeros.
    fn filled(self) -> u64 {
        if self.section.class == SectionClass::Zeroed { 0 } else { self.size() }
    }

    fn byte(self, at: u64) -> u8 {
        let byte = self.section.bytes(self.span.start.saturating_add(at), 1);
        byte.and_then(<[u8]>::first).copied().unwrap_or(0)
    }

    /// Whether all of it is a text with one NUL, which ends it.
    fn is_text(self) -> bool {
        let bytes = self.section.bytes(self.span.start, self.size()).unwrap_or_default();
        let Some((0, text)) = bytes.split_last() else { return false };
        let is_sign = |byte: &u8| byte.is_ascii_graphic() || byte.is_ascii_whitespace();
        text.len() > 3 && text.iter().all(is_sign)
    }

    /// What the address at exactly `at` leads to, in words and for comparing, and how many bytes it has.
    fn address(self, at: u64) -> Option<(String, String, u64)> {
        let place = self.span.start.saturating_add(at);
        let mut relocs = self.section.relocs.within(place, place.saturating_add(1));
        let reloc = relocs.find(|reloc| reloc.kind != RelocKind::None)?;
        let origin = self.analysis.origin(self.span.section, place);
        let target = self.analysis.context().resolve(origin, reloc.symbol, reloc.addend);
        let reference = reference::of(self.analysis, &target, Access::Open);
        Some((reference.text, reference.fact.means, reloc.kind.width()))
    }

    /// What the `size` bytes at `at` are.
    fn value(self, at: u64, size: u64, is_text: bool) -> Option<String> {
        if at >= self.size() {
            return None;
        }
        if let Some((text, ..)) = self.address(at) {
            return Some(text);
        }
        let bytes = |size: u64| (0..size).map(move |byte| self.byte(at.saturating_add(byte)));
        if is_text {
            let text: Vec<u8> = bytes(size).take_while(|byte| *byte != 0).collect();
            return Some(format!("\"{}\"", String::from_utf8_lossy(&text).escape_default()));
        }
        if size <= CELL {
            let number = bytes(size).zip(0_u32..).fold(0_u64, |all, (byte, place)| {
                all | u64::from(byte).checked_shl(place.saturating_mul(8)).unwrap_or(0)
            });
            return Some(if number < 10 { number.to_string() } else { format!("{number:#x}") });
        }
        let shown = reference::hex(&bytes(size.min(SHOWN)).collect::<Vec<u8>>(), " ");
        Some(if size > SHOWN { format!("{shown} …") } else { shown })
    }
}

/// The places where both versions of a data object differ, with the member that `members` says is at each offset.
pub fn data_rows<E>(
    original: DataVersion<'_, '_>,
    patched: DataVersion<'_, '_>,
    members: impl FnOnce(&[u64]) -> Result<Vec<Option<VariableMember>>, E>,
) -> Result<Vec<DataRow>, E> {
    let offsets = differing(original, patched);
    let members = members(&offsets)?;
    let is_text = original.is_text() && patched.is_text();
    let mut rows: Vec<DataRow> = Vec::new();
    for (offset, member) in offsets.iter().zip(members.into_iter().chain(std::iter::repeat(None))) {
        let (start, size, is_shown_as_text, path) = match member.filter(|member| member.size > 0) {
            Some(VariableMember { path, start, size, is_text }) => {
                (start, size, is_text, Some(path))
            }
            None if is_text => (0, original.size().max(patched.size()), true, None),
            None => (offset.div_euclid(CELL).saturating_mul(CELL), CELL, false, None),
        };
        if rows.last().is_some_and(|row| row.offset == start) {
            continue;
        }
        let value = |version: DataVersion<'_, '_>| version.value(start, size, is_shown_as_text);
        let (original, patched) = (value(original), value(patched));
        rows.push(DataRow { offset: start, member: path, original, patched });
        if rows.len() == MOST_ROWS {
            break;
        }
    }
    Ok(rows)
}

/// Offsets of addresses and bytes that differ.
fn differing(original: DataVersion<'_, '_>, patched: DataVersion<'_, '_>) -> Vec<u64> {
    let end = original.filled().max(patched.filled());
    let mut found = Vec::new();
    let mut at = 0;
    while at < end && found.len() < LOOKED_AT {
        let addresses = [original, patched].map(|version| version.address(at));
        let is_other = match &addresses {
            [Some((_, was, _)), Some((_, is, _))] => was != is,
            [None, None] => {
                at >= original.size()
                    || at >= patched.size()
                    || original.byte(at) != patched.byte(at)
            }
            _ => true,
        };
        let width = addresses.into_iter().flatten().map(|(.., width)| width).max();
        if is_other {
            found.push(at);
        }
        at = at.saturating_add(width.unwrap_or(1).max(1));
    }
    found
}
