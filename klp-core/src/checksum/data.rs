//! The content of one stretch of data.

use crate::elf::{RelocKind, Section, SectionClass};
use crate::meaning;
use crate::name::{self, Stability};

use super::context::{self, Context, ReferenceMeaning};
use super::origin::SymbolFiles;
use super::stream::{DataExtent, NodeRef, Streams, tag};
use super::{ContentKind, Digest, Refusal, UnitWriter};

const KIND: ContentKind = ContentKind::Constant;

/// Writes `node`, which ends at `end`.
pub(super) fn write<'data>(
    unit: &mut UnitWriter<'_, 'data, '_>,
    cx: &Context<'_, 'data>,
    node: NodeRef,
    end: u64,
) -> Result<(), Refusal> {
    let section = cx.elf.section(node.section);
    if section.is_unwind_table() {
        return Err(Refusal::new(format!("it reads {}", section.name_lossy())));
    }
    let size = end.saturating_sub(node.start);
    unit.origin = cx.origins.at(node.section, node.start);
    unit.streams().item(KIND, tag::DATA, 0);
    let flags = [section.is_writable(), section.is_thread_local(), section.is_excluded()];
    let bits = flags.into_iter().zip(0u8..).map(|(is, bit)| u8::from(is) << bit);
    unit.streams.byte(KIND, bits.fold(0, |all, bit| all | bit));
    unit.streams.bytes(KIND, meaning::of(section));
    if let SectionClass::Unknown(kind) = section.class {
        unit.streams.number(KIND, u64::from(kind));
    }
    // Of memory without a name, others use another place.
    if node.span.is_some() || section.is_writable() {
        unit.streams.number(KIND, size);
    }
    if node.span.is_some() {
        for (at, name) in names_within(cx, node, end) {
            unit.streams.number(KIND, at);
            unit.streams.bytes(KIND, &name);
        }
    }
    let data = match section.class {
        SectionClass::Zeroed => &[],
        _ => section
            .bytes(node.start, size)
            .ok_or_else(|| Refusal::new(format!("data outside of {}", section.name_lossy())))?,
    };
    if section.relocs.around(node.start).is_some() {
        return Err(Refusal::new("data that starts within an address"));
    }
    let is_zero = data.iter().all(|byte| *byte == 0)
        && section.relocs.within(node.start, end).next().is_none();
    if is_zero && node.extent != DataExtent::Rest && !is_btf_ids(section) {
        unit.streams.byte(KIND, tag::ZEROED);
        return Ok(());
    }
    let is_string = section.is_strings() && node.extent == DataExtent::Next;
    if is_string && let Some((head, rest)) = cx.long_strings.of(cx.elf, (node.section, end), data) {
        unit.streams().number(KIND, size);
        unit.streams().bytes(KIND, head);
        unit.streams().bytes(KIND, rest.as_bytes());
        return Ok(());
    }
    if section.is_merged() && may_be_split(section, data) {
        unit.streams.number(KIND, section.entsize);
    }
    let left_out = SourcePositions::of(cx, section, node, data);
    let relocs = || {
        let all = section.relocs.within(node.start, end);
        all.filter(|reloc| reloc.kind != RelocKind::None)
    };
    let mut last = 0;
    let bytes = unit.streams().content(KIND, data);
    for reloc in relocs() {
        let at = reloc.offset.saturating_sub(node.start);
        let after = at.saturating_add(reloc.kind.width());
        let field = usize::try_from(at).ok().zip(usize::try_from(after).ok());
        let field = field.and_then(|(at, after)| bytes.get_mut(at..after));
        let field =
            field.ok_or_else(|| Refusal::new("a relocation that leaves its data object"))?;
        reloc.kind.mask().clear(field, 0);
        last = last.max(after);
    }
    left_out.blank(bytes);
    let ends_for_certain = node.span.is_some()
        || node.extent == DataExtent::Rest && ends_with_zeros(section, bytes, end)
        || !section.is_strings() && context::entry_end(section, node.start).is_some();
    if !ends_for_certain {
        // Rule `padding`: where the constant ends before the next one starts is not known.
        let used =
            bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last.saturating_add(1));
        let used = used.max(usize::try_from(last).unwrap_or(usize::MAX));
        unit.streams().shorten_content(KIND, data.len(), used);
    }
    if is_btf_ids(section) {
        for (at, name) in named_ids(cx, node, end) {
            unit.streams.number(KIND, at);
            unit.streams.bytes(KIND, &name);
        }
    }
    for reloc in relocs() {
        let at = reloc.offset.saturating_sub(node.start);
        if !left_out.relocs.contains(&at) {
            unit.streams.number(KIND, at);
            unit.reloc(KIND, reloc.kind, reloc.symbol, reloc.addend)?;
        }
    }
    Ok(())
}

/// The digest of a variable of `size` bytes that holds zeros and that the linker gives its place: what [`write`] writes
/// of one in `.bss`.
pub(crate) fn zeroed(size: u64) -> Digest {
    let mut streams = Streams::default();
    streams.item(KIND, tag::DATA, 0);
    streams.byte(KIND, 1);
    streams.bytes(KIND, b"");
    streams.number(KIND, size);
    streams.byte(KIND, tag::ZEROED);
    Digest::of(streams.buffer(KIND))
}

/// Whether a linker may take the merged entry apart: it is longer than one, or holds the end of a string.
fn may_be_split(section: &Section<'_>, data: &[u8]) -> bool {
    let Ok(size) = usize::try_from(section.entsize) else { return false };
    if section.is_strings() {
        let mut units = data.chunks_exact(size);
        units.next_back();
        return units.any(|unit| unit.iter().all(|byte| *byte == 0));
    }
    size < data.len()
}

/// Whether zeros at the end of `bytes`, which nothing refers to, are content: they are more than what aligns
/// something behind them, or nothing is.
fn ends_with_zeros(section: &Section<'_>, bytes: &[u8], end: u64) -> bool {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count() as u64;
    end == section.size || zeros >= section.align.max(1)
}

/// `.BTF_ids` (`include/linux/btf_ids.h`): sets of types and functions, with flags. The numbers are filled in by a
/// later step of the build, from the names of symbols.
fn is_btf_ids(section: &Section<'_>) -> bool {
    section.name == b".BTF_ids"
}

/// Places in the middle of a data object that have names: others use them as objects of their own.
fn names_within<'a>(
    cx: &'a Context<'_, '_>,
    node: NodeRef,
    end: u64,
) -> impl Iterator<Item = (u64, Vec<u8>)> + 'a {
    let inner = cx.layout.inner_labels(node.section, node.start.saturating_add(1), end);
    inner.iter().filter_map(move |(_, at, symbol)| {
        let name = name::base(cx.elf.symbol((*symbol)?).name).into_owned();
        Some((at.saturating_sub(node.start), name))
    })
}

/// Where numbers from `node` to `end` are filled in, and by which names.
fn named_ids<'a>(
    cx: &'a Context<'_, '_>,
    node: NodeRef,
    end: u64,
) -> impl Iterator<Item = (u64, Vec<u8>)> + 'a {
    cx.layout.ids(node.section, node.start, end).iter().map(move |(_, at, symbol)| {
        let name = name::base(cx.elf.symbol(*symbol).name).into_owned();
        (at.saturating_sub(node.start), name)
    })
}

/// Rule `line-number`: what a data object says about source positions.
#[derive(Default)]
struct SourcePositions {
    relocs: Vec<u64>,
    bytes: Vec<(usize, u8)>,
}

impl SourcePositions {
    fn of(cx: &Context<'_, '_>, section: &Section<'_>, node: NodeRef, data: &[u8]) -> Self {
        if section.name == b"__dyndbg" {
            return Self::dynamic_debug();
        }
        if is_btf_ids(section) {
            let end = node.start.saturating_add(data.len() as u64);
            return Self::btf_ids(named_ids(cx, node, end).map(|(at, _)| at));
        }
        if is_rust_location(cx, section, node, data) {
            Self::rust_location()
        } else {
            Self::default()
        }
    }

    /// `struct _ddebug` (`include/linux/dynamic_debug.h`, 5.10 to 7.2): module, function, file and
    /// format pointers, then 18 bits of line number, class and flags. The format is kept.
    fn dynamic_debug() -> Self {
        Self { relocs: vec![0, 8, 16], bytes: vec![(32, 0), (33, 0), (34, 0xfc)] }
    }

    /// The four bytes at each place.
    fn btf_ids(places: impl Iterator<Item = u64>) -> Self {
        let places = places.filter_map(|at| usize::try_from(at).ok());
        let bytes = places.flat_map(|at| (at..at.saturating_add(4)).map(|byte| (byte, 0)));
        Self { relocs: Vec::new(), bytes: bytes.collect() }
    }

    /// `core::panic::Location`: file pointer and length, u32 line, u32 column. The file is kept: other
    /// data can look the same, and a function hardly ever moves to another file.
    fn rust_location() -> Self {
        Self { relocs: Vec::new(), bytes: (16..24).map(|byte| (byte, 0)).collect() }
    }

    fn blank(&self, bytes: &mut [u8]) {
        for (index, keep) in &self.bytes {
            if let Some(byte) = bytes.get_mut(*index) {
                *byte &= keep;
            }
        }
    }
}

fn is_rust_location(
    cx: &Context<'_, '_>,
    section: &Section<'_>,
    node: NodeRef,
    data: &[u8],
) -> bool {
    let is_alone = data.get(24..).is_some_and(|rest| rest.iter().all(|byte| *byte == 0));
    let symbol = node.span.and_then(|span| Some(cx.elf.symbol(cx.layout.span(span).symbol?)));
    if !is_alone || symbol.is_some_and(|symbol| symbol.stability != Stability::Unstable) {
        return false;
    }
    let number = |at: usize, len: usize| {
        let field = data.get(at..at.saturating_add(len))?;
        field.iter().rev().try_fold(0usize, |value, byte| {
            value.checked_mul(256).and_then(|value| value.checked_add(usize::from(*byte)))
        })
    };
    let (Some(length), Some(line), Some(column)) = (number(8, 8), number(16, 4), number(20, 4))
    else {
        return false;
    };
    let Some(reloc) = section.relocs.at(node.start).filter(|reloc| reloc.kind == RelocKind::Abs64)
    else {
        return false;
    };
    let end = node.start.saturating_add(24);
    let only = section.relocs.within(node.start, end).count() == 1;
    if !only || length < 4 || line == 0 || column == 0 || section.is_writable() {
        return false;
    }
    let text = match cx.resolve(SymbolFiles::Any, reloc.symbol, reloc.addend) {
        ReferenceMeaning::Node { node, delta: 0 } => {
            cx.elf.section(node.section).bytes(node.start, length as u64)
        }
        _ => None,
    };
    text.is_some_and(|text| {
        text.ends_with(b".rs") && text.iter().all(|byte| (0x20..0x7f).contains(byte))
    })
}
