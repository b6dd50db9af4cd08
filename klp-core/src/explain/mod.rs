//! Both versions of a changed function, instruction by instruction, in words.
//!
//! Operands are shown as the digest sees them: by symbols, and by the content of what has no name.

mod align;
mod data;
mod fact;
mod listing;
mod place;
mod reference;
mod said;
mod unseen;

pub use align::{AlignedRow, ChangedNumber};
pub use data::{DataRow, DataVersion, MOST_ROWS, data_rows};
pub use listing::InstructionLine;
pub use unseen::unseen;

use crate::checksum::Analysis;
use crate::debug::CodeStretch;
use crate::elf::SymbolId;
use crate::layout::FunctionId;

/// The functions of an object that have that name.
#[must_use]
pub fn named(analysis: &Analysis<'_>, name: &str) -> Vec<FunctionId> {
    let functions = analysis.layout.functions.with_ids();
    let has_name = |symbols: &[SymbolId]| {
        let mut symbols = symbols.iter().map(|symbol| analysis.elf.symbol(*symbol));
        symbols.any(|symbol| symbol.name == name.as_bytes())
    };
    functions.filter(|(function, _)| has_name(&function.symbols)).map(|(_, id)| id).collect()
}

/// The rows of a listing of the function `original` of one object beside `patched` of the other.
#[must_use]
pub fn rows(
    (before, original): (&Analysis<'_>, FunctionId),
    (after, patched): (&Analysis<'_>, FunctionId),
) -> Vec<AlignedRow> {
    align::align(&listing::lines(before, original), &listing::lines(after, patched))
}

/// The lines of a function that only one of both versions has.
#[must_use]
pub fn lines(analysis: &Analysis<'_>, function: FunctionId) -> Vec<InstructionLine> {
    listing::lines(analysis, function)
}

/// Where the instructions of a function begin, as part and offset.
#[must_use]
pub fn places(analysis: &Analysis<'_>, function: FunctionId) -> Vec<(usize, u64)> {
    listing::places(analysis, function)
}

/// Where a function is: its stretches, in the order in which [`InstructionLine::part`] counts them.
#[must_use]
pub fn stretches(analysis: &Analysis<'_>, function: FunctionId) -> Vec<CodeStretch> {
    let spans = analysis.layout.functions[function].spans();
    let spans = spans.map(|span| analysis.layout.span(span));
    spans.map(|it| CodeStretch { section: it.section, start: it.start, end: it.end }).collect()
}
