//! The order of entries in the tables that the linker puts together, such as initcalls.

use std::collections::BTreeMap;

use crate::correlate::Correlation;
use crate::manifest::{Manifest, ManifestData, ManifestObject};
use crate::record::Note;

/// Which numbers to leave out so that those that remain ascend, as few as possible.
fn moved(numbers: &[usize]) -> Vec<bool> {
    // The longest ascending subsequence, by patience sorting: for each length the smallest number that ends one.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: Vec<Option<usize>> = Vec::with_capacity(numbers.len());
    let number = |at: &usize| numbers.get(*at).copied().unwrap_or_default();
    for (index, own) in numbers.iter().enumerate() {
        let length = ends.partition_point(|end| number(end) < *own);
        before.push(length.checked_sub(1).and_then(|shorter| ends.get(shorter).copied()));
        match ends.get_mut(length) {
            Some(end) => *end = index,
            None => ends.push(index),
        }
    }
    let mut moved = vec![true; numbers.len()];
    let mut next = ends.last().copied();
    while let Some(index) = next {
        if let Some(slot) = moved.get_mut(index) {
            *slot = false;
        }
        next = before.get(index).copied().flatten();
    }
    moved
}

/// Entries that stand before or behind others than before, a note for each table.
pub(super) fn of_tables(
    original: &ManifestObject,
    patched: &ManifestObject,
    correlation: &Correlation,
    object: impl Fn(ManifestData<'_>) -> String,
) -> Vec<Note> {
    let mut tables: BTreeMap<&str, Vec<(ManifestData<'_>, ManifestData<'_>)>> = BTreeMap::new();
    for pair in &correlation.data {
        let before = pair.original.map(|id| original.data.get(id));
        let after = pair.patched.map(|id| patched.data.get(id));
        // One that is new or gone is told for itself.
        let Some((before, after)) = before.zip(after) else { continue };
        // What has no name is told by what it holds.
        if before.name.is_none() && before.checksum != after.checksum {
            continue;
        }
        if before.stand.in_table && after.stand.in_table && before.section == after.section {
            tables.entry(after.section).or_default().push((before, after));
        }
    }
    let mut notes = Vec::new();
    for (table, mut entries) in tables {
        entries.sort_by_key(|(before, _)| before.stand.offset);
        let mut numbered: Vec<(u64, usize)> =
            entries.iter().map(|(_, after)| after.stand.offset).zip(0..).collect();
        numbered.sort_unstable();
        let numbers: Vec<usize> = numbered.iter().map(|(_, number)| *number).collect();
        let moved = numbers.iter().zip(moved(&numbers)).filter(|(_, moved)| *moved);
        let moved: Vec<ManifestData<'_>> =
            moved.filter_map(|(number, _)| Some(entries.get(*number)?.1)).collect();
        if let Some(first) = moved.first() {
            let name = first.name.unwrap_or("an entry without a name");
            let why = format!(
                "{} of {} entries stand at another place among the others, the first of them {name}",
                moved.len(),
                entries.len(),
            );
            notes.push(Note::new("order", &object(*first), table, why));
        }
    }
    notes
}

/// Objects with entries in such tables that are linked before or behind others than before.
pub(super) fn of_link(original: &Manifest, patched: &Manifest) -> Vec<Note> {
    let places: BTreeMap<&str, usize> =
        original.objects.iter().map(|object| object.object.as_str()).zip(0..).collect();
    let has_entries = |object: &ManifestObject| object.data.iter().any(|data| data.stand.in_table);
    let known = patched
        .objects
        .iter()
        .filter_map(|object| Some((object, *places.get(object.object.as_str())?)));
    let known: Vec<_> = known.collect();
    let numbers: Vec<usize> = known.iter().map(|(_, place)| *place).collect();
    if numbers.is_sorted() {
        return Vec::new();
    }
    let known: Vec<_> = known.into_iter().filter(|(object, _)| has_entries(object)).collect();
    let numbers: Vec<usize> = known.iter().map(|(_, place)| *place).collect();
    let moved = known.iter().zip(moved(&numbers)).filter(|(_, moved)| *moved);
    moved
        .map(|((object, _), _)| {
            let why = "it is linked at another place among the others, and so are its initcalls and entries of tables";
            Note::new("link-order", &object.object, &object.object, why)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn which(numbers: &[usize]) -> Vec<usize> {
        let moved = moved(numbers);
        numbers.iter().zip(moved).filter(|(_, moved)| *moved).map(|(number, _)| *number).collect()
    }

    #[test]
    fn as_few_as_possible_are_said_to_have_moved() {
        assert!(which(&[0, 1, 2, 3]).is_empty() && which(&[]).is_empty());
        assert_eq!(which(&[3, 0, 1, 2]), [3]);
        assert_eq!(which(&[0, 2, 3, 1, 4]), [1]);
        assert_eq!(which(&[1, 0]).len(), 1);
    }
}
