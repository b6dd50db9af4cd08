//! Names that other objects can refer to.

use std::borrow::Cow;
use std::collections::BTreeSet;

use foldhash::HashMap;
use rayon::prelude::*;

use crate::elf::{Definition, SectionId, Symbol, SymbolKind};

use super::UnitKind;
use super::correspond::{self, Sink};
use super::difference::{Difference, DifferenceKind};
use super::left::UnpairedResult;
use super::names;
use super::sections::SectionPurpose;
use super::side::{ByteRange, Owner, ProofSide};
use super::target::{MemoryUse, Target};
use super::world::World;

/// Compares the names of both objects.
pub(super) fn compare<'a>(world: &World<'a>) -> Vec<UnpairedResult<'a>> {
    let [a, b] = &world.sides;
    let (ours, theirs) = rayon::join(|| by_name(a), || by_name(b));
    let bases = |symbols: &HashMap<&'a [u8], &'a Symbol<'a>>| -> BTreeSet<Vec<u8>> {
        let numbered = symbols.keys().map(|name| (base(name), *name));
        numbered
            .filter(|(base, name)| **base != **name)
            .map(|(base, _)| base.into_owned())
            .collect()
    };
    let (our_bases, their_bases) = (bases(&ours), bases(&theirs));
    let of_patched = |(name, is): &(&&'a [u8], &&'a Symbol<'a>)| {
        let Some(was) = ours.get(*name) else {
            let is_new = is_alias(world, b, is)
                && !is_renumbered(name, &our_bases)
                && !was_local(world, is, false);
            return is_new.then(|| alone(is, false));
        };
        let mut sink = Sink::default();
        let result = same(world, was, is, &mut sink);
        (result.is_err() || !sink.edges.is_empty()).then(|| {
            let range = range(is).unwrap_or_default();
            let name = Some(is.name_lossy().into_owned());
            UnpairedResult { range, is_original: false, name, result, sink }
        })
    };
    let mut all: Vec<_> = theirs.iter().collect();
    all.par_sort_unstable_by_key(|(name, _)| **name);
    let mut found: Vec<UnpairedResult<'a>> = all.par_iter().filter_map(of_patched).collect();
    let mut gone: Vec<_> = ours.iter().filter(|(name, _)| !theirs.contains_key(*name)).collect();
    gone.sort_unstable_by_key(|(name, _)| **name);
    for (name, was) in gone {
        if is_alias(world, a, was)
            && !is_renumbered(name, &their_bases)
            && !was_local(world, was, true)
        {
            found.push(alone(was, true));
        }
    }
    found
}

fn is_renumbered(name: &[u8], bases: &BTreeSet<Vec<u8>>) -> bool {
    let base = base(name);
    *base != *name && bases.contains(&*base)
}

/// The name without what a compiler numbers, and of an initcall's stub (`__initstub__kmod_x__ID_LINE_fn6`) without any
/// number.
fn base(name: &[u8]) -> Cow<'_, [u8]> {
    if name.starts_with(b"__initstub__") {
        return name.iter().copied().filter(|byte| !byte.is_ascii_digit()).collect();
    }
    names::base(name)
}

fn by_name<'a>(side: &ProofSide<'a>) -> HashMap<&'a [u8], &'a Symbol<'a>> {
    let symbols = side.object.symbols.iter().filter(|symbol| {
        let counts = match symbol.place {
            Definition::Section(section) => {
                !matches!(side.meaning(section).class, SectionPurpose::LeftOut(_))
            }
            Definition::Undefined => false,
            Definition::Absolute => !symbol.name.starts_with(b"__crc_"),
            Definition::Common => true,
        };
        // A prefix is compared with its function.
        let is_prefix = names::is_prefix(symbol.name);
        counts && !symbol.local && !is_prefix && !names::is_temporary(symbol.name)
    });
    symbols.map(|symbol| (symbol.name, symbol)).collect()
}

fn range(symbol: &Symbol<'_>) -> Option<ByteRange> {
    let Definition::Section(section) = symbol.place else { return None };
    let end = symbol.end();
    Some(ByteRange { section, start: symbol.value, end })
}

/// Whether it stands on a unit of both objects that is not reported already. A number or a tentative definition is no name for
/// anything else, so that nothing else could report it.
fn is_alias(world: &World<'_>, side: &ProofSide<'_>, symbol: &Symbol<'_>) -> bool {
    let Definition::Section(section) = symbol.place else { return true };
    side.units_at(section, symbol.value).iter().any(|unit| match unit.owner {
        Owner::Pair(pair) => unit.start == symbol.value && world.pair(pair).equal,
        Owner::Lone => false,
    })
}

/// Whether the partner of what the symbol stands on has the same name, as a local one: LLVM makes local ones global with
/// a number behind the name.
fn was_local(world: &World<'_>, symbol: &Symbol<'_>, is_original: bool) -> bool {
    let [a, b] = &world.sides;
    let (side, other) = if is_original { (a, b) } else { (b, a) };
    let Definition::Section(section) = symbol.place else { return false };
    side.units_at(section, symbol.value).iter().any(|unit| {
        let Owner::Pair(number) = unit.owner else { return false };
        let pair = world.pair(number);
        let there = if is_original { pair.patched } else { pair.original };
        let mut named = other.symbols(there.section, there.start, there.start.saturating_add(1));
        let base = base(symbol.name);
        named.any(|(_, it)| {
            it.name == symbol.name || *base != *symbol.name && self::base(it.name) == base
        })
    })
}

fn alone<'a>(symbol: &Symbol<'_>, is_original: bool) -> UnpairedResult<'a> {
    let change = if is_original { "is gone" } else { "is new" };
    let text = format!("the name {} {change}", symbol.name_lossy());
    UnpairedResult {
        range: range(symbol).unwrap_or_default(),
        is_original,
        name: Some(symbol.name_lossy().into_owned()),
        result: Err(Difference::new(DifferenceKind::Symbol, 0, text)),
        sink: Sink::default(),
    }
}

fn same<'a>(
    world: &World<'a>,
    was: &Symbol<'a>,
    is: &Symbol<'a>,
    sink: &mut Sink<'a>,
) -> Result<(), Difference> {
    let name = is.name_lossy();
    let fail = |text: String| Err(Difference::new(DifferenceKind::Symbol, 0, text));
    match (was.place, is.place) {
        (Definition::Section(from), Definition::Section(to)) => {
            let [a, b] = &world.sides;
            let is_reported = |side: &ProofSide<'_>, section: SectionId, at: u64| {
                side.units_at(section, at).iter().any(|unit| match unit.owner {
                    Owner::Pair(number) => {
                        let pair = world.pair(number);
                        let is_function = pair.sort == UnitKind::Function;
                        !pair.equal || is_function && world.alignment(number).is_none()
                    }
                    Owner::Lone => true,
                })
            };
            if is_reported(a, from, was.value) || is_reported(b, to, is.value) {
                return Ok(());
            }
            let place = |section: SectionId, symbol: &Symbol<'_>| Target::Place {
                section,
                offset: symbol.value.cast_signed(),
                symbol: None,
            };
            let (from, to) = (place(from, was), place(to, is));
            // How long what it names is, is compared there; here it is where that is.
            correspond::correspond(world, &from, &to, MemoryUse::Load(1), 0, sink)
                .or_else(|_| correspond::correspond(world, &from, &to, MemoryUse::Address, 0, sink))
                .map_err(|text| {
                    let text = format!("the name {name} stands at {text}");
                    Difference::new(DifferenceKind::Symbol, 0, text)
                })?;
        }
        (Definition::Absolute, Definition::Absolute) if was.value != is.value => {
            return fail(format!("{name} is {:#x} instead of {:#x}", is.value, was.value));
        }
        (Definition::Common, Definition::Common)
            if (was.size, was.value) != (is.size, is.value) =>
        {
            let what =
                if was.size == is.size { DifferenceKind::Alignment } else { DifferenceKind::Size };
            let text = format!(
                "{name} has {} bytes aligned to {} instead of {} aligned to {}",
                is.size, is.value, was.size, was.value
            );
            return Err(Difference::new(what, 0, text));
        }
        (Definition::Absolute, Definition::Absolute) | (Definition::Common, Definition::Common) => {
        }
        // -fcommon or not.
        (Definition::Common, Definition::Section(_))
        | (Definition::Section(_), Definition::Common)
            if was.size == is.size => {}
        _ => return fail(format!("{name} is defined in another way")),
    }
    if was.weak != is.weak {
        return fail(format!("{name} is {}", if is.weak { "weak" } else { "not weak any more" }));
    }
    if was.kind != is.kind || was.indirect != is.indirect {
        return fail(format!("{name} is of another type"));
    }
    if was.kind == SymbolKind::Object && was.size != is.size {
        return fail(format!("{name} has {} bytes instead of {}", is.size, was.size));
    }
    Ok(())
}
