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

use super::surroundings::{ChangedConstants, ConstantSurroundings};

/// An object, what changed in it, and who is asked.
pub(super) struct ConstantUses<'a, 'data> {
    object: &'a Analysis<'data>,
    changed: ChangedConstants,
    /// By function of this object: which it is in the patched one.
    functions: BTreeMap<FunctionId, FunctionId>,
    /// Where code of other sections can go on, such as behind what a cold part did: section and offset, sorted.
    joined: OnceLock<Vec<Place>>,
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
        let changed = ChangedConstants::of(object, constants, changed);
        Self { object, changed, functions, joined: OnceLock::new() }
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
        let is_there = || self.changed.are_in(section);
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
        let is_from_here = |it: &ConstantSurroundings| self.may_come_from(span, it);
        if reach == DisplacementUse::Address {
            let mut beside = self.changed.with_neighbour_at(section, inside?);
            return beside.any(is_from_here).then_some(ConstantUse::Beside);
        }
        if !self.changed.beside(section, inside).any(is_from_here) {
            return None;
        }
        let is_reached = bound()
            .is_none_or(|used| self.changed.met(section, inside, place, &used).any(is_from_here));
        is_reached.then_some(ConstantUse::Indexing)
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
