//! The symbols of each place, and which of them names it.

use rayon::prelude::*;

use crate::elf::{Definition, ElfObject, SectionId, Symbol, SymbolId, SymbolKind};
use crate::ids::List;
use crate::name::Stability;
use crate::slices::SliceParts as _;

use super::{Few, Span};

/// Values and indices of symbols, by section and value.
pub(super) struct LabelIndex {
    sorted: Vec<(u64, SymbolId)>,
    /// By section, a range of `sorted`.
    ranges: List<SectionId, std::ops::Range<usize>>,
}

impl LabelIndex {
    pub(super) fn of(elf: &ElfObject<'_>) -> Self {
        let mut keyed: Vec<(SectionId, u64, SymbolId)> = elf
            .symbols
            .with_ids()
            .filter_map(|(symbol, index)| match (symbol.place, symbol.kind) {
                (_, SymbolKind::Section | SymbolKind::File) => None,
                (Definition::Section(section), _) => Some((section, symbol.value, index)),
                _ => None,
            })
            .collect();
        keyed.par_sort_unstable();
        let mut ranges: List<SectionId, std::ops::Range<usize>> = elf.sections.alongside();
        let mut from = 0;
        for labels in keyed.chunk_by(|one, other| one.0 == other.0) {
            let end = labels.len().saturating_add(from);
            if let Some((section, ..)) = labels.first() {
                ranges[*section] = from..end;
            }
            from = end;
        }
        Self { sorted: keyed.into_iter().map(|(_, value, index)| (value, index)).collect(), ranges }
    }

    pub(super) fn of_section(&self, section: SectionId) -> &[(u64, SymbolId)] {
        let std::ops::Range { start, end } = self.ranges[section];
        self.sorted.between(start, end)
    }
}

/// The order in which symbols at one place are preferred as its name, independent of the symbol
/// table: what has a size before what is empty, functions and objects before labels, names that hold
/// in another build before those that do not, global before local.
fn preference<'a>(symbol: &Symbol<'a>) -> (bool, bool, bool, bool, &'a [u8]) {
    let unstable = symbol.stability == Stability::Unstable;
    (symbol.size == 0, symbol.kind == SymbolKind::None, unstable, symbol.local, symbol.name)
}

/// The preferred one of the local `symbols`, if it has a name that holds in another build.
pub(super) fn best_local(elf: &ElfObject<'_>, symbols: &[SymbolId]) -> Option<SymbolId> {
    let local = symbols.iter().map(|index| (elf.symbol(*index), *index));
    let local = local.filter(|(symbol, _)| symbol.local && symbol.stability != Stability::Unstable);
    local.min_by_key(|(symbol, _)| preference(symbol)).map(|(_, index)| index)
}

/// Groups `labels` (sorted by value) by value, keeping those that `keep` takes.
pub(super) fn groups(
    elf: &ElfObject<'_>,
    labels: &[(u64, SymbolId)],
    keep: impl Fn(&Symbol<'_>) -> bool,
) -> Vec<(u64, u64, SymbolId)> {
    let mut groups: Vec<(u64, u64, SymbolId)> = Vec::new();
    for (_, index) in labels {
        let Some(symbol) = Some(elf.symbol(*index)).filter(|symbol| keep(symbol)) else { continue };
        match groups.last_mut() {
            Some((start, size, best)) if *start == symbol.value => {
                *size = (*size).max(symbol.size);
                let better = preference(symbol) < preference(elf.symbol(*best));
                if better {
                    *best = *index;
                }
            }
            _ => groups.push((symbol.value, symbol.size, *index)),
        }
    }
    groups
}

/// Function symbols (or, where there is none, labels) at the start of `span`, the best name first.
pub(super) fn symbols_at(elf: &ElfObject<'_>, labels: &LabelIndex, span: &Span) -> Few<SymbolId> {
    let labels = labels.of_section(span.section);
    let from = labels.partition_point(|(value, _)| *value < span.start);
    let mut here: Few<SymbolId> = labels
        .starting(from)
        .iter()
        .take_while(|(value, _)| *value == span.start)
        .map(|(_, index)| *index)
        .collect();
    if here.len() < 2 {
        return here;
    }
    here.sort_by_key(|index| preference(elf.symbol(*index)));
    let has_function = here.iter().any(|index| elf.symbol(*index).kind == SymbolKind::Function);
    if has_function {
        here.retain(|index| elf.symbol(*index).kind == SymbolKind::Function);
    }
    here
}
