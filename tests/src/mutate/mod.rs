//! Proof by mutation: flips bytes and relocations of a real object and looks whether the checksums
//! say so.
//!
//! Mutations whose effects cannot meet are tried together, so that one pass over an object with
//! 20,000 functions tries thousands. [`oracle`] says, without the checksum code, what must change and
//! what may.

mod blame;
mod decode;
mod image;
mod oracle;
mod owners;
mod random;
mod regions;
mod site;
mod tables;
mod unit;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use anyhow::{Context, Result};
use klp_core::checksum::{Analysis, Digest};

use blame::Blame;
use image::Image;
use oracle::{Expect, Oracle};
pub(crate) use random::Random;
use site::Mutation;
use unit::UnitId;

/// How much to do.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Stop after this many mutations.
    pub mutations: usize,
    /// Where the random choices start.
    pub seed: u64,
}

/// What was tried of one section and kind, and how much of it was seen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Score {
    /// Mutations that must change a digest.
    pub tried: usize,
    /// Of these, how many did.
    pub seen: usize,
    /// Mutations inside a rule, which must change nothing.
    pub excluded: usize,
}

/// What came out.
#[derive(Debug, Default)]
pub struct Report {
    /// By section and kind of mutation.
    pub scores: BTreeMap<(String, String), Score>,
    /// Mutations that must be seen and were not.
    pub survivors: Vec<String>,
    /// Digests that changed though no mutation can explain it.
    pub strays: Vec<String>,
}

impl Report {
    /// How many mutations were tried.
    #[must_use]
    pub fn total(&self) -> usize {
        self.scores.values().map(|score| score.tried + score.excluded).sum()
    }

    /// Adds what another run found.
    pub fn add(&mut self, other: Self) {
        for (key, score) in other.scores {
            let sum = self.scores.entry(key).or_default();
            sum.tried += score.tried;
            sum.seen += score.seen;
            sum.excluded += score.excluded;
        }
        self.survivors.extend(other.survivors);
        self.strays.extend(other.strays);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<28} {:<10} {:>9} {:>9} {:>9}",
            "section", "mutation", "tried", "seen", "excluded"
        )?;
        for ((section, kind), score) in &self.scores {
            let Score { tried, seen, excluded } = score;
            writeln!(out, "{section:<28} {kind:<10} {tried:>9} {seen:>9} {excluded:>9}")?;
        }
        let tried: usize = self.scores.values().map(|score| score.tried).sum();
        let seen: usize = self.scores.values().map(|score| score.seen).sum();
        writeln!(out, "{} mutations, {seen} of {tried} that must be seen were", self.total())?;
        for survivor in self.survivors.iter().take(50) {
            writeln!(out, "survivor: {survivor}")?;
        }
        for stray in self.strays.iter().take(50) {
            writeln!(out, "stray: {stray}")?;
        }
        Ok(())
    }
}

/// The digests of all units of an object; none where a unit is refused.
type Digests = BTreeMap<UnitId, Option<Digest>>;

fn digests(analysis: &Analysis<'_>) -> Digests {
    let checksums = analysis.checksums();
    let functions = analysis.layout.functions.iter().zip(checksums.functions.digests);
    let functions =
        functions.map(|(function, digest)| (UnitId::Function(function.body), digest.ok()));
    let mut digests: Digests = functions.collect();
    for data in &checksums.data {
        let id = data.span.map_or(UnitId::Rest(data.section), UnitId::Data);
        let own = data.digest.as_ref().ok().copied();
        // What nothing refers to is many pieces, which are one unit here.
        digests.entry(id).and_modify(|all| *all = both(*all, own)).or_insert(own);
    }
    digests
}

fn both(one: Option<Digest>, other: Option<Digest>) -> Option<Digest> {
    let (one, other) = one.zip(other)?;
    Some(Digest::of(&[*one.as_bytes(), *other.as_bytes()].concat()))
}

/// Mutates the object in `bytes`.
pub fn run(bytes: &[u8], options: Options) -> Result<Report> {
    let image = Image::of(bytes).context("the object cannot be mutated")?;
    let analysis = Analysis::of(bytes)?;
    let before = digests(&analysis);
    let oracle = Oracle::of(&analysis);
    let mut random = Random::new(options.seed);
    let mut report = Report::default();
    let mut idle = 0;
    while report.total() < options.mutations && idle < 3 {
        let wanted = options.mutations - report.total();
        let batch = choose(&analysis, &oracle, &mut random, wanted);
        idle = if batch.is_empty() { idle + 1 } else { 0 };
        let mut copy = bytes.to_vec();
        for (mutation, _) in &batch {
            image.apply(&mut copy, mutation);
        }
        let mutated = Analysis::of(&copy)?;
        let after = digests(&mutated);
        judge(&analysis, &before, &after, &batch, &mut report);
        let strays = strays(&before, &after, &batch);
        if !strays.is_empty() {
            let blame = Blame { image: &image, bytes, before: &before };
            let mutations: Vec<&Mutation> = batch.iter().map(|(mutation, _)| mutation).collect();
            for (unit, guilty) in blame.search(&mutations, &strays)? {
                report.strays.push(describe(&analysis, &batch, unit, &guilty));
            }
        }
    }
    Ok(report)
}

/// Mutations whose effects cannot meet.
fn choose(
    analysis: &Analysis<'_>,
    oracle: &Oracle,
    random: &mut Random,
    wanted: usize,
) -> Vec<(Mutation, Expect)> {
    let mut batch = Vec::new();
    let mut taken: BTreeSet<UnitId> = BTreeSet::new();
    for _ in 0..wanted.min(20_000) {
        let Some(mutation) = site::draw(analysis, random) else { continue };
        let Some(expect) = oracle.expect(analysis, &mutation) else { continue };
        if expect.may.iter().any(|unit| taken.contains(unit)) {
            continue;
        }
        taken.extend(expect.may.iter().copied());
        batch.push((mutation, expect));
    }
    batch
}

fn judge(
    analysis: &Analysis<'_>,
    before: &Digests,
    after: &Digests,
    batch: &[(Mutation, Expect)],
    report: &mut Report,
) {
    let differs = |unit: &UnitId| {
        let (old, new) = (before.get(unit), after.get(unit));
        old != new || new.is_some_and(Option::is_none)
    };
    for (mutation, expect) in batch {
        let key = (mutation.section_name(analysis), mutation.kind().to_owned());
        let score = report.scores.entry(key).or_default();
        if expect.rule.is_some() {
            score.excluded += 1;
            continue;
        }
        score.tried += 1;
        let seen = if expect.all {
            expect.must.iter().all(differs)
        } else {
            expect.must.iter().any(differs)
        };
        score.seen += usize::from(seen);
        if !seen {
            let units: Vec<String> = expect
                .must
                .iter()
                .filter(|unit| !differs(unit))
                .map(|unit| unit.name(analysis))
                .collect();
            report.survivors.push(format!(
                "{} of {}",
                mutation.describe(analysis),
                units.join(", ")
            ));
        }
    }
}

/// Units that changed though none of `batch` may change them, or only one inside a rule.
fn strays(before: &Digests, after: &Digests, batch: &[(Mutation, Expect)]) -> BTreeSet<UnitId> {
    let may = |(_, expect): &(Mutation, Expect)| -> BTreeSet<UnitId> {
        if expect.rule.is_some() {
            expect.may.difference(&expect.must).copied().collect()
        } else {
            expect.may.clone()
        }
    };
    let allowed: BTreeSet<UnitId> = batch.iter().flat_map(may).collect();
    let changed =
        before.keys().chain(after.keys()).filter(|unit| before.get(unit) != after.get(unit));
    // What is left of a section depends on everything that refers to it.
    changed
        .filter(|unit| !allowed.contains(unit) && !matches!(unit, UnitId::Rest(_)))
        .copied()
        .collect()
}

fn describe(
    analysis: &Analysis<'_>,
    batch: &[(Mutation, Expect)],
    unit: UnitId,
    guilty: &[&Mutation],
) -> String {
    let unit = unit.name(analysis);
    let [only] = guilty else { return format!("{unit} by {} mutations together", guilty.len()) };
    let rule = batch
        .iter()
        .find(|(mutation, _)| std::ptr::eq(mutation, *only))
        .and_then(|(_, expect)| expect.rule)
        .map(|rule| format!(", which rule {rule} leaves out"));
    format!("{unit} by {}{}", only.describe(analysis), rule.unwrap_or_default())
}
