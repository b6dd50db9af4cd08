//! Which of the symbols of one name each is that a unit refers to.

use foldhash::HashMap;

use crate::elf::{ElfObject, SymbolId};
use crate::name;

use super::seen::Seen;

/// So few names are compared faster than they are counted.
const FEW: usize = 32;

/// Symbols that differ in the compiler's number only are told apart by the order of their first use. LLVM numbers what
/// it makes global, and need not do so in another build: so one without a number counts.
#[derive(Debug, Default)]
pub(crate) struct NameRanks {
    /// Symbols that are referred to by name, and the rank of each.
    ranked: Seen<SymbolId>,
    ranks: Vec<u32>,
    /// Symbols whose names carry a compiler's number, and their names without it.
    numbered: Seen<SymbolId>,
    numberless: Vec<Vec<u8>>,
    /// How many have each name, if they are more than a few: of `numbered` the name without the number, of others that
    /// are ranked the whole.
    counts: HashMap<Vec<u8>, u32>,
}

impl NameRanks {
    pub(super) fn clear(&mut self) {
        self.ranked.clear();
        self.ranks.clear();
        self.numbered.clear();
        self.numberless.clear();
        self.counts.clear();
    }

    /// The rank of `symbol`, whose `name` is without the compiler's number where it `has_number`.
    pub(super) fn rank(
        &mut self,
        elf: &ElfObject<'_>,
        symbol: SymbolId,
        name: &[u8],
        has_number: bool,
    ) -> u32 {
        let known = self.ranked.position(symbol).and_then(|at| self.ranks.get(at));
        if let Some(rank) = known {
            return *rank;
        }
        let rank = self.count(elf, name);
        self.ranked.add(symbol);
        self.ranks.push(rank);
        if !has_number {
            if self.numbered.position(symbol).is_none() {
                self.is_one_more(elf, elf.symbol(symbol).name);
            }
        } else if self.numbered.add(symbol) {
            self.numberless.push(name.to_vec());
            self.is_one_more(elf, name);
        }
        rank
    }

    /// Takes down a variable whose name does not count. Was it new?
    pub(super) fn number(&mut self, elf: &ElfObject<'_>, symbol: SymbolId) -> bool {
        if !self.numbered.add(symbol) {
            return false;
        }
        let own = elf.symbol(symbol).name;
        if self.ranked.position(symbol).is_some()
            && let Some(count) = self.counts.get_mut(own)
        {
            *count = count.saturating_sub(1);
        }
        let base = name::base(own).into_owned();
        self.numberless.push(base.clone());
        self.is_one_more(elf, &base);
        true
    }

    /// Takes down that what was added last has that name.
    fn is_one_more(&mut self, elf: &ElfObject<'_>, name: &[u8]) {
        if !self.counts.is_empty() {
            let count = self.counts.entry(name.to_vec()).or_default();
            *count = count.saturating_add(1);
        } else if self.ranked.items().len().saturating_add(self.numberless.len()) > FEW {
            let mut counts: HashMap<Vec<u8>, u32> = HashMap::default();
            for name in self.names(elf) {
                let count = counts.entry(name.to_vec()).or_default();
                *count = count.saturating_add(1);
            }
            self.counts = counts;
        }
    }

    fn count(&self, elf: &ElfObject<'_>, wanted: &[u8]) -> u32 {
        if !self.counts.is_empty() {
            return self.counts.get(wanted).copied().unwrap_or(0);
        }
        let count = self.names(elf).filter(|name| *name == wanted).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    fn names<'a>(&'a self, elf: &'a ElfObject<'_>) -> impl Iterator<Item = &'a [u8]> {
        let plain = self.ranked.items().iter().copied();
        let plain = plain.filter(|symbol| self.numbered.position(*symbol).is_none());
        let numberless = self.numberless.iter().map(Vec::as_slice);
        plain.map(|symbol| elf.symbol(symbol).name).chain(numberless)
    }
}
