//! One pair of objects with many edits, and what is reported about it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::assemble::Assembler;
use super::compare::{Named, OBJECT, compare_objects, reported};
use super::edit::Edit;
use super::report::Report;

/// The number of the edit whose name this is.
fn number(name: &str) -> Option<usize> {
    name.match_indices("_e").find_map(|(at, start)| {
        let rest = &name[at + start.len()..];
        let (digits, _) = rest.split_once('e')?;
        digits.parse().ok()
    })
}

/// Whether the edit explains the record.
fn explains(edit: &Edit, record: &Named) -> bool {
    record.iter().any(|name| edit.allows(name) || (edit.alone && name == OBJECT))
}

/// Which of `edits` the record is about.
fn owner<'e>(edits: &'e [Edit], record: &Named) -> Option<&'e Edit> {
    let number = record.iter().find_map(|name| number(name));
    edits.iter().find(|edit| match number {
        Some(number) => edit.id == number,
        None => explains(edit, record),
    })
}

/// Compares the objects, and adds to `report` what it says about each edit.
pub(crate) fn judge(assembler: &Assembler, edits: &[Edit], report: &mut Report) -> Result<()> {
    let (before, after) = assembler.objects(edits, |_| true)?;
    let records = reported(&compare_objects(&before, &after))?;
    let mut own: BTreeMap<usize, Vec<&Named>> = BTreeMap::new();
    let mut strays = BTreeSet::new();
    for record in &records {
        match owner(edits, record) {
            Some(edit) => {
                own.entry(edit.id).or_default().push(record);
                if !explains(edit, record) {
                    strays.insert(record.clone());
                }
            }
            None => {
                strays.insert(record.clone());
            }
        }
    }
    for edit in edits {
        let score = report.kind(edit.kind);
        score.tried += 1;
        let own = own.get(&edit.id).map(Vec::as_slice).unwrap_or_default();
        let is_reported = |name: &String| {
            own.iter().any(|record| {
                record.contains(name) || (edit.alone && record.iter().any(|one| one == OBJECT))
            })
        };
        let missed: Vec<&Vec<String>> =
            edit.must.iter().filter(|names| !names.iter().any(is_reported)).collect();
        if missed.is_empty() {
            score.seen += 1;
        } else {
            score.survivors.push(format!("{missed:?}: {}", edit.difference()));
        }
    }
    if strays.is_empty() {
        return Ok(());
    }
    let all: Vec<usize> = (0..edits.len()).collect();
    for (stray, blamed) in blame(assembler, edits, &all, &strays)? {
        let kinds: BTreeSet<&str> = blamed.iter().map(|index| edits[*index].kind).collect();
        let kind = if kinds.len() == 1 { kinds.first().copied() } else { None };
        let told = match blamed.as_slice() {
            [one] => format!("{stray:?} by {}: {}", edits[*one].id, edits[*one].difference()),
            many => format!("{stray:?} by {} edits together", many.len()),
        };
        report.kind(kind.unwrap_or("several together")).strays.push(told);
    }
    Ok(())
}

/// Searches by halves which of the edits `tried` is reported as each of `strays`.
fn blame(
    assembler: &Assembler,
    edits: &[Edit],
    tried: &[usize],
    strays: &BTreeSet<Named>,
) -> Result<Vec<(Named, Vec<usize>)>> {
    let (before, after) = assembler.objects(edits, |index| tried.binary_search(&index).is_ok())?;
    let records = reported(&compare_objects(&before, &after))?;
    let seen: BTreeSet<Named> = strays.intersection(&records).cloned().collect();
    if seen.is_empty() || tried.len() < 2 {
        return Ok(seen.into_iter().map(|stray| (stray, tried.to_vec())).collect());
    }
    let (one, other) = tried.split_at(tried.len() / 2);
    let mut found = blame(assembler, edits, one, &seen)?;
    let left = |found: &[(Named, Vec<usize>)]| -> BTreeSet<Named> {
        seen.iter()
            .filter(|stray| !found.iter().any(|(known, _)| known == *stray))
            .cloned()
            .collect()
    };
    let more = blame(assembler, edits, other, &left(&found))?;
    found.extend(more);
    let together = left(&found);
    found.extend(together.into_iter().map(|stray| (stray, tried.to_vec())));
    Ok(found)
}
