//! What the kernel has under the name of a global that the original object does not define: it was defined by another
//! object, which the patch moved it from, or which goes on to define it.

use std::collections::BTreeSet;

use crate::elf::{Definition, SymbolId};
use crate::kernel::LinkedKernel;
use crate::layout::{FunctionId, SpanId};

use super::side::ObjectSide;
use super::source::{CorrelatedObject, CorrelatedObjects, DataFate, Fate, TouchedId};

/// Corrects the fates of global functions and variables by what the rest of the kernel defines.
pub(super) fn find(kernel: &LinkedKernel, sources: &mut CorrelatedObjects<'_>) {
    let mut functions = Vec::new();
    let mut data = Vec::new();
    let dead: Vec<BTreeSet<Vec<u8>>> =
        sources.iter().map(|source| VariableHome { kernel, sources, source }.dead()).collect();
    for (source, dead) in sources.iter_mut().zip(dead) {
        source.dead = dead;
    }
    for (source, object) in sources.with_ids() {
        let home = VariableHome { kernel, sources, source };
        for (fate, number) in source.fates.with_ids() {
            let fate = fate.and_then(|fate| home.function(number, fate));
            functions.extend(fate.map(|fate| (object, number, fate)));
        }
        for (span, fate) in &source.data {
            let fate = home.data(*span, *fate);
            data.extend(fate.map(|fate| (object, *span, fate)));
        }
    }
    for (object, number, fate) in functions {
        sources[object].fates[number] = Some(fate);
    }
    for (object, span, fate) in data {
        sources[object].data.insert(span, fate);
    }
}

struct VariableHome<'h, 'a> {
    kernel: &'h LinkedKernel,
    sources: &'h CorrelatedObjects<'a>,
    source: &'h CorrelatedObject<'a>,
}

impl VariableHome<'_, '_> {
    /// The weak names of its functions under which the kernel has another one.
    fn dead(&self) -> BTreeSet<Vec<u8>> {
        let weak = |side: &ObjectSide<'_>, number: FunctionId| -> Vec<Vec<u8>> {
            let symbols = side.symbols_of(number).map(|(_, symbol)| symbol);
            let symbols = symbols.filter(|symbol| symbol.weak && !symbol.local);
            symbols.map(|symbol| symbol.name.to_vec()).collect()
        };
        let mut dead = BTreeSet::new();
        for (fate, number) in self.source.fates.with_ids() {
            let Some(fate) = *fate else { continue };
            let names = weak(&self.source.patched, number).into_iter();
            dead.extend(names.filter(|name| self.is_overridden(fate, name)));
        }
        if let Some(running) = self.source.running() {
            for (_, number) in running.analysis.layout.functions.with_ids() {
                let names = weak(running, number).into_iter();
                dead.extend(names.filter(|name| self.is_dead(number, name)));
            }
        }
        dead
    }

    /// What a function is beyond what its own object says of it.
    fn function(&self, number: FunctionId, fate: Fate) -> Option<Fate> {
        let symbols = || self.source.patched.symbols_of(number).map(|(_, symbol)| symbol);
        if !symbols().any(|symbol| !symbol.local) {
            return None;
        }
        let mut alive = symbols().filter(|symbol| !self.source.is_dead(symbol));
        let Some(global) = alive.find(|symbol| !symbol.local) else {
            let is_local = symbols().any(|symbol| symbol.local);
            return (!is_local).then_some(Fate::Overridden);
        };
        (fate == Fate::Added && self.has(global.name)).then_some(Fate::Moved)
    }

    /// Whether another function than the one of `fate` is meant by its weak `name`.
    fn is_overridden(&self, fate: Fate, name: &[u8]) -> bool {
        let has_strong = strong(self.sources, self.source.linked, name).is_some();
        has_strong
            || match fate {
                Fate::Added => self.has(name),
                Fate::Same(original) | Fate::Changed(original) => {
                    let running = self.source.running_function(original);
                    running.is_some_and(|running| self.is_dead(running, name))
                }
                _ => false,
            }
    }

    /// Whether what the running object defines under `name` is not what the kernel has.
    fn is_dead(&self, running: FunctionId, name: &[u8]) -> bool {
        use super::position::PositionError;
        let Some(side) = self.source.running() else { return false };
        let mut own = side.symbols_of(running).filter(|(_, symbol)| symbol.name == name);
        let position = own.next().map(|(index, _)| self.kernel.position(self.source, index));
        matches!(position, Some(Err(PositionError::Overridden(_))))
    }

    fn data(&self, span: SpanId, fate: DataFate) -> Option<DataFate> {
        if fate != DataFate::New {
            return None;
        }
        let symbol = self.source.patched.analysis.layout.span(span).symbol?;
        let symbol = self.source.patched.analysis.elf.symbol(symbol);
        if symbol.weak && strong(self.sources, self.source.linked, symbol.name).is_some() {
            return Some(DataFate::Overridden);
        }
        if symbol.local || !self.has(symbol.name) {
            return None;
        }
        let before = self.sources.iter().filter(|source| source.linked == self.source.linked);
        let mut regions = before.filter_map(|source| {
            let side = source.original.as_ref()?;
            let was = side.data_named(symbol.name)?;
            Some((side.region(was), side.is_alike(was, &self.source.patched, span)))
        });
        let is = self.source.patched.region(span);
        Some(match regions.next() {
            Some((was, _)) if was != is => DataFate::Other(was, is),
            Some((_, true)) => DataFate::Moved,
            None if symbol.weak => DataFate::Overridden,
            // The kernel's keeps its size and what was written into it.
            Some((_, false)) | None => DataFate::Second,
        })
    }

    /// Whether the kernel has a global `name` that lasts where this is linked to.
    fn has(&self, name: &[u8]) -> bool {
        let symbols = self.kernel.symbols_of(self.source.linked);
        symbols.is_some_and(|symbols| symbols.lasting_global(name).is_some())
    }
}

/// The definition that linkers take for `name` in `linked` among those of the patched objects: source and symbol.
pub(super) fn definition(
    sources: &CorrelatedObjects<'_>,
    linked: &str,
    name: &[u8],
) -> Option<(TouchedId, SymbolId)> {
    strong(sources, linked, name).or_else(|| defined(sources, linked, name, true))
}

fn strong(
    sources: &CorrelatedObjects<'_>,
    linked: &str,
    name: &[u8],
) -> Option<(TouchedId, SymbolId)> {
    defined(sources, linked, name, false)
}

fn defined(
    sources: &CorrelatedObjects<'_>,
    linked: &str,
    name: &[u8],
    weak: bool,
) -> Option<(TouchedId, SymbolId)> {
    let mut own = sources.with_ids().filter(|(source, _)| source.linked == linked);
    own.find_map(|(source, object)| {
        let symbols = source.patched.analysis.elf.symbols.with_ids();
        let mut found = symbols.filter(|(symbol, _)| {
            !symbol.local
                && symbol.name == name
                && symbol.weak == weak
                && matches!(symbol.place, Definition::Section(_))
        });
        found.next().map(|(_, index)| (object, index))
    })
}

/// Variables that the patch takes away, and new ones that functions use which used those: object, new names and old name.
pub(super) fn in_place_of(
    sources: &CorrelatedObjects<'_>,
    is_copied: impl Fn(TouchedId, SpanId) -> bool,
) -> Vec<(TouchedId, String, String)> {
    let mut found = Vec::new();
    for (source, object) in sources.with_ids() {
        let Some(original) = &source.original else { continue };
        let new = source.data.iter().filter(|(_, fate)| **fate == DataFate::New);
        let new = new.filter_map(|(span, _)| Some((*span, source.patched.variable(*span)?.0)));
        let new: Vec<String> =
            new.filter(|(span, _)| is_copied(object, *span)).map(|(_, name)| name).collect();
        for (_, was, _) in source.gone() {
            let users: BTreeSet<String> = original.callers_of(|name| name == was).collect();
            let takes_over = |name: &&String| {
                source.patched.callers_of(|other| other == *name).any(|user| users.contains(&user))
            };
            let names: Vec<String> = new.iter().filter(takes_over).cloned().collect();
            found.extend((!names.is_empty()).then(|| (object, names.join(", "), was)));
        }
    }
    found
}
