//! Constants that changed, and what is beside each of them.

use std::ops::Range;

use foldhash::HashMap;

use crate::checksum::{Analysis, Constant};
use crate::elf::{Place, SectionId};
use crate::slices::SliceParts as _;

/// A constant that changed, and what is beside it.
pub(super) struct ConstantSurroundings {
    pub(super) section: SectionId,
    pub(super) start: u64,
    end: u64,
    /// What lies between the symbols before and behind it.
    run: (u64, u64),
    /// Of the section.
    size: u64,
    /// Where the constant before it starts.
    before: Option<u64>,
    /// How far this and those before it reach.
    reach: u64,
}

/// All that changed in one object, by place.
pub(super) struct ChangedConstants {
    sorted: Vec<ConstantSurroundings>,
    /// Which of them have a neighbour that starts at a place.
    neighbours: HashMap<Place, Vec<usize>>,
}

impl ChangedConstants {
    /// `changed`, of all `constants` of `object`, by place.
    pub(super) fn of(object: &Analysis<'_>, constants: &[Constant], changed: &[Constant]) -> Self {
        let around = changed.iter().map(|it| ConstantSurroundings::of(object, constants, it));
        let mut sorted: Vec<ConstantSurroundings> = around.collect();
        let mut last = None;
        for it in &mut sorted {
            let before = last.filter(|(section, _)| *section == it.section);
            it.reach = before.map_or(it.end, |(_, reach)| it.end.max(reach));
            last = Some((it.section, it.reach));
        }
        let mut neighbours: HashMap<Place, Vec<usize>> = HashMap::default();
        for (at, it) in sorted.iter().enumerate() {
            for place in it.before.into_iter().chain([it.end]) {
                neighbours.entry(it.section.at(place)).or_default().push(at);
            }
        }
        Self { sorted, neighbours }
    }

    /// Whether any is in `section`.
    pub(super) fn are_in(&self, section: SectionId) -> bool {
        self.sorted.binary_search_by_key(&section, |it| it.section).is_ok()
    }

    /// Those that who refers to `place` of `section` can mean as well.
    pub(super) fn beside(
        &self,
        section: SectionId,
        place: Option<u64>,
    ) -> impl Iterator<Item = &ConstantSurroundings> {
        self.around(section, place).iter().filter(move |it| it.is_beside(place))
    }

    /// Those of them of which a part is used by who uses `used`, counted from `from` on.
    pub(super) fn met(
        &self,
        section: SectionId,
        place: Option<u64>,
        from: i64,
        used: &Range<i64>,
    ) -> impl Iterator<Item = &ConstantSurroundings> {
        let (first, last) = (from.saturating_add(used.start), from.saturating_add(used.end));
        let around = self.around(section, place);
        let start = around.partition_point(|it| it.reach.cast_signed() <= first);
        let end = around.partition_point(|it| it.start.cast_signed() < last);
        let met = around.between(start, end).iter();
        met.filter(move |it| first < it.end.cast_signed() && it.is_beside(place))
    }

    /// Those of them that have a neighbour at `place`.
    pub(super) fn with_neighbour_at(
        &self,
        section: SectionId,
        place: u64,
    ) -> impl Iterator<Item = &ConstantSurroundings> {
        let known = self.neighbours.get(&section.at(place)).map(Vec::as_slice).unwrap_or_default();
        let known = known.iter().filter_map(|at| self.sorted.get(*at));
        known.filter(move |it| it.is_beside(Some(place)))
    }

    /// At least those beside `place`: stretches between symbols follow each other.
    fn around(&self, section: SectionId, place: Option<u64>) -> &[ConstantSurroundings] {
        let all = self.sorted.as_slice();
        let from = all.partition_point(|it| it.section < section);
        let to = all.partition_point(|it| it.section <= section);
        let own = all.between(from, to);
        let is_inside = |place: &u64| own.first().is_some_and(|it| *place <= it.size);
        match place.filter(is_inside) {
            None => own,
            Some(place) => {
                let from = own.partition_point(|it| it.run.1 < place);
                own.between(from, own.partition_point(|it| it.run.0 <= place))
            }
        }
    }
}

impl ConstantSurroundings {
    fn of(object: &Analysis<'_>, constants: &[Constant], constant: &Constant) -> Self {
        let Constant { section, start, end, .. } = *constant;
        let size = object.elf.section(section).size;
        let first = object.layout.end_before(section, start).unwrap_or(0);
        let last = object.layout.next_start(section, start).unwrap_or(size);
        let index = constants.partition_point(|it| (it.section, it.start) < (section, start));
        let before = index.checked_sub(1).and_then(|index| constants.get(index));
        let before = before.filter(|it| it.section == section && it.start >= first);
        let before = before.map(|it| it.start);
        Self { section, start, end, run: (first, last), size, before, reach: end }
    }

    /// Whether who refers to `place` can mean this beside what the digest takes it to mean: no symbol is between them, and
    /// there is more than this between two symbols. Outside of the section anything can be meant.
    fn is_beside(&self, place: Option<u64>) -> bool {
        let (first, last) = self.run;
        let is_alone = self.run == (self.start, self.end);
        let is_it = |place| is_alone && (first..last).contains(&place);
        let inside = |place| !is_it(place) && (first..=last).contains(&place);
        place.is_none_or(|place| place > self.size || inside(place))
    }
}
