//! What symbols mean on both sides, so that most references are seen to correspond without a look at either place.

use rayon::prelude::*;

use crate::elf::{Place, Reloc, RelocKind, Symbol, SymbolKind};

use super::names;
use super::sections::Class;
use super::side::{Owner, Side};

/// What a symbol stands for. Where two have the same, everything as far from one as from the other corresponds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key<'a> {
    /// A place of a pair: of data, or of a function whose versions correspond byte by byte.
    Pair(u32, u64),
    /// A name of another object that has no number.
    Undefined { name: &'a [u8], weak: bool },
}

/// The keys of the symbols of both objects.
#[derive(Default)]
pub(super) struct Keys<'a> {
    sides: [Vec<Option<Key<'a>>>; 2],
}

impl<'a> Keys<'a> {
    /// `is_fixed` says of a pair whether its versions correspond byte by byte.
    pub(super) fn of(sides: &[Side<'a>; 2], is_fixed: impl Fn(u32) -> bool + Sync) -> Self {
        let [a, b] = sides;
        let (original, patched) = rayon::join(|| keys(a, &is_fixed), || keys(b, &is_fixed));
        Self { sides: [original, patched] }
    }

    /// Whether both refer to one thing, whatever is added to their own readings.
    pub(super) fn mean_one(&self, original: &Reloc, patched: &Reloc) -> bool {
        let [ours, theirs] = &self.sides;
        let ours = ours.get(original.symbol as usize).copied().flatten();
        let theirs = || theirs.get(patched.symbol as usize).copied().flatten();
        original.addend == patched.addend
            && original.kind == patched.kind
            && !matches!(original.kind, RelocKind::Unknown(_))
            && ours.is_some()
            && ours == theirs()
    }
}

fn keys<'a>(side: &Side<'a>, is_fixed: &(impl Fn(u32) -> bool + Sync)) -> Vec<Option<Key<'a>>> {
    let symbols = side.object.symbols.par_iter().enumerate().with_min_len(1024);
    let key = |(number, symbol): (usize, &Symbol<'a>)| match symbol.place {
        Place::Undefined if number > 0 => {
            let (name, weak) = (symbol.name, symbol.weak);
            (*names::base(name) == *name).then_some(Key::Undefined { name, weak })
        }
        // Through a section anything in it can be meant.
        Place::Section(section) if symbol.kind != SymbolKind::Section => {
            let class = side.meaning(section).class;
            let is_content = matches!(class, Class::Code | Class::Variable | Class::Constant);
            if is_content {
                of_place(side, section, symbol.value).filter(|key| match key {
                    Key::Pair(number, _) => is_fixed(*number),
                    Key::Undefined { .. } => true,
                })
            } else {
                None
            }
        }
        _ => None,
    };
    symbols.map(key).collect()
}

/// The first of the pairs that stand there.
fn of_place<'a>(side: &Side<'a>, section: u32, at: u64) -> Option<Key<'a>> {
    let units = side.units_at(section, at);
    let pairs = units.iter().filter_map(|unit| match unit.owner {
        Owner::Pair(number) => Some((number, at.saturating_sub(unit.start))),
        Owner::Lone => None,
    });
    let (number, distance) = pairs.min()?;
    Some(Key::Pair(number, distance))
}
