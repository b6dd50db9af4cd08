//! Which spans are one function.

use foldhash::{HashMap, HashMapExt as _, HashSet};

use rayon::iter::Either;
use rayon::prelude::*;

use crate::elf::{ElfObject, Section, Symbol, SymbolKind};
use crate::name;

use super::labels::{Labels, symbols_at};
use super::{Few, Function, Span};

/// The functions among `spans`, in the order of their bodies.
pub(super) fn functions(elf: &ElfObject<'_>, spans: &[Span], labels: &Labels) -> Vec<Function> {
    let code = spans.par_iter().enumerate().with_min_len(1024).filter(|(_, span)| {
        let section = elf.section(span.section);
        section.is_some_and(Section::is_code)
    });
    let (mut functions, parts): (Vec<Function>, Vec<(u32, &Symbol<'_>)>) =
        code.partition_map(|(index, span)| {
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            let symbol = span.symbol.and_then(|symbol| elf.symbol(symbol));
            match symbol.filter(|symbol| is_part(symbol)) {
                Some(symbol) => Either::Right((index, symbol)),
                None if symbol.is_none() => Either::Left(Function::new(index, Few::new())),
                None => Either::Left(Function::new(index, symbols_at(elf, labels, span))),
            }
        });
    let by_name = by_name(elf, &functions, &parts);
    for (span, symbol) in parts {
        let parent = parent_of(symbol, spans.get(span as usize), &functions, spans, &by_name);
        if let Some(function) = parent.and_then(|parent| functions.get_mut(parent)) {
            if name::cold_parent(symbol.name).is_some() {
                function.cold.push(span);
            } else {
                function.prefix = Some(span);
            }
            let symbols = spans.get(span as usize).map(|span| symbols_at(elf, labels, span));
            function.part_symbols.extend(symbols.unwrap_or_default());
        } else {
            let symbols = spans.get(span as usize).map(|span| symbols_at(elf, labels, span));
            functions.push(Function::new(span, symbols.unwrap_or_default()));
        }
    }
    functions.sort_unstable_by_key(|function| function.body);
    functions
}

/// Whether it is a cold part or a prefix, if there is a function of that name.
fn is_part(symbol: &Symbol<'_>) -> bool {
    symbol.kind == SymbolKind::Function && parent_name(symbol.name).is_some()
}

/// Functions by source file and name.
type ByName<'a> = HashMap<(Option<u32>, &'a [u8]), Vec<usize>>;

/// Finds `functions` by the names that `parts` ask for.
fn by_name<'a>(
    elf: &ElfObject<'a>,
    functions: &[Function],
    parts: &[(u32, &Symbol<'a>)],
) -> ByName<'a> {
    let wanted: HashSet<&[u8]> =
        parts.iter().filter_map(|(_, part)| parent_name(part.name)).collect();
    let mut by_name = ByName::new();
    for (function, number) in functions.iter().zip(0usize..) {
        for symbol in function.symbols.iter().filter_map(|symbol| elf.symbol(*symbol)) {
            if wanted.contains(symbol.name) {
                by_name.entry((symbol.file, symbol.name)).or_default().push(number);
            }
        }
    }
    by_name
}

/// The name of the function that a cold part or a prefix belongs to.
fn parent_name(name: &[u8]) -> Option<&[u8]> {
    name::cold_parent(name).or_else(|| name::prefix_parent(name))
}

/// The function that a cold part or a prefix belongs to, if that is certain.
fn parent_of(
    symbol: &Symbol<'_>,
    span: Option<&Span>,
    functions: &[Function],
    spans: &[Span],
    by_name: &ByName<'_>,
) -> Option<usize> {
    let wanted = parent_name(symbol.name)?;
    let candidates =
        [symbol.file, None].into_iter().find_map(|file| by_name.get(&(file, wanted)))?;
    if name::cold_parent(symbol.name).is_some() {
        return match candidates.as_slice() {
            [only] => Some(*only),
            _ => None,
        };
    }
    // A prefix is followed by its function at once.
    candidates.iter().copied().find(|candidate| {
        let body = functions.get(*candidate).and_then(|function| spans.get(function.body as usize));
        matches!((body, span), (Some(body), Some(span))
            if body.section == span.section && body.start == span.end && !functions[*candidate].has_prefix())
    })
}
