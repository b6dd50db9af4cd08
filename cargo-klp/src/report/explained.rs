//! Both versions of changed functions.

use std::io::{self, Write};

use klp::{Explained, ExplainedData, FunctionReached, LineNumbers, SourceLines, SourceText, Why};
use klp_core::explain::{AlignedRow, InstructionLine, unseen};
use klp_core::record::Change;
use schemars::JsonSchema;
use serde::Serialize;

use super::explained_data::{self, DataRowRecord};
use super::human::{causes, word};
use super::rows::{self, DIM, HEAD, PLAIN, SOURCE};
use super::sources::{RowSources, words_of};
use super::{json, reasons};
use crate::printable::PrintableLines;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum ExplanationRecord<'a> {
    /// A function that changed.
    Explanation {
        /// The Kbuild object where it is known, else the linked file.
        object: &'a str,
        /// The symbol.
        name: &'a str,
        /// What happened to it.
        change: Change,
        /// Both versions, instruction by instruction.
        rows: Vec<RowRecord<'a>>,
        /// Of two files that were named, where only numbers in instructions differ: whether they are source lines.
        #[serde(skip_serializing_if = "Option::is_none")]
        line_numbers: Option<String>,
    },
    /// A data object that changed.
    DataExplanation {
        /// The Kbuild object where it is known, else the linked file.
        object: &'a str,
        /// The symbol.
        name: &'a str,
        /// The places where both versions differ.
        rows: Vec<DataRowRecord<'a>>,
    },
}

/// What is known beside both versions of functions.
#[derive(Default)]
pub(crate) struct ExplanationContext {
    /// Their source lines, in their order.
    pub(crate) lines: Vec<SourceLines>,
    /// Why they changed.
    pub(crate) why: Why,
    /// The data that changed.
    pub(crate) data: Vec<ExplainedData>,
    /// Of objects that somebody else built: whether nothing differs but the numbers of lines.
    pub(crate) line_numbers: Vec<Option<LineNumbers>>,
}

impl ExplanationContext {
    fn lines(&self, number: usize) -> Option<&SourceLines> {
        self.lines.get(number)
    }

    fn line_numbers(&self, number: usize) -> Option<&LineNumbers> {
        self.line_numbers.get(number).and_then(Option::as_ref)
    }

    /// Why a function changed.
    fn why(&self, explained: &Explained) -> Option<&FunctionReached> {
        let mut functions = self.why.functions.iter();
        functions.find(|reached| reached.function == explained.function)
    }
}

impl<'a> ExplanationRecord<'a> {
    fn of(explained: &'a Explained, known: &'a ExplanationContext, number: usize) -> Self {
        let lines = known.lines(number);
        let Explained { function, rows } = explained;
        let rows = rows.iter().map(|row| RowRecord::of(row, lines)).collect();
        Self::Explanation {
            object: &function.object,
            name: &function.name,
            change: function.change,
            rows,
            line_numbers: known.line_numbers(number).map(LineNumbers::words),
        }
    }
}

impl<'a> ExplanationRecord<'a> {
    fn of_data(explained: &'a ExplainedData) -> Self {
        let ExplainedData { data, rows } = explained;
        Self::DataExplanation {
            object: &data.object,
            name: data.name.as_deref().unwrap_or_default(),
            rows: rows.iter().map(DataRowRecord::of).collect(),
        }
    }
}

/// An instruction of both versions, or of one.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ExplanationRow")]
pub(super) struct RowRecord<'a> {
    original: Option<Instruction<'a>>,
    patched: Option<Instruction<'a>>,
    /// In what both differ; empty where they mean the same.
    differs: &'a [String],
}

/// An instruction.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "ExplanationInstruction")]
struct Instruction<'a> {
    /// Which stretch of the function it is in: 0 is the first, cold parts follow.
    part: usize,
    /// Hexadecimal offset in that.
    offset: String,
    /// In the assembler's syntax, with names for addresses.
    text: &'a str,
    /// What special sections say about it.
    says: &'a [String],
    /// The rule by which checksums leave it out, if one does.
    left_out: Option<&'static str>,
    /// The source line that it comes from, `FILE:LINE`, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<String>,
}

impl<'a> Instruction<'a> {
    fn of(line: &'a InstructionLine, source: Option<&SourceText>) -> Self {
        let InstructionLine { part, offset, text, says, left_out, .. } = line;
        let (offset, line) = (format!("{offset:#x}"), source.map(place));
        Self { part: *part, offset, text, says, left_out: *left_out, line }
    }
}

fn place(source: &SourceText) -> String {
    format!("{}:{}", source.file, source.line)
}

impl<'a> RowRecord<'a> {
    fn of(row: &'a AlignedRow, lines: Option<&'a SourceLines>) -> Self {
        let (original, patched, differs): (_, _, &[String]) = match row {
            AlignedRow::Same(old, new) => (Some(old), Some(new), &[]),
            AlignedRow::Changed(old, new, differs) => (Some(old), Some(new), differs),
            AlignedRow::Removed(old) => (Some(old), None, &[]),
            AlignedRow::Added(new) => (None, Some(new), &[]),
        };
        let original = original
            .map(|line| Instruction::of(line, lines.and_then(|lines| lines.original(line))));
        let patched =
            patched.map(|line| Instruction::of(line, lines.and_then(|lines| lines.patched(line))));
        Self { original, patched, differs }
    }
}

pub(super) fn json(
    explained: &[Explained],
    known: &ExplanationContext,
    mut out: impl Write,
) -> io::Result<()> {
    let records = explained.iter().enumerate();
    json::stream(
        records.map(|(number, explained)| ExplanationRecord::of(explained, known, number)),
        &mut out,
    )?;
    for record in known.data.iter().map(ExplanationRecord::of_data) {
        json::line(&record, &mut out)?;
    }
    reasons::json(&known.why, out)
}

/// How listings are printed.
pub(super) struct ListingStyle {
    /// Same instructions around different ones.
    pub(super) context: usize,
    /// The columns of the terminal, where there is one.
    pub(super) width: Option<usize>,
}

pub(super) fn human(
    explained: &[Explained],
    known: &ExplanationContext,
    look: &ListingStyle,
    out: &mut PrintableLines<'_>,
) -> io::Result<()> {
    for (index, it) in explained.iter().enumerate() {
        let Explained { function, rows } = it;
        if index > 0 {
            writeln!(out)?;
        }
        let name = function.demangled.as_ref().unwrap_or(&function.name);
        let head = format!("{} {name}  {}", word(function.change), function.object);
        out.styled([(HEAD, head), (PLAIN, format!("  {}", causes(&function.causes)))])?;
        if let Some(numbers) = known.line_numbers(index) {
            writeln!(out, "  {}", numbers.words())?;
        }
        if let Some(reached) = known.why(it) {
            reasons::of_function(reached, &known.why, out)?;
        }
        for what in unseen(rows, &function.causes) {
            writeln!(out, "  no instruction shows it: {what}")?;
        }
        let shown = shown(rows, look.context);
        let mut gap = false;
        let mut at = None;
        for (row, is_shown) in rows.iter().zip(shown) {
            if !is_shown {
                gap = true;
                continue;
            }
            if std::mem::take(&mut gap) {
                out.styled([(DIM, "    …")])?;
            }
            let lines = known.lines(index);
            if let Some(sources) = lines.and_then(|lines| RowSources::of(row, lines))
                && at.as_ref().is_none_or(|at| !sources.say_what(at))
            {
                source_lines(&sources, out)?;
                at = Some(sources);
            }
            rows::print(row, look.width, out)?;
        }
    }
    for (index, data) in known.data.iter().enumerate() {
        if !explained.is_empty() || index > 0 {
            writeln!(out)?;
        }
        explained_data::human(data, out)?;
    }
    reasons::without_effect(&known.why, out)
}

fn source_lines(sources: &RowSources<'_>, out: &mut PrintableLines<'_>) -> io::Result<()> {
    let RowSources { original, patched } = sources;
    let are_two = original.is_some() && patched.is_some();
    for (sign, source) in [("- ", original), ("+ ", patched)] {
        if let Some(source) = source {
            let sign = if are_two || source.is_changed { sign } else { "" };
            let text = format!("{sign}{}  {}", place(source), words_of(source));
            out.styled([(SOURCE, text.trim_end().to_owned())])?;
        }
    }
    Ok(())
}

/// Which rows are shown: those that differ, and some around each.
pub(super) fn shown(rows: &[AlignedRow], context: usize) -> Vec<bool> {
    let around = |index: usize| {
        let start = index.saturating_sub(context);
        let end = index.saturating_add(context).saturating_add(1).min(rows.len());
        rows.get(start..end).unwrap_or_default().iter().any(AlignedRow::is_different)
    };
    (0..rows.len()).map(around).collect()
}
