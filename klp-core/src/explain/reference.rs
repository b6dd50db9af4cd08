//! What a reference leads to, in words.

use crate::arch::Access;
use crate::checksum::{Analysis, Context, NodeRef, ReferenceMeaning};
use crate::demangle::spoken;
use crate::elf::{Place, RelocKind, SectionId};
use crate::name;
use crate::slices::SliceParts as _;

use super::fact::InstructionFact;

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// As an operand shows it.
    pub(super) text: String,
    /// All that can differ in it.
    pub(super) fact: InstructionFact,
    /// What the data that it leads to refers to in its turn.
    pub(super) behind: Vec<InstructionFact>,
    /// The place in code, if it is one.
    pub(super) code: Option<Place>,
}

/// Longer strings and constants are cut in an operand.
const SHOWN: usize = 40;

/// More bytes of a string are never told: many references can lead into one.
const LONGEST: usize = 1024;

/// How far, and how much, data behind data is told.
const DEEP: u8 = 3;
const MOST: usize = 64;

pub(super) fn of(
    analysis: &Analysis<'_>,
    target: &ReferenceMeaning<'_>,
    access: Access,
) -> Reference {
    reference(analysis, target, access, DEEP)
}

fn reference(
    analysis: &Analysis<'_>,
    target: &ReferenceMeaning<'_>,
    access: Access,
    deep: u8,
) -> Reference {
    let cx = &analysis.context();
    let plain = |text: String| Reference {
        fact: InstructionFact::plain("refers to", text.clone()),
        text,
        behind: Vec::new(),
        code: None,
    };
    let data = |node, delta| data(analysis, node, delta, access, deep);
    // Numbers of compilers mean nothing.
    let named = |name: &[u8], offset| {
        let text = |name: &[u8]| with_offset(&spoken(&String::from_utf8_lossy(name)), offset);
        let means = with_offset(&String::from_utf8_lossy(&name::base(name)), offset);
        let fact = InstructionFact { means, ..plain(text(name)).fact };
        Reference { fact, ..plain(text(name)) }
    };
    match target {
        ReferenceMeaning::Named(it) => named(&it.name, it.addend),
        ReferenceMeaning::Code { section, offset, .. } => {
            let code = Some(section.at(*offset));
            let place = code_place(cx, *section, *offset);
            let named = place.map(|(symbol, within)| named(symbol, within.cast_signed()));
            let named = named.unwrap_or_else(|| plain("code without a symbol".to_owned()));
            Reference { code, ..named }
        }
        ReferenceMeaning::Node { node, delta } => data(*node, *delta),
        ReferenceMeaning::Apart { entry, delta, .. } => data(*entry, *delta),
        ReferenceMeaning::Entry { section, offset, .. } => {
            plain(format!("entry of {}", code_name(cx, *section, *offset)))
        }
        ReferenceMeaning::Empty => plain("an object without content".to_owned()),
        ReferenceMeaning::Place { section, offset } => {
            let name = cx.elf.section(*section).name_lossy().into_owned();
            plain(with_offset(&name, *offset))
        }
        ReferenceMeaning::Number(number) => plain(format!("{number:#x}")),
    }
}

/// The function at a place in code, and how far the place is in it.
fn code_place<'d>(
    cx: &Context<'_, 'd>,
    section: SectionId,
    offset: u64,
) -> Option<(&'d [u8], u64)> {
    let span = cx.layout.find(section, offset).map(|span| cx.layout.span(span))?;
    let symbol = cx.elf.symbol(span.symbol?);
    Some((symbol.name, offset.saturating_sub(span.start)))
}

fn code_name(cx: &Context<'_, '_>, section: SectionId, offset: u64) -> String {
    let place = code_place(cx, section, offset);
    place.map_or_else(
        || "code without a symbol".to_owned(),
        |(name, within)| with_offset(&spoken(&String::from_utf8_lossy(name)), within.cast_signed()),
    )
}

/// Data without a stable name: a string as it is, anything else by its bytes.
fn data(analysis: &Analysis<'_>, node: NodeRef, delta: i64, access: Access, deep: u8) -> Reference {
    let cx = &analysis.context();
    let bytes = content(analysis, node, access).unwrap_or_default();
    let start = usize::try_from(delta).unwrap_or(0).min(bytes.len());
    let seen = bytes.starting(start);
    // What is read as it is counts as it is, anything else as the digest has it.
    let means = match (node.span, access) {
        (None, Access::Fixed(_)) => None,
        _ => analysis.unnamed(node).map(|digest| format!("{digest}{delta:+}")),
    };
    let is_strings = cx.elf.section(node.section).is_strings();
    let (what, text, shown) = if let Some(text) = string(seen, is_strings) {
        let shown = if text.len() > SHOWN { format!("{}…", cut(&text)) } else { text.clone() };
        ("string", format!("\"{shown}\""), format!("\"{text}\""))
    } else {
        let name = node.span.and_then(|span| Some(cx.elf.symbol(cx.layout.span(span).symbol?)));
        let name = name.map_or("constant".to_owned(), |it| it.name_lossy().into_owned());
        let shown = hex(seen.get(..8).unwrap_or(seen), "");
        let shown = if seen.len() > 8 { format!("{shown}…") } else { shown };
        ("constant", format!("{} [{shown}]", with_offset(&name, delta)), shown)
    };
    let means = means.unwrap_or_else(|| hex(seen, ""));
    let behind = if deep == 0 { Vec::new() } else { behind(analysis, node, bytes, deep) };
    Reference { text, fact: InstructionFact { what, shown, means }, behind, code: None }
}

/// What `bytes`, the content of `node`, refer to.
fn behind(analysis: &Analysis<'_>, node: NodeRef, bytes: &[u8], deep: u8) -> Vec<InstructionFact> {
    let cx = analysis.context();
    let section = cx.elf.section(node.section);
    let origin = analysis.origin(node.section, node.start);
    let end = node.start.saturating_add(bytes.len() as u64);
    let relocs = section.relocs.within(node.start, end);
    let mut facts = Vec::new();
    let mut jumps = 0_usize;
    for reloc in relocs.filter(|reloc| reloc.kind != RelocKind::None) {
        if facts.len() >= MOST {
            break;
        }
        let target = cx.resolve(origin, reloc.symbol, reloc.addend);
        if is_within(&cx, &target) {
            jumps = jumps.saturating_add(1);
            continue;
        }
        let it = reference(analysis, &target, Access::Open, deep.saturating_sub(1));
        facts.push(it.fact);
        facts.extend(it.behind);
    }
    facts.truncate(MOST);
    if jumps > 0 {
        facts.push(InstructionFact::plain("jump table of", count(jumps)));
    }
    facts
}

fn count(entries: usize) -> String {
    format!("{entries} {}", if entries == 1 { "entry" } else { "entries" })
}

/// Whether `target` is inside of a function, as an entry of a jump table is. That such a place moved is no difference.
fn is_within(cx: &Context<'_, '_>, target: &ReferenceMeaning<'_>) -> bool {
    match target {
        ReferenceMeaning::Code { section, offset, .. } => {
            code_place(cx, *section, *offset).is_some_and(|(_, within)| within > 0)
        }
        _ => false,
    }
}

fn content<'d>(analysis: &Analysis<'d>, node: NodeRef, access: Access) -> Option<&'d [u8]> {
    let section = analysis.elf.section(node.section);
    let end = match (node.span.map(|span| analysis.layout.span(span)), access) {
        (Some(span), _) => span.end,
        (None, Access::Fixed(size)) => node.start.saturating_add(u64::from(size)),
        (None, _) => analysis.end_of(node),
    };
    section.bytes(node.start, end.min(section.size).checked_sub(node.start)?)
}

/// `bytes` as text up to the first NUL, if they are some; a short one only where there is nothing but text.
fn string(bytes: &[u8], is_strings: bool) -> Option<String> {
    let near = bytes.ending(LONGEST.saturating_add(1));
    let text = near.split(|byte| *byte == 0).next()?;
    let (text, more) = if text.len() > LONGEST { (start_of(text), "…") } else { (text, "") };
    let text = std::str::from_utf8(text).ok()?;
    let is_text = (is_strings || text.len() > 1)
        && text.chars().all(|it| !it.is_control() || matches!(it, '\n' | '\t' | '\u{1}'));
    is_text.then(|| format!("{}{more}", text.escape_default()))
}

/// The first bytes of a text that is too long, without a part of a letter.
fn start_of(text: &[u8]) -> &[u8] {
    let start = text.ending(LONGEST);
    match std::str::from_utf8(start) {
        Err(error) if error.error_len().is_none() => start.ending(error.valid_up_to()),
        _ => start,
    }
}

fn cut(text: &str) -> &str {
    let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

/// `bytes` as digits, with something between each.
pub(super) fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<String>>().join(between)
}

fn with_offset(name: &str, offset: i64) -> String {
    match offset {
        0 => name.to_owned(),
        _ if offset < 0 => format!("{name}-{:#x}", offset.unsigned_abs()),
        _ => format!("{name}+{offset:#x}"),
    }
}
