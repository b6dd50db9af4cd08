//! Constants with a name whose content changes. The kernel keeps its own, so the livepatch brings another and replaces
//! all functions that read it; that is right only where nobody can have its address, so that it has no identity.

use std::collections::BTreeSet;

use crate::arch::Access;
use crate::diff::Changes;
use crate::elf::{Definition, Place, SymbolId, SymbolKind};
use crate::kernel::Region;
use crate::layout::{FunctionId, Span, SpanId};
use crate::name;
use crate::record::Change;

use super::callers::is_left_out;
use super::pieces::{self, Piece};
use super::resolve::RelocUse;
use super::side::ObjectSide;
use super::sites::code_sites;
use super::source::{CorrelatedObject, CorrelatedObjects, DataFate, Fate, TouchedId};
use super::verdict::Verdict;

/// A constant with a name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamedConstant {
    object: String,
    /// Up to what a compiler numbers.
    name: String,
}

impl NamedConstant {
    /// The constant `name` of an object.
    #[must_use]
    pub fn new(object: &str, name: &str) -> Self {
        let base = name::base(name.as_bytes());
        let name = String::from_utf8_lossy(&base).into_owned();
        Self { object: object.to_owned(), name }
    }

    /// Those with another content, which a livepatch may bring with it.
    #[must_use]
    pub fn changed(changes: &Changes) -> BTreeSet<Self> {
        let constants = changes.data.iter().filter(|data| {
            let section = data.section.as_bytes();
            data.change == Change::Changed
                && Region::of_section(section, false, !section.starts_with(b".rodata"))
                    == Region::Constant
        });
        constants.filter_map(|data| Some(Self::new(&data.object, data.name.as_ref()?))).collect()
    }
}

/// Makes changed constants new ones where all of their readers can be replaced, and their readers changed functions.
pub(super) fn find(
    sources: &mut CorrelatedObjects<'_>,
    verdict: &mut Verdict,
) -> BTreeSet<NamedConstant> {
    bring(sources, verdict, |_, _, fate| match fate {
        DataFate::Changed(original) => Some(original),
        _ => None,
    })
}

/// The same of tables of places inside of functions that are replaced: the kernel's lead into the old ones.
pub(super) fn labels(
    sources: &mut CorrelatedObjects<'_>,
    verdict: &mut Verdict,
) -> BTreeSet<NamedConstant> {
    bring(sources, verdict, |source, span, fate| match fate {
        DataFate::Shared(original) if leads_into_replaced(source, span) => Some(original),
        _ => None,
    })
}

/// Brings the constants of which `original` gives the span in the original.
fn bring(
    sources: &mut CorrelatedObjects<'_>,
    verdict: &mut Verdict,
    original: impl Fn(&CorrelatedObject<'_>, SpanId, DataFate) -> Option<SpanId>,
) -> BTreeSet<NamedConstant> {
    let mut brought = BTreeSet::new();
    for source in sources {
        let wanted = source.data.iter();
        let wanted: Vec<(SpanId, SpanId)> = wanted
            .filter_map(|(span, fate)| Some((*span, original(source, *span, *fate)?)))
            .collect();
        for (span, original) in wanted {
            let Some((name, readers)) = readers(source, span, original) else { continue };
            let names: Vec<String> = readers.iter().map(|reader| source.name_of(*reader)).collect();
            let names = names.join(", ");
            let why = format!("the livepatch brings its own, and replaces what reads it: {names}");
            // Of what was linked, the object of the build that it comes from.
            let object = source.patched.object_of(span).to_owned();
            verdict.note("constant", &object, &name, why);
            for reader in readers {
                source.change(reader);
            }
            source.data.insert(span, DataFate::New);
            brought.insert(NamedConstant::new(&object, &name));
        }
    }
    brought
}

fn leads_into_replaced(source: &CorrelatedObject<'_>, span: SpanId) -> bool {
    labels_in(&source.patched, span).into_iter().flatten().any(|function| {
        let fate = source.fates.get(function).copied().flatten();
        fate.is_some_and(|fate| fate.is_replaced() || matches!(fate, Fate::Called(_)))
    })
}

/// The functions into whose insides the constant at `span` leads, if it holds nothing else than such places.
fn labels_in(side: &ObjectSide<'_>, span: SpanId) -> Option<BTreeSet<FunctionId>> {
    let place = side.analysis.layout.span(span);
    let section = side.analysis.elf.section(place.section);
    let targets = section.relocs.within(place.start, place.end).map(|reloc| {
        let Place { section: code, offset: at } = side.analysis.elf.place_of(&reloc)?;
        let span = side.analysis.layout.find(code, at)?;
        let is_inside = side.analysis.layout.span(span).start < at;
        side.owner(span).filter(|_| is_inside)
    });
    let targets: Option<BTreeSet<FunctionId>> = targets.collect();
    targets.filter(|targets| !targets.is_empty())
}

/// The name of the constant at `span`, and the functions of the patched object that read it or did so; none where it is
/// more than content.
fn readers(
    source: &CorrelatedObject<'_>,
    span: SpanId,
    original: SpanId,
) -> Option<(String, BTreeSet<FunctionId>)> {
    let before = source.original.as_ref()?;
    let name = constant(&source.patched, span)?;
    let was = constant(before, original)?;
    let mut readers = read_by(&source.patched, span)?;
    let mut were = read_by(before, original)?;
    if !source.is_whole {
        // A compiler can have given it another number there. Who has it without a name has changed with it.
        let running = source.running()?;
        let mut callers: Vec<String> = running.callers_of(|name| name == was).collect();
        if callers.is_empty() {
            let base = name::base(was.as_bytes());
            callers = running.callers_of(|name| name::base(name.as_bytes()) == base).collect();
        }
        for caller in callers {
            were.insert(before.function_named(&caller)?);
        }
    }
    for reader in were.into_iter().filter(|reader| !before.is_freed(*reader)) {
        readers.extend(source.now(reader));
    }
    readers.retain(|reader| !source.patched.is_freed(*reader));
    (!readers.is_empty()).then_some((name, readers))
}

/// The name of the constant at `span`, if only its own object knows it.
fn constant(side: &ObjectSide<'_>, span: SpanId) -> Option<String> {
    let symbol = side.analysis.layout.span(span).symbol?;
    let symbol = side.analysis.elf.symbol(symbol);
    let is_constant = symbol.local && side.region(span) == Region::Constant;
    is_constant.then(|| symbol.name_lossy().into_owned())
}

/// The functions whose instructions read what is at `span`; none where something has its address.
fn read_by(side: &ObjectSide<'_>, span: SpanId) -> Option<BTreeSet<FunctionId>> {
    let elf = &side.analysis.elf;
    let place = *side.analysis.layout.span(span);
    let labels = labels_in(side, span);
    let mut readers = BTreeSet::new();
    for (section, from) in elf.sections.with_ids() {
        if !section.is_allocated() || pieces::is_table(section.name) || is_left_out(section.name) {
            continue;
        }
        let refers = |symbol: SymbolId, addend: i64| means(side, symbol, addend, place);
        if !section.is_code() {
            if section
                .relocs
                .iter()
                .any(|reloc| reloc.raw != 0 && refers(reloc.symbol, reloc.addend))
            {
                return None;
            }
            continue;
        }
        let mut hits = section.relocs.iter().filter(|reloc| reloc.raw != 0).peekable();
        while let Some(reloc) = hits.next() {
            // In a linked kernel nearly all functions have nothing to do with it, and reading instructions takes long.
            let mut is_near = leads_near(side, reloc.symbol, place);
            let Some(span) = side.analysis.layout.find(from, reloc.offset) else {
                if is_near {
                    return None;
                }
                continue;
            };
            let own = side.analysis.layout.span(span);
            // Which object that is does not matter to who reads its code.
            let object = TouchedId::default();
            let piece = Piece { object, section: from, start: own.start, end: own.end };
            while let Some(next) = hits.next_if(|next| next.offset < own.end) {
                is_near |= leads_near(side, next.symbol, place);
            }
            if !is_near {
                continue;
            }
            for site in code_sites(side, section, piece).ok()? {
                if !refers(site.reloc.symbol, site.reloc.addend.wrapping_add(site.bias)) {
                    continue;
                }
                let owner = side.owner(span)?;
                // Places inside of a function are of use to nobody else.
                let is_own = labels.as_ref().is_some_and(|labels| labels.contains(&owner));
                let addend = site.reloc.addend.wrapping_add(site.bias);
                match site.usage {
                    // The next one starts there, and it is that which is read.
                    RelocUse::Operand(Access::Fixed(_))
                        if is_end(side, site.reloc.symbol, addend, place) =>
                    {
                        continue;
                    }
                    RelocUse::Operand(Access::Fixed(_) | Access::Indexed | Access::Strided) => {}
                    _ if is_own => {}
                    _ => return None,
                }
                readers.insert(owner);
            }
        }
    }
    Some(readers)
}

/// Whether a symbol is in the section of `place`.
fn leads_near(side: &ObjectSide<'_>, symbol: SymbolId, place: Span) -> bool {
    let symbol = side.analysis.elf.symbol(symbol);
    symbol.place == Definition::Section(place.section)
}

/// Whether the section's symbol and addend are the end of `place`.
fn is_end(side: &ObjectSide<'_>, symbol: SymbolId, addend: i64, place: Span) -> bool {
    let symbol = side.analysis.elf.symbol(symbol);
    symbol.kind == SymbolKind::Section && symbol.value.checked_add_signed(addend) == Some(place.end)
}

/// Whether symbol and addend can mean something in `place`.
fn means(side: &ObjectSide<'_>, symbol: SymbolId, addend: i64, place: Span) -> bool {
    let symbol = side.analysis.elf.symbol(symbol);
    if symbol.place != Definition::Section(place.section) {
        return false;
    }
    if symbol.kind != SymbolKind::Section {
        return symbol.value == place.start;
    }
    let spans = side.analysis.layout.of_section(place.section).len();
    let at = symbol.value.checked_add_signed(addend);
    spans == 1 || at.is_none_or(|at| (place.start..=place.end).contains(&at))
}
