//! How much two long strings have in common at their ends.
//!
//! References can enter a string anywhere. What thousands of them mean in two versions of one string is the same as far
//! back as the strings are.

use std::sync::Mutex;

use foldhash::HashMap;

use crate::elf::{Place, SectionId};

use super::side::{ByteRange, ProofSide};

/// Shorter ones are compared as any other data.
const LONG: u64 = 4096;

/// What is known of two strings.
#[derive(Debug, Clone, Copy, Default)]
struct CommonEnd {
    /// So many bytes are the same, the NUL included.
    length: usize,
    /// The next one in front of them is another one.
    differs: bool,
}

/// Of pairs of strings, by where they end.
#[derive(Debug, Default)]
pub(super) struct CommonEnds(Mutex<HashMap<[Place; 2], CommonEnd>>);

impl CommonEnds {
    /// Whether two long strings, up to their ends, are the same; none if they are no long strings. `read` is told how many
    /// bytes had to be compared.
    pub(super) fn are_same<E>(
        &self,
        [a, b]: [&ProofSide<'_>; 2],
        [ours, theirs]: [ByteRange; 2],
        read: impl FnOnce(u64) -> Result<(), E>,
    ) -> Result<Option<bool>, E> {
        let ends_there = |side: &ProofSide<'_>, section: SectionId, range: ByteRange| {
            let section = side.section(section);
            let nul = section.is_strings().then(|| section.string_end(range.start)).flatten();
            nul.is_some_and(|nul| nul.saturating_add(section.entsize) == range.end)
        };
        if ours.len() < LONG
            || ours.len() != theirs.len()
            || !ends_there(a, ours.section, ours)
            || !ends_there(b, theirs.section, theirs)
        {
            return Ok(None);
        }
        let Some((one, other)) = a.bytes(ours).zip(b.bytes(theirs)) else { return Ok(None) };
        // Nobody panics while it is locked.
        let Ok(mut all) = self.0.lock() else { return Ok(None) };
        let places = [ours.section.at(ours.end), theirs.section.at(theirs.end)];
        let known = all.entry(places).or_default();
        if known.length < one.len() && !known.differs {
            let pairs = || one.iter().rev().zip(other.iter().rev()).skip(known.length);
            let more = pairs().take_while(|(one, other)| one == other).count();
            read(more as u64)?;
            known.length = known.length.saturating_add(more);
            known.differs = known.length < one.len();
        }
        Ok(Some(known.length >= one.len()))
    }
}
