//! An object whose local names were taken away beside one that has them.

use crate::checksum::Analysis;
use crate::elf::{Definition, ElfObject, Section, SymbolKind};

use super::proof::AnalysedVersions;

/// Why the two versions cannot be compared, if `strip` went over one of them: what the names told apart, and where
/// data starts and ends, is not in it any more.
pub(super) fn is_one(
    AnalysedVersions { original, patched }: &AnalysedVersions<'_>,
) -> Option<String> {
    let (stripped, other, names) = match (lacks_names(original), lacks_names(patched)) {
        (true, false) => ("original", "patched", &patched.elf),
        (false, true) => ("patched", "original", &original.elf),
        _ => return None,
    };
    let (files, names) = (names.files.len(), locals(names));
    (files > 0 && names > 0).then(|| {
        format!(
            "the {stripped} object was stripped of its local symbols, of which the {other} one has {names}: compare two \
             that were stripped alike (`strip --strip-debug` keeps what is needed)"
        )
    })
}

/// Whether nothing has a local name, though there is code or memory that no global name covers.
fn lacks_names(object: &Analysis<'_>) -> bool {
    let Analysis { elf, layout, .. } = object;
    let mut spans = layout.functions.iter().map(|function| layout.span(function.body));
    let is_memory = |section: &Section<'_>| {
        section.is_allocated() && section.is_writable() && !section.is_code() && section.size > 0
    };
    let mut memory = elf.sections.with_ids().filter(|(section, _)| is_memory(section));
    elf.files.is_empty()
        && locals(elf) == 0
        && (spans.any(|span| span.symbol.is_none())
            || memory.any(|(_, index)| layout.of_section(index).is_empty()))
}

/// How many functions and variables have a name that holds in the object only.
fn locals(elf: &ElfObject<'_>) -> usize {
    let is_named = |kind| matches!(kind, SymbolKind::Function | SymbolKind::Object);
    let symbols = elf.symbols.iter().filter(|symbol| {
        symbol.local && is_named(symbol.kind) && matches!(symbol.place, Definition::Section(_))
    });
    symbols.count()
}
