//! Both versions of a function, as rows of a table.

use std::collections::BTreeSet;

use klp::{Explained, MarkedText, SourceLines, SourceText};
use klp_core::checksum::Cause;
use klp_core::explain::{AlignedRow, InstructionLine, unseen};

use crate::report::explained::shown;
use crate::report::sources::{RowSources, words_of};

/// Equal instructions around each that differs.
const CONTEXT: usize = 3;

/// Rows that are shown of a function; `cargo klp explain` shows all.
const MOST: usize = 160;

/// Both versions of a function.
pub(super) struct ListingView<'a> {
    /// In what they differ, in words.
    pub(super) words: Vec<&'a str>,
    pub(super) rows: Vec<RowView<'a>>,
    /// How many rows are not shown at the end.
    pub(super) more: usize,
}

/// What a page shows of a function.
pub(super) enum ShownFunction<'a> {
    /// Both versions.
    Listing(ListingView<'a>),
    /// Nothing: the page would get too long.
    TooLong,
    /// Nothing: the objects are not there.
    Absent,
}

impl<'a> ShownFunction<'a> {
    /// The listing, if no more than `budget` rows are needed, which then go off it.
    pub(super) fn within(
        budget: &mut usize,
        explained: &'a Explained,
        lines: Option<&'a SourceLines>,
    ) -> Self {
        let listing = ListingView::of(&explained.rows, &explained.function.causes, lines);
        match budget.checked_sub(listing.rows.len()) {
            Some(rest) => {
                *budget = rest;
                Self::Listing(listing)
            }
            None => Self::TooLong,
        }
    }
}

/// A row of the table.
pub(super) enum RowView<'a> {
    /// So many equal instructions are not shown.
    Gap(usize),
    /// The source lines that what follows comes from, before and after the patch.
    Sources(Option<SourceView<'a>>, Option<SourceView<'a>>),
    /// The same in both versions.
    Same(Cell<'a>, Cell<'a>),
    /// Another one, and in what.
    Changed(Cell<'a>, Cell<'a>, Vec<&'a str>),
    Removed(Cell<'a>),
    Added(Cell<'a>),
}

/// A line of a source.
pub(super) struct SourceView<'a> {
    pub(super) file: &'a str,
    pub(super) line: u32,
    pub(super) text: String,
}

/// An instruction.
pub(super) struct Cell<'a> {
    pub(super) place: String,
    pub(super) text: MarkedText<'a>,
    /// What special sections say about it.
    pub(super) says: &'a [String],
    /// The rule by which checksums leave it out.
    pub(super) rule: Option<&'static str>,
}

impl<'a> ListingView<'a> {
    pub(super) fn of(
        rows: &'a [AlignedRow],
        causes: &[Cause],
        lines: Option<&'a SourceLines>,
    ) -> Self {
        let mut words = unseen(rows, causes);
        let mut seen = BTreeSet::new();
        for row in rows {
            if let AlignedRow::Changed(_, _, differs) = row {
                let said = differs.iter().map(String::as_str);
                words.extend(said.filter(|word| seen.insert(*word)));
            }
        }
        let mut views = Vec::new();
        let (mut gap, mut at) = (0usize, None);
        for (row, is_shown) in rows.iter().zip(shown(rows, CONTEXT)) {
            if !is_shown {
                gap += 1;
                continue;
            }
            if gap > 0 {
                views.push(RowView::Gap(std::mem::take(&mut gap)));
            }
            if let Some(from) = lines.and_then(|lines| RowSources::of(row, lines))
                && at.as_ref().is_none_or(|at| !from.say_what(at))
            {
                let lines = [from.original, from.patched];
                let [original, patched] = lines.map(|line| line.map(SourceView::of));
                views.push(RowView::Sources(original, patched));
                at = Some(from);
            }
            views.push(RowView::of(row));
        }
        if gap > 0 && !views.is_empty() {
            views.push(RowView::Gap(gap));
        }
        let more = views.len().saturating_sub(MOST);
        views.truncate(MOST);
        Self { words, rows: views, more }
    }
}

impl<'a> SourceView<'a> {
    fn of(source: &'a SourceText) -> Self {
        Self { file: &source.file, line: source.line, text: words_of(source) }
    }
}

impl<'a> RowView<'a> {
    fn of(row: &'a AlignedRow) -> Self {
        match row {
            AlignedRow::Same(old, new) => Self::Same(Cell::plain(old), Cell::plain(new)),
            AlignedRow::Changed(old, new, differs) => {
                let [was, is] = MarkedText::pair(&old.text, &new.text);
                Self::Changed(
                    Cell::of(old, was),
                    Cell::of(new, is),
                    differs.iter().map(String::as_str).collect(),
                )
            }
            AlignedRow::Removed(old) => Self::Removed(Cell::plain(old)),
            AlignedRow::Added(new) => Self::Added(Cell::plain(new)),
        }
    }
}

impl<'a> Cell<'a> {
    fn of(line: &'a InstructionLine, text: MarkedText<'a>) -> Self {
        Self {
            place: match line.part {
                0 => format!("+{:#x}", line.offset),
                part => format!("{part}:+{:#x}", line.offset),
            },
            text,
            says: &line.says,
            rule: line.left_out,
        }
    }

    fn plain(line: &'a InstructionLine) -> Self {
        Self::of(line, MarkedText::plain(line))
    }
}
