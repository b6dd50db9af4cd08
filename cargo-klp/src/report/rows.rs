//! Rows of both versions of a function on a terminal: side by side where that is wide enough, else one below the other.

use std::io;

use anstyle::{AnsiColor, Style};
use klp::MarkedText;
use klp_core::explain::{AlignedRow, InstructionLine};

use crate::printable::{self, PrintableLines};

pub(super) const OLD: Style = AnsiColor::Red.on_default();
pub(super) const NEW: Style = AnsiColor::Green.on_default();
const WORDS: Style = AnsiColor::Yellow.on_default();
pub(super) const SOURCE: Style = AnsiColor::Cyan.on_default();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const HEAD: Style = Style::new().bold();
pub(super) const PLAIN: Style = Style::new();

/// Both versions stand side by side where each has so many columns.
const SIDE: usize = 60;

/// Prints a row on a terminal of so many columns, if it is one.
pub(super) fn print(
    row: &AlignedRow,
    width: Option<usize>,
    out: &mut PrintableLines<'_>,
) -> io::Result<()> {
    match width.map(|width| width / 2).filter(|side| *side >= SIDE) {
        Some(side) => beside(row, side, out),
        None => below(row, out),
    }
}

fn below(row: &AlignedRow, out: &mut PrintableLines<'_>) -> io::Result<()> {
    match row {
        AlignedRow::Same(_, new) => {
            line(' ', new, if new.left_out.is_some() { DIM } else { PLAIN }, out)
        }
        AlignedRow::Changed(old, new, differs) => {
            let [was, is] = MarkedText::pair(&old.text, &new.text);
            marked('-', (old, was), new, OLD, out)?;
            marked('+', (new, is), old, NEW, out)?;
            words(differs, out)
        }
        AlignedRow::Removed(one) | AlignedRow::Added(one) if one.left_out.is_some() => {
            line(' ', one, DIM, out)
        }
        AlignedRow::Removed(old) => line('-', old, OLD, out),
        AlignedRow::Added(new) => line('+', new, NEW, out),
    }
}

fn line(
    sign: char,
    line: &InstructionLine,
    style: Style,
    out: &mut PrintableLines<'_>,
) -> io::Result<()> {
    out.styled([(style, format!("{sign} {}", text(line)))])?;
    let mut says = line.says.iter();
    says.try_for_each(|said| out.styled([(style, format!("{sign}             {said}"))]))
}

/// One version of an instruction: what the `other` one does not have is in this style.
fn marked(
    sign: char,
    (line, text): (&InstructionLine, MarkedText<'_>),
    other: &InstructionLine,
    style: Style,
    out: &mut PrintableLines<'_>,
) -> io::Result<()> {
    let MarkedText { before, differs, after } = text;
    out.styled([
        (style, sign.to_string()),
        (PLAIN, format!(" {:>9}  {before}", place_in(line))),
        (style, differs.to_owned()),
        (PLAIN, format!("{after}{}", rule(line))),
    ])?;
    line.says.iter().try_for_each(|said| {
        let is_other = !other.says.contains(said);
        let said_style = if is_other { style } else { PLAIN };
        let said = format!("             {said}");
        out.styled([(style, sign.to_string()), (said_style, said)])
    })
}

fn words(differs: &[String], out: &mut PrintableLines<'_>) -> io::Result<()> {
    differs.iter().try_for_each(|what| out.styled([(WORDS, format!("              {what}"))]))
}

fn beside(row: &AlignedRow, side: usize, out: &mut PrintableLines<'_>) -> io::Result<()> {
    let nothing = || column(Vec::new(), side);
    let whole = |line: &InstructionLine, style| column(vec![(style, text(line))], side);
    let operands = |line: &InstructionLine, text: MarkedText<'_>, style| {
        let MarkedText { before, differs, after } = text;
        let parts = vec![
            (PLAIN, format!("{:>9}  {before}", place_in(line))),
            (style, differs.to_owned()),
            (PLAIN, format!("{after}{}", rule(line))),
        ];
        column(parts, side)
    };
    let (old, sign, new) = match row {
        AlignedRow::Same(old, new) => {
            let style = if new.left_out.is_some() { DIM } else { PLAIN };
            (whole(old, style), ' ', whole(new, style))
        }
        AlignedRow::Changed(old, new, _) => {
            let [was, is] = MarkedText::pair(&old.text, &new.text);
            (operands(old, was, OLD), '|', operands(new, is, NEW))
        }
        AlignedRow::Removed(old) => (whole(old, OLD), '<', nothing()),
        AlignedRow::Added(new) => (nothing(), '>', whole(new, NEW)),
    };
    let mut parts = [old, vec![(PLAIN, format!(" {sign} "))], new].concat();
    if let Some((_, last)) = parts.last_mut() {
        last.truncate(last.trim_end().len());
    }
    out.styled(parts)?;
    match row {
        AlignedRow::Changed(_, _, differs) => words(differs, out),
        _ => Ok(()),
    }
}

/// Parts of a line, cut and filled up so that they are as wide as a column.
fn column(parts: Vec<(Style, String)>, side: usize) -> Vec<(Style, String)> {
    let (width, most) = (side.saturating_sub(3), side.saturating_sub(4));
    let mut used = 0;
    let mut cut = Vec::new();
    for (style, text) in parts {
        let text: String = printable::line(&text).chars().take(most.saturating_sub(used)).collect();
        used = used.saturating_add(text.chars().count());
        cut.push((style, text));
    }
    cut.push((PLAIN, " ".repeat(width.saturating_sub(used))));
    cut
}

/// An instruction with its place, and the rule by which it is left out.
fn text(line: &InstructionLine) -> String {
    format!("{:>9}  {}{}", place_in(line), line.text, rule(line))
}

fn place_in(line: &InstructionLine) -> String {
    match line.part {
        0 => format!("+{:#x}", line.offset),
        part => format!("{part}:+{:#x}", line.offset),
    }
}

/// The rule by which an instruction is left out.
fn rule(line: &InstructionLine) -> String {
    line.left_out.map(|rule| format!("  ({rule})")).unwrap_or_default()
}
