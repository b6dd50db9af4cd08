//! Claims by name alone: what is called the same is one thing, and equal.

use std::collections::BTreeMap;

use klp_core::elf::{Definition, ElfObject, Place, Symbol, SymbolKind};
use klp_core::prove::{Claims, UnitKind, UnitPair};

/// Names that say nothing of what they name.
fn is_unstable(name: &str) -> bool {
    const UNSTABLE: [&str; 10] = [
        "__func__",
        "__key",
        "__flags",
        "__warned",
        "__already_done",
        "_rs",
        "descriptor",
        "CSWTCH",
        "__PRETTY_FUNCTION__",
        "__UNIQUE_ID_ddebug",
    ];
    let base = name.split('.').next().unwrap_or(name);
    name.starts_with(".L")
        || name.contains(".cold")
        || name.starts_with("__cfi_")
        || name.starts_with("__pfx_")
        || name.starts_with("__BTF_ID__")
        || UNSTABLE.iter().any(|it| base == *it || it.ends_with("ddebug") && base.starts_with(it))
}

type Units = BTreeMap<(String, usize), (UnitKind, Place)>;

fn units(object: &ElfObject<'_>) -> Units {
    let mut found = Units::new();
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut add = |symbol: &Symbol<'_>, unit: UnitKind| {
        let Definition::Section(section) = symbol.place else { return };
        let name = symbol.name_lossy().into_owned();
        if is_unstable(&name) {
            return;
        }
        let count = seen.entry(name.clone()).or_default();
        found.insert((name, *count), (unit, section.at(symbol.value)));
        *count += 1;
    };
    for symbol in &object.symbols {
        match symbol.kind {
            SymbolKind::Function => add(symbol, UnitKind::Function),
            SymbolKind::Object => add(symbol, UnitKind::Data),
            _ => {}
        }
    }
    found
}

pub(crate) fn by_name(original: &ElfObject<'_>, patched: &ElfObject<'_>) -> Claims {
    let (ours, theirs) = (units(original), units(patched));
    let mut claims = Claims::default();
    for (name, (unit, at)) in &ours {
        match theirs.get(name) {
            Some((other, patched)) if other == unit => {
                let (original, patched) = (*at, *patched);
                claims.pairs.push(UnitPair { unit: *unit, original, patched, equal: true });
            }
            _ => claims.removed.push(*at),
        }
    }
    let is_new = |(name, (unit, _)): &(&_, &(UnitKind, Place))| {
        ours.get(*name).is_none_or(|(other, _)| other != unit)
    };
    claims.added = theirs.iter().filter(is_new).map(|(_, (_, at))| *at).collect();
    claims
}
