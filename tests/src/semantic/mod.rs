//! Proof by edits whose effect is known because they were made so.
//!
//! [`crate::mutate`] asks an oracle that reads the object what a flip means. It can only be as wise as its reading
//! of the object. Here each edit is made of two texts by a generator that says who must be reported, who may, and
//! that nobody may where the two mean the same. What is tested is what users get: the records of a comparison.

mod assemble;
mod batch;
mod compare;
mod draw;
mod edit;
mod elf;
mod finish;
mod objects;
mod report;
mod site;
mod templates;

use std::collections::BTreeSet;

use anyhow::Result;

use crate::mutate::{Options, Random};
use assemble::Assembler;
use draw::Draw;
use edit::Edit;
pub use report::{Report, Score};
use templates::{KINDS, Kind};

/// Edits in one pair of objects.
const TOGETHER: usize = 200;

/// One in so many of those that need objects of their own is drawn: it takes as long as all the others together.
const ALONE: u64 = 8;

/// The names of all kinds of edits that are made from templates.
pub fn kinds() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|(name, _)| *name)
}

/// Tries edits made from templates.
pub fn run_templates(options: Options) -> Result<Report> {
    let assembler = Assembler::new()?;
    let mut random = Random::new(options.seed);
    let mut report = Report::default();
    let mut id = 0;
    // Each kind once, however few are wanted.
    let mut wanted: Vec<Kind> = KINDS.to_vec();
    while id < options.mutations {
        let mut together = Vec::new();
        let mut claims = BTreeSet::new();
        while together.len() < TOGETHER && id < options.mutations {
            let first = wanted.pop();
            let kind = first.or_else(|| random.pick(KINDS).copied());
            let Some((kind, make)) = kind else { break };
            let edit = draw(kind, make, id, &mut random);
            if let Some(claim) = edit.claim
                && !claims.insert(claim)
            {
                continue;
            }
            if !edit.alone {
                together.push(edit);
            } else if first.is_some() || random.below(ALONE) == 0 {
                batch::judge(&assembler, &[edit], &mut report)?;
            } else {
                continue;
            }
            id += 1;
        }
        batch::judge(&assembler, &together, &mut report)?;
    }
    Ok(report)
}

/// Tries edits of a real object.
pub fn run_object(bytes: &[u8], options: Options) -> Result<Report> {
    objects::run(bytes, options)
}

fn draw(
    kind: &'static str,
    make: fn(&mut Draw<'_>) -> Edit,
    id: usize,
    random: &mut Random,
) -> Edit {
    let edit = make(&mut Draw { id, random });
    let edit = if edit.one_way || random.below(2) == 0 { edit } else { edit.turned_round() };
    Edit { kind, id, ..edit }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An edit that the assembler or its names make void would prove nothing.
    #[test]
    fn edits_change_the_object() {
        let assembler = Assembler::new().unwrap();
        let mut random = Random::new(7);
        for (kind, make) in KINDS {
            for id in 0..6 {
                let edit = draw(kind, *make, id, &mut random);
                let is_neutral = edit.must.is_empty();
                assert_eq!(is_neutral, kind.starts_with("neutral"), "{kind}");
                let (before, after) = assembler.objects(&[edit], |_| true).unwrap();
                assert!(is_neutral || before != after, "{kind}");
            }
        }
    }
}
