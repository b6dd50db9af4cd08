//! Which functions of one object refer to constants beside some that changed.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::OnceLock;

use crate::arch::{self, Arch, Bounds as _, DisplacementUse, Instructions as _, for_machine};
use crate::checksum::{Analysis, Constant, distance};
use crate::elf::{Definition, ElfObject, Place, Reloc, RelocKind, Relocs, SectionId, SymbolKind};
use crate::layout::{FunctionId, Span};
use crate::name::Stability;

/// An object, what changed in it, and who is asked.
pub(super) struct ConstantUses<'a, 'data> {
    object: &'a Analysis<'data>,
    around: Vec<ConstantSurroundings>,
    /// By function of this object: which it is in the patched one.
    functions: BTreeMap<FunctionId, FunctionId>,
    /// Where code of other sections can go on, such as behind what a cold part did: section and offset, sorted.
    joined: OnceLock<Vec<Place>>,
}

/// A constant that changed, and what is beside it.
struct ConstantSurroundings {
    section: SectionId,
    start: u64,
    end: u64,
    /// What lies between the symbols before and behind it.
    run: (u64, u64),
    /// Of the section.
    size: u64,
    /// Where the constant before it starts.
    before: Option<u64>,
}

/// What one function is: it indexes something, or has its address.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum ConstantUse {
    Beside,
    Indexing,
}

/// Functions, and the section of what they refer to.
type FunctionsUsing = BTreeMap<FunctionId, String>;

impl<'a, 'data> ConstantUses<'a, 'data> {
    /// Those of `changed`, of all `constants` of `object`, by `functions`.
    pub(super) fn of(
        object: &'a Analysis<'data>,
        constants: &[Constant],
        changed: &[Constant],
        functions: BTreeMap<FunctionId, FunctionId>,
    ) -> Self {
        let around =
            changed.iter().map(|constant| ConstantSurroundings::of(object, constants, constant));
        Self { object, around: around.collect(), functions, joined: OnceLock::new() }
    }

    /// Who indexes, and who has the address of a neighbour.
    pub(super) fn find(&self) -> (FunctionsUsing, FunctionsUsing) {
        let (mut indexing, mut beside) = (FunctionsUsing::new(), FunctionsUsing::new());
        for (function, id) in self.object.layout.functions.with_ids() {
            let Some(patched) = self.functions.get(&id) else { continue };
            let spans = function.spans().map(|span| self.object.layout.span(span));
            let Some((manner, section)) = spans.filter_map(|span| self.in_span(span)).max() else {
                continue;
            };
            let found = if manner == ConstantUse::Indexing { &mut indexing } else { &mut beside };
            found.insert(*patched, section);
        }
        (indexing, beside)
    }

    /// What the code of `span` does with constants beside those that changed.
    fn in_span(&self, span: &Span) -> Option<(ConstantUse, String)> {
        for_machine!(self.object.elf.machine, A => self.in_code::<A>(span))
    }

    fn in_code<A: Arch>(&self, span: &Span) -> Option<(ConstantUse, String)> {
        let elf = &self.object.elf;
        let section = elf.section(span.section);
        let mut relocs = section.relocs.within(span.start, span.end);
        if !relocs.any(|reloc| self.section_of(&reloc).is_some()) {
            return None;
        }
        let code = section.range(span.start, span.end)?;
        let mut relocs = section.relocs.within(span.start, span.end).peekable();
        let mut instructions = A::Instructions::new(code, span.start);
        let outside =
            SectionCodeContext { uses: self, section: span.section, relocs: &section.relocs };
        let bounds = OnceCell::new();
        let mut found = None;
        while instructions.next().is_some() {
            let Range { start: at, end: next } = instructions.place();
            while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < next) {
                let Some(to) = self.section_of(&reloc) else { continue };
                let operands = instructions.operands();
                let field = u8::try_from(reloc.offset.saturating_sub(at)).ok();
                let field = field.and_then(|field| operands.field_at(field));
                let is_read = field.is_some() && field == operands.displacement;
                let reach = if is_read { instructions.reach() } else { DisplacementUse::Address };
                let place = self.place(&reloc, distance(&reloc, next));
                let bound = || {
                    let new = || A::Bounds::new(code, span.start, &outside);
                    bounds.get_or_init(new).as_ref()?.reach(at)
                };
                let manner = self.manner((span, to), reach, place, bound);
                found = found
                    .max(manner.map(|manner| (manner, elf.section(to).name_lossy().into_owned())));
            }
        }
        found
    }

    /// The section of constants that `reloc` refers to without a name, if any changed there.
    fn section_of(&self, reloc: &Reloc) -> Option<SectionId> {
        let symbol = self.object.elf.symbol(reloc.symbol);
        let Definition::Section(section) = symbol.place else { return None };
        let is_nameless =
            symbol.kind == SymbolKind::Section || symbol.stability == Stability::Unstable;
        let is_there = || self.around.iter().any(|around| around.section == section);
        (reloc.kind != RelocKind::None && is_nameless && is_there()).then_some(section)
    }

    /// Where in its section `reloc` points to.
    fn place(&self, reloc: &Reloc, distance: Option<i64>) -> i64 {
        let symbol = self.object.elf.symbol(reloc.symbol);
        symbol.value.cast_signed().wrapping_add(distance.unwrap_or(reloc.addend))
    }

    /// What a reference from `span` to `place` of a section does with what changed.
    fn manner(
        &self,
        (span, section): (&Span, SectionId),
        reach: DisplacementUse,
        place: i64,
        bound: impl Fn() -> Option<Range<i64>>,
    ) -> Option<ConstantUse> {
        if matches!(reach, DisplacementUse::Exactly(_)) || self.is_own_table(span, section, place) {
            return None;
        }
        let layout = &self.object.layout;
        let inside = u64::try_from(place).ok();
        if inside.is_some_and(|place| layout.find(section, place).is_some()) {
            return None;
        }
        let near = self.around.iter().filter(|around| {
            around.section == section
                && self.may_come_from(span, around)
                && around.is_beside(inside)
        });
        let near: Vec<&ConstantSurroundings> = near.collect();
        if reach == DisplacementUse::Address {
            let is_neighbour = |around: &&ConstantSurroundings| {
                inside.is_some_and(|at| Some(at) == around.before || at == around.end)
            };
            return near.iter().any(is_neighbour).then_some(ConstantUse::Beside);
        }
        if near.is_empty() {
            return None;
        }
        let bound = bound();
        let reaches = |around: &&ConstantSurroundings| {
            bound.as_ref().is_none_or(|it| around.meets(place, it))
        };
        near.iter().any(reaches).then_some(ConstantUse::Indexing)
    }

    /// Whether a table starts at `place` that leads into the code of `span`: a `switch`.
    fn is_own_table(&self, span: &Span, section: SectionId, place: i64) -> bool {
        let elf = &self.object.elf;
        let entry = u64::try_from(place).ok();
        let entry = entry.and_then(|place| elf.section(section).relocs.at(place));
        entry.and_then(|entry| elf.place_of(&entry)).is_some_and(|it| {
            it.section == span.section && (span.start..span.end).contains(&it.offset)
        })
    }

    /// Whether code of `span` and what changed can come from one source file.
    fn may_come_from(&self, span: &Span, around: &ConstantSurroundings) -> bool {
        let code = self.object.origin(span.section, span.start);
        code.may_be(self.object.origin(around.section, around.start))
    }
}

/// What is known from outside about the code of one section.
struct SectionCodeContext<'a, 'data> {
    uses: &'a ConstantUses<'a, 'data>,
    section: SectionId,
    relocs: &'a Relocs<'data>,
}

impl arch::CodeContext for SectionCodeContext<'_, '_> {
    fn is_entered(&self, place: u64) -> bool {
        let Analysis { elf, entered, .. } = self.uses.object;
        let joined = self.uses.joined.get_or_init(|| joined(elf));
        entered.contains(elf, self.section, place)
            || joined.binary_search(&self.section.at(place)).is_ok()
    }

    fn has_address(&self, places: Range<u64>) -> bool {
        self.relocs.within(places.start, places.end).next().is_some()
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
        Self { section, start, end, run: (first, last), size, before: before.map(|it| it.start) }
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

    /// Whether what is used from `place` on is, in part, this.
    fn meets(&self, place: i64, used: &Range<i64>) -> bool {
        let (first, last) = (place.saturating_add(used.start), place.saturating_add(used.end));
        first < self.end.cast_signed() && self.start.cast_signed() < last
    }
}

/// Where branches with a relocation can lead.
fn joined(elf: &ElfObject<'_>) -> Vec<Place> {
    let code = elf.sections.iter().filter(|section| section.is_code());
    let mut places: Vec<Place> = code
        .flat_map(|section| section.relocs.iter())
        .filter_map(|reloc| {
            // The field of a branch is the last in it.
            let behind = if reloc.kind.is_relative() { reloc.kind.width() } else { 0 };
            elf.place(&reloc, reloc.addend.checked_add_unsigned(behind)?)
        })
        .filter(|place| elf.section(place.section).is_code())
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}
