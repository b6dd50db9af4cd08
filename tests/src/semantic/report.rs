//! What came out, by kind.

use std::collections::BTreeMap;
use std::fmt;

/// What was tried of one kind.
#[derive(Debug, Clone, Default)]
pub struct Score {
    /// How many edits.
    pub tried: usize,
    /// Those of which all that must be was reported; of neutral ones, nothing.
    pub seen: usize,
    /// The others.
    pub survivors: Vec<String>,
    /// What was reported that may not be.
    pub strays: Vec<String>,
}

/// All kinds.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// By name.
    pub kinds: BTreeMap<String, Score>,
}

/// How many survivors and strays of each kind are told.
const TOLD: usize = 50;

impl Report {
    /// Whether every edit was seen, and nothing else.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.kinds.values().all(|kind| kind.survivors.is_empty() && kind.strays.is_empty())
    }

    /// Adds what another run found.
    pub fn add(&mut self, other: Self) {
        for (name, score) in other.kinds {
            let sum = self.kinds.entry(name).or_default();
            sum.tried += score.tried;
            sum.seen += score.seen;
            sum.survivors.extend(score.survivors);
            sum.strays.extend(score.strays);
        }
    }

    pub(crate) fn kind(&mut self, name: &str) -> &mut Score {
        self.kinds.entry(name.to_owned()).or_default()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            out,
            "{:<46} {:>8} {:>8} {:>9} {:>7}",
            "kind", "tried", "seen", "survivors", "strays"
        )?;
        let mut sums = [0; 4];
        for (name, score) in &self.kinds {
            let row = [score.tried, score.seen, score.survivors.len(), score.strays.len()];
            writeln!(out, "{name:<46} {:>8} {:>8} {:>9} {:>7}", row[0], row[1], row[2], row[3])?;
            sums.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
        }
        writeln!(out, "{:<46} {:>8} {:>8} {:>9} {:>7}", "all", sums[0], sums[1], sums[2], sums[3])?;
        for (word, list) in [("survivor", 0), ("stray", 1)] {
            for (name, score) in &self.kinds {
                let told = if list == 0 { &score.survivors } else { &score.strays };
                for one in told.iter().take(TOLD) {
                    writeln!(out, "{word}: {name}: {one}")?;
                }
            }
        }
        Ok(())
    }
}
