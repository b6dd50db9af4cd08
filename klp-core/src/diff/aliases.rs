//! Several names for one function.

use std::collections::BTreeMap;

use super::correlate::Pair;
use super::units::Unit;

/// Finds partners for units that have none under their own name, and the pairs of names that now
/// stand for another unit than before.
pub(super) fn resolve<T: Unit>(
    patched: &[T],
    names: &BTreeMap<String, Vec<usize>>,
    partner: &mut [Option<usize>],
) -> Vec<Pair> {
    let mut moved = Vec::new();
    for (index, unit) in patched.iter().enumerate() {
        let own = std::iter::once(unit.base()).chain(unit.aliases());
        for (position, name) in own.enumerate() {
            // A name that is not unique says nothing here.
            let Some([before]) = names.get(name.as_ref()).map(Vec::as_slice) else { continue };
            match partner.get(index).copied().flatten() {
                Some(known) if known == *before || position == 0 => {}
                // Perhaps one of several names whose common code was taken apart.
                None => partner[index] = Some(*before),
                Some(_) => {
                    let name = Some(name.into_owned());
                    moved.push(Pair { original: Some(*before), patched: Some(index), name });
                }
            }
        }
    }
    moved
}
