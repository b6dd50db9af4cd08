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

pub use align::Row;
pub use data::{DataRow, DataVersion, MOST_ROWS, data_rows};
pub use listing::Line;
pub use unseen::unseen;

use crate::checksum::Analysis;
use crate::debug::Stretch;

/// The functions of an object that have that name.
#[must_use]
pub fn named(analysis: &Analysis<'_>, name: &str) -> Vec<usize> {
    let functions = analysis.layout.functions.iter().enumerate();
    let has_name = |symbols: &[u32]| {
        let mut symbols = symbols.iter().filter_map(|symbol| analysis.elf.symbol(*symbol));
        symbols.any(|symbol| symbol.name == name.as_bytes())
    };
    functions
        .filter(|(_, function)| has_name(&function.symbols))
        .map(|(number, _)| number)
        .collect()
}

/// The rows of a listing of the function `original` of one object beside `patched` of the other; both are numbers of
/// [`crate::layout::Layout::functions`].
#[must_use]
pub fn rows(
    (before, original): (&Analysis<'_>, usize),
    (after, patched): (&Analysis<'_>, usize),
) -> Vec<Row> {
    align::align(&listing::lines(before, original), &listing::lines(after, patched))
}

/// The lines of a function that only one of both versions has.
#[must_use]
pub fn lines(analysis: &Analysis<'_>, function: usize) -> Vec<Line> {
    listing::lines(analysis, function)
}

/// Where the instructions of a function begin, as part and offset.
#[must_use]
pub fn places(analysis: &Analysis<'_>, function: usize) -> Vec<(usize, u64)> {
    listing::places(analysis, function)
}

/// Where the function of that number is: its stretches, in the order in which [`Line::part`] counts them.
#[must_use]
pub fn stretches(analysis: &Analysis<'_>, function: usize) -> Vec<Stretch> {
    let function = analysis.layout.functions.get(function);
    let spans = function.into_iter().flat_map(crate::layout::Function::spans);
    let spans = spans.filter_map(|span| analysis.layout.span(span));
    spans.map(|it| Stretch { section: it.section, start: it.start, end: it.end }).collect()
}
