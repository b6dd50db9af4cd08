//! Which spans are one function.

use foldhash::{HashMap, HashMapExt as _, HashSet};

use rayon::iter::Either;
use rayon::prelude::*;

use crate::arch::{Arch as _, for_machine};
use crate::elf::{ElfObject, Symbol, SymbolId, SymbolKind};
use crate::ids::List;
use crate::name;
use crate::slices::SliceParts as _;

use super::labels::{LabelIndex, symbols_at};
use super::{Few, Function, FunctionId, Span, SpanId};

/// A stretch whose name says that it is a part of a function.
struct NamedStretch<'a> {
    span: SpanId,
    symbol: &'a Symbol<'a>,
    symbols: Few<SymbolId>,
}

/// The functions among `spans`, in the order of their bodies.
pub(super) fn functions(
    elf: &ElfObject<'_>,
    spans: &List<SpanId, Span>,
    labels: &LabelIndex,
) -> List<FunctionId, Function> {
    let spans_of_code = spans.par_with_ids().with_min_len(1024);
    let code = spans_of_code.filter(|(span, _)| elf.section(span.section).is_code());
    let (mut functions, parts): (Vec<Function>, Vec<NamedStretch<'_>>) =
        code.partition_map(|(span, id)| {
            let Some(symbol) = span.symbol.map(|symbol| elf.symbol(symbol)) else {
                return Either::Left(Function::new(id, Few::new()));
            };
            let symbols = symbols_at(elf, labels, span);
            if is_part(symbol) {
                Either::Right(NamedStretch { span: id, symbol, symbols })
            } else {
                Either::Left(Function::new(id, symbols))
            }
        });
    let by_name = by_name(elf, &functions, &parts);
    let mut alone = Vec::new();
    let mut behind = 0;
    for NamedStretch { span, symbol, symbols } in parts {
        let is_before = |function: &&Function| function.body < span;
        let rest = functions.starting(behind);
        behind = behind.saturating_add(rest.iter().take_while(is_before).count());
        let is_cold = name::cold_parent(symbol.name).is_some();
        let parent = if is_cold {
            parent_of_cold(symbol, &by_name)
        } else {
            parent_of_prefix(elf, spans, (span, symbol), &functions, behind)
        };
        let Some(function) = parent.and_then(|parent| functions.get_mut(parent)) else {
            alone.push(Function::new(span, symbols));
            continue;
        };
        if is_cold {
            function.cold.push(span);
        } else {
            function.prefix = Some(span);
        }
        function.part_symbols.extend(symbols);
    }
    if !alone.is_empty() {
        functions.extend(alone);
        functions.sort_by_key(|function| function.body);
    }
    functions.into()
}

/// Whether it is a cold part or a prefix, if there is a function of that name.
fn is_part(symbol: &Symbol<'_>) -> bool {
    let parent = name::cold_parent(symbol.name).or_else(|| name::prefix_parent(symbol.name));
    // LLVM gives the blocks of a function no type.
    parent.is_some() && (symbol.kind == SymbolKind::Function || name::is_block(symbol.name))
}

/// Functions by source file and name.
type ByName<'a> = HashMap<(Option<u32>, &'a [u8]), Vec<usize>>;

/// Finds `functions` by the names that cold `parts` ask for.
fn by_name<'a>(
    elf: &ElfObject<'a>,
    functions: &[Function],
    parts: &[NamedStretch<'a>],
) -> ByName<'a> {
    let wanted: HashSet<&[u8]> =
        parts.iter().filter_map(|part| name::cold_parent(part.symbol.name)).collect();
    let mut by_name = ByName::new();
    for (function, number) in functions.iter().zip(0usize..) {
        for symbol in function.symbols.iter().map(|symbol| elf.symbol(*symbol)) {
            if wanted.contains(symbol.name) {
                by_name.entry((symbol.file, symbol.name)).or_default().push(number);
            }
        }
    }
    by_name
}

/// The function that a cold part belongs to, if that is certain.
fn parent_of_cold(symbol: &Symbol<'_>, by_name: &ByName<'_>) -> Option<usize> {
    let wanted = name::cold_parent(symbol.name)?;
    let candidates =
        [symbol.file, None].into_iter().find_map(|file| by_name.get(&(file, wanted)))?;
    match candidates.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The function that a prefix belongs to: it is followed by it, but for NOPs. Those from `behind` on are behind it.
fn parent_of_prefix(
    elf: &ElfObject<'_>,
    spans: &List<SpanId, Span>,
    (span, symbol): (SpanId, &Symbol<'_>),
    functions: &[Function],
    behind: usize,
) -> Option<usize> {
    let wanted = name::prefix_parent(symbol.name)?;
    let prefix = &spans[span];
    let end = (prefix.section, prefix.end);
    let place = |function: &Function| {
        let body = &spans[function.body];
        (body.section, body.start)
    };
    let is_inside = |function: &Function| place(function) < end;
    let rest = functions.get(behind..)?;
    let inside = match rest.first() {
        Some(first) if is_inside(first) => rest.partition_point(is_inside),
        _ => 0,
    };
    let next = behind.saturating_add(inside);
    let function = functions.get(next)?;
    let (_, start) = Some(place(function)).filter(|(section, _)| *section == prefix.section)?;
    // NOPs for patching can stand between both.
    let between = start.checked_sub(prefix.end)?;
    let between = elf.section(prefix.section).bytes(prefix.end, between)?;
    if for_machine!(elf.machine, A => A::padding(between)) != between.len() {
        return None;
    }
    let mut symbols = function.symbols.iter().map(|symbol| elf.symbol(*symbol));
    let is_wanted =
        |own: &Symbol<'_>| own.name == wanted && (own.file == symbol.file || own.file.is_none());
    (function.prefix.is_none() && symbols.any(is_wanted)).then_some(next)
}
