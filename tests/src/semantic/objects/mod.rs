//! Edits of real objects: as many of different units as fit into one copy, which is compared at once.

mod code;
mod entered;
mod judge;
mod neutral;
mod patch;
mod references;
mod sections;
mod sites;
mod subject;
mod symbols;

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::Report;
use crate::mutate::{Options, Random};
use judge::Judge;
use patch::Patch;
use subject::Subject;

/// A name, and all edits of this kind that an object offers, each with the random choices that it has.
type Kind = (&'static str, fn(&Subject, &mut Random) -> Vec<Patch>);

const KINDS: &[Kind] = &[
    ("object: branch to the next instruction", code::branch_next),
    ("object: branch over the NOP of a site", code::branch_over_site),
    ("object: label inside a function", code::inner_label),
    ("object: order of alternatives", sites::alternatives_order),
    ("object: length of an alternative", sites::alternative_length),
    ("object: entry of .smp_locks", sites::smp_locks),
    ("object: entry of __patchable_function_entries", sites::patchable_entries),
    ("object: section name", sections::renamed),
    ("object: section flags", sections::flags),
    ("object: section alignment", sections::alignment),
    ("object: entry size of a merged section", sections::merged_size),
    ("object: unknown section type", sections::unknown_type),
    ("object: order of a table", sections::table_order),
    ("object: symbol type", symbols::kind),
    ("object: symbol size", symbols::size),
    ("object: weak symbol", symbols::weak),
    ("object: absolute value", symbols::absolute),
    ("object: another one of that name", symbols::twins),
    ("object: behind the end of a symbol", symbols::behind_the_end),
    ("object neutral: room between functions", neutral::room),
    ("object neutral: section symbol or name", neutral::section_symbol),
];

/// Edits in one copy.
const TOGETHER: usize = 1500;

/// Tries edits of one object. Fewer than wanted, if it does not offer as many.
pub(super) fn run(bytes: &[u8], options: Options) -> Result<Report> {
    let subject = Subject::of(bytes.to_vec())?;
    let judge = Judge::of(&subject)?;
    let mut random = Random::new(options.seed);
    let mut report = Report::default();
    judge.shuffled(&mut random, &mut report)?;
    let mut tried = 0;
    let mut known: BTreeSet<(&str, String)> = BTreeSet::new();
    while tried < options.mutations {
        let before = tried;
        let mut rest = candidates(&subject, &mut random, &known);
        for own in &mut rest {
            own.retain(|patch| !judge.knows(patch));
        }
        // What is left after some are the many edits of one section, of which one at a time can be tried.
        for _ in 0..4 {
            let batch = batch(&mut rest, TOGETHER.min(options.mutations - tried));
            if batch.is_empty() {
                break;
            }
            tried += batch.len();
            known.extend(batch.iter().map(|patch| (patch.kind, patch.what.clone())));
            judge.judge(&batch, &mut report)?;
        }
        if tried == before {
            break;
        }
    }
    Ok(report)
}

/// What the object offers and was not tried, by kind, in random order.
fn candidates(
    subject: &Subject,
    random: &mut Random,
    known: &BTreeSet<(&'static str, String)>,
) -> Vec<Vec<Patch>> {
    let mut all = Vec::new();
    for (kind, offered) in KINDS {
        let mut own = offered(subject, random);
        own.retain(|patch| !known.contains(&(*kind, patch.what.clone())));
        for patch in &mut own {
            patch.kind = kind;
        }
        random.shuffle(&mut own);
        all.push(own);
    }
    all
}

/// Takes up to `limit` edits that have nothing to do with each other, of each kind in turn.
fn batch(rest: &mut [Vec<Patch>], limit: usize) -> Vec<Patch> {
    let mut taken: Vec<Patch> = Vec::new();
    let mut touched: BTreeSet<String> = BTreeSet::new();
    let mut written: BTreeMap<usize, usize> = BTreeMap::new();
    let mut later: Vec<Vec<Patch>> = vec![Vec::new(); rest.len()];
    let mut more = true;
    while more && taken.len() < limit {
        more = false;
        for (own, later) in rest.iter_mut().zip(&mut later) {
            let Some(patch) = own.pop().filter(|_| taken.len() < limit) else { continue };
            more = true;
            let is_free = patch.touches().all(|name| !touched.contains(name))
                && patch.writes.iter().all(|(at, bytes)| {
                    let before = written.range(..at + bytes.len()).next_back();
                    before.is_none_or(|(_, end)| end <= at)
                });
            if is_free {
                touched.extend(patch.touches().cloned());
                written.extend(patch.writes.iter().map(|(at, bytes)| (*at, at + bytes.len())));
                taken.push(patch);
            } else {
                later.push(patch);
            }
        }
    }
    for (own, later) in rest.iter_mut().zip(later) {
        own.extend(later);
    }
    taken
}
