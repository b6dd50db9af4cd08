//! What a reference leads to, in words.

use crate::arch::Access;
use crate::checksum::{Context, Digest, NodeRef, Target, entry_end};

/// What a reference leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    /// What it is: `string`, `constant`, `refers to`.
    pub(super) what: &'static str,
    /// As an operand shows it.
    pub(super) text: String,
    /// All that can differ in it.
    pub(super) fact: String,
    /// The place in code, if it is one.
    pub(super) code: Option<(u32, u64)>,
}

/// Longer strings and constants are cut in an operand.
const SHOWN: usize = 40;

pub(super) fn of(cx: &Context<'_, '_>, target: &Target<'_>, access: Access) -> Reference {
    let plain =
        |text: String| Reference { what: "refers to", fact: text.clone(), text, code: None };
    match target {
        Target::Named(named) => {
            plain(with_offset(&String::from_utf8_lossy(&named.name), named.addend))
        }
        Target::Code { section, offset, .. } => {
            let code = Some((*section, *offset));
            Reference { code, ..plain(code_name(cx, *section, *offset)) }
        }
        Target::Node { node, delta } => data(cx, *node, *delta, access),
        Target::Apart { entry, delta, .. } => data(cx, *entry, *delta, access),
        Target::Entry { section, offset, .. } => {
            plain(format!("entry of {}", code_name(cx, *section, *offset)))
        }
        Target::Empty => plain("an object without content".to_owned()),
        Target::Place { section, offset } => {
            let name = cx.elf.section(*section).map(|section| section.name_lossy().into_owned());
            plain(with_offset(&name.unwrap_or_default(), *offset))
        }
        Target::Number(number) => plain(format!("{number:#x}")),
    }
}

/// The function at a place in code, and how far the place is in it.
fn code_name(cx: &Context<'_, '_>, section: u32, offset: u64) -> String {
    let span = cx.layout.find(section, offset).and_then(|span| cx.layout.span(span));
    let named = span.and_then(|span| Some((span, cx.elf.symbol(span.symbol?)?)));
    match named {
        Some((span, symbol)) => {
            with_offset(&symbol.name_lossy(), offset.saturating_sub(span.start).cast_signed())
        }
        None => "code without a symbol".to_owned(),
    }
}

/// Data without a stable name: a string as it is, anything else by its bytes.
fn data(cx: &Context<'_, '_>, node: NodeRef, delta: i64, access: Access) -> Reference {
    let bytes = content(cx, node, access).unwrap_or_default();
    let start = usize::try_from(delta).unwrap_or(0).min(bytes.len());
    let seen = bytes.get(start..).unwrap_or_default();
    if let Some(text) = string(seen) {
        let shown = if text.len() > SHOWN { format!("{}…", cut(&text)) } else { text.clone() };
        let (text, fact) = (format!("\"{shown}\""), format!("\"{text}\""));
        return Reference { what: "string", text, fact, code: None };
    }
    let name = node.span.and_then(|span| cx.elf.symbol(cx.layout.span(span)?.symbol?));
    let name = name.map_or("constant".to_owned(), |symbol| symbol.name_lossy().into_owned());
    let shown = hex(seen.get(..8).unwrap_or(seen), "");
    let more = if seen.len() > 8 { "…" } else { "" };
    let text = format!("{} [{shown}{more}]", with_offset(&name, delta));
    let fact = if seen.len() > 8 { format!("{shown}… (#{})", short(bytes)) } else { shown };
    Reference { what: "constant", text, fact, code: None }
}

fn content<'d>(cx: &Context<'_, 'd>, node: NodeRef, access: Access) -> Option<&'d [u8]> {
    let section = cx.elf.section(node.section)?;
    let end = match (node.span.and_then(|span| cx.layout.span(span)), access) {
        (Some(span), _) => span.end,
        (None, Access::Fixed(size)) => node.start.saturating_add(u64::from(size)),
        (None, _) => entry_end(section, node.start).unwrap_or(section.size),
    };
    section.bytes(node.start, end.min(section.size).checked_sub(node.start)?)
}

/// `bytes` as text up to the first NUL, if they are some.
fn string(bytes: &[u8]) -> Option<String> {
    let text = bytes.split(|byte| *byte == 0).next()?;
    let text = std::str::from_utf8(text).ok()?;
    let is_text = text.len() > 1
        && text.chars().all(|it| !it.is_control() || matches!(it, '\n' | '\t' | '\u{1}'));
    is_text.then(|| text.escape_default().to_string())
}

fn cut(text: &str) -> &str {
    let end = (0..=SHOWN).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.get(..end).unwrap_or_default()
}

fn short(bytes: &[u8]) -> String {
    let digest = Digest::of(bytes).to_string();
    digest.get(..8).unwrap_or_default().to_owned()
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
