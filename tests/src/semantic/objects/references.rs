//! Who refers to what in a real object.

use std::collections::BTreeSet;

use super::subject::{SHF_ALLOC, Subject};

/// How far behind a relative field its instruction can end.
pub(super) const BIAS: u64 = 8;

impl Subject {
    /// Notes who refers to what.
    pub(super) fn describe(&mut self) {
        for section in 0..self.relas.len() {
            let header = &self.image.sections[section];
            if header.flags & SHF_ALLOC == 0 || header.name.starts_with(".orc_") {
                continue;
            }
            let is_code = self.is_code(section);
            for rela in &self.relas[section] {
                if let Some(place) = self.place(rela, 0)
                    && !is_code
                    && self.is_code(place.0)
                {
                    self.described.entry(place).or_default().insert(section);
                }
                // What counts from the end of an instruction can be before the section's start.
                if let Some((target, place)) = self.place(rela, BIAS.cast_signed())
                    && let Some(own) = self.references.get_mut(target)
                {
                    own.push((place, (section, rela.offset)));
                }
            }
        }
        self.references.iter_mut().for_each(|own| own.sort_unstable());
    }

    /// The names around all that refers to a stretch of a section, or to its end.
    pub(super) fn readers(&self, section: usize, start: u64, end: u64) -> Vec<String> {
        self.readers_through((section, start, end), &mut BTreeSet::new())
    }

    /// The same, also through constants without a name, each of which is followed once.
    fn readers_through(
        &self,
        (section, start, end): (usize, u64, u64),
        unnamed: &mut BTreeSet<usize>,
    ) -> Vec<String> {
        let all = &self.references[section];
        let from = all.partition_point(|(place, _)| *place < start);
        let to = all.partition_point(|(place, _)| *place <= end.saturating_add(BIAS));
        let mut names = Vec::new();
        for (_, (section, offset)) in &all[from..to.max(from)] {
            if let Some(function) = self.function(*section, *offset) {
                names.extend_from_slice(&function.names);
                continue;
            }
            let around = self.around(*section, *offset);
            if around.is_empty() && !self.is_code(*section) && unnamed.insert(*section) {
                names.extend(self.readers_through((*section, 0, u64::MAX), unnamed));
            }
            names.extend(around);
            names.extend(self.of_entry(*section, *offset));
        }
        names
    }

    /// The names of the functions that the entry of a special section around a place may be about.
    fn of_entry(&self, section: usize, offset: u64) -> Vec<String> {
        const SPECIAL: &[&str] = &["__jump_table", ".static_call_sites", "__bug_table"];
        if !SPECIAL.contains(&&*self.image.sections[section].name) {
            return Vec::new();
        }
        let entry = self.relas_within(section, offset.saturating_sub(16), offset);
        let places = entry.iter().filter_map(|rela| self.place(rela, 0));
        places.flat_map(|(section, place)| self.around(section, place)).collect()
    }

    /// Whether code that is no function leads into a stretch: it is a part of who knows whom.
    pub(super) fn is_entered_by_code_without_name(
        &self,
        section: usize,
        start: u64,
        end: u64,
    ) -> bool {
        let all = &self.references[section];
        let from = all.partition_point(|(place, _)| *place < start);
        let to = all.partition_point(|(place, _)| *place <= end.saturating_add(BIAS));
        all[from..to.max(from)].iter().any(|(_, (section, offset))| {
            self.is_code(*section) && self.function(*section, *offset).is_none()
        })
    }

    /// The names of the symbols that a place belongs to.
    fn around(&self, section: usize, offset: u64) -> Vec<String> {
        let own = &self.symbols[section];
        let value = |index: &usize| self.image.symbols[*index].value;
        let behind = own.partition_point(|index| value(index) <= offset);
        let Some(start) = behind.checked_sub(1).map(|at| value(&own[at])) else {
            return Vec::new();
        };
        let here = own[..behind].iter().rev().take_while(|index| value(index) == start);
        here.map(|index| self.image.symbols[*index].name.clone()).collect()
    }
}
