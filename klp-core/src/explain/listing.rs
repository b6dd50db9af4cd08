//! The instructions of a function, with what relocations and special sections say about them.

use crate::arch::{Access, Arch, FieldNames, Form, Instructions as _, for_machine};
use crate::checksum::{Analysis, ReferenceMeaning, distance};
use crate::elf::{self, Place, Reloc, RelocKind, Section, SymbolId};
use crate::layout::{FunctionId, Span};

use super::fact::InstructionFact;
use super::place;
use super::reference::{self, Reference};
use super::said::{EntryInWords, Replacing, SurroundingCode, said};

/// The rule of what stands between instructions that count.
const PADDING: &str = "padding";

/// What a number in an instruction is called.
pub(super) const IMMEDIATE: &str = "immediate";
pub(super) const SUMMAND: &str = "summand";

/// An instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstructionLine {
    /// Which stretch of the function it is in: 0 is the first, cold parts follow.
    pub part: usize,
    /// Offset in that.
    pub offset: u64,
    /// In the assembler's syntax, with names for addresses.
    pub text: String,
    /// The same without names and numbers, which are facts.
    pub(super) bare: String,
    /// What it does, without operands.
    pub(super) mnemonic: String,
    /// What can differ in it.
    pub(super) facts: Vec<InstructionFact>,
    /// What the data that it refers to leads to, where that tells why a fact differs.
    pub(super) behind: Vec<InstructionFact>,
    /// What special sections say about it, in words.
    pub says: Vec<String>,
    /// The same as it is compared.
    pub(super) said: Vec<EntryInWords>,
    /// The rule by which digests leave it out, if one does.
    pub left_out: Option<&'static str>,
    /// Where in the function a branch goes, as part and offset.
    pub(super) inside: Option<(usize, u64)>,
}

/// The lines of the function of that number.
pub(super) fn lines(analysis: &Analysis<'_>, function: FunctionId) -> Vec<InstructionLine> {
    let function = &analysis.layout.functions[function];
    let spans: Vec<Span> =
        function.spans().map(|span| analysis.layout.span(span)).copied().collect();
    let listing = InstructionLister { analysis, spans: &spans };
    spans.iter().enumerate().flat_map(|(part, span)| listing.part(part, *span)).collect()
}

/// Where they begin.
pub(super) fn places(analysis: &Analysis<'_>, function: FunctionId) -> Vec<(usize, u64)> {
    let mut places = Vec::new();
    for (part, stretch) in super::stretches(analysis, function).into_iter().enumerate() {
        let section = analysis.elf.section(stretch.section);
        let code = section.in_file(stretch.start, stretch.end);
        let mut at = 0_u64;
        let lengths = for_machine!(analysis.elf.machine, A => lengths::<A>(code, stretch.start));
        for length in lengths {
            places.push((part, at));
            at = at.saturating_add(length);
        }
    }
    places
}

/// How long the instructions of `code` are, and each byte of what is none.
fn lengths<A: Arch>(code: &[u8], start: u64) -> Vec<u64> {
    let instructions = A::Instructions::new(code, start);
    instructions.map(|decoded| decoded.map_or(1, |decoded| u64::from(decoded.len))).collect()
}

struct InstructionLister<'a, 'data> {
    analysis: &'a Analysis<'data>,
    spans: &'a [Span],
}

impl InstructionLister<'_, '_> {
    fn part(&self, part: usize, span: Span) -> Vec<InstructionLine> {
        for_machine!(self.analysis.elf.machine, A => self.instructions::<A>(part, span))
    }

    fn instructions<A: Arch>(&self, part: usize, span: Span) -> Vec<InstructionLine> {
        let section = self.analysis.elf.section(span.section);
        let size = span.end.saturating_sub(span.start);
        let Some(code) = section.bytes(span.start, size) else { return Vec::new() };
        let mut lines = Vec::new();
        let mut instructions = A::Instructions::new(code, span.start);
        let mut at = span.start;
        while let Some(decoded) = instructions.next() {
            // What is no instruction is shown byte by byte: the digest refuses such a function.
            let length = decoded.map_or(1, |decoded| u64::from(decoded.len));
            let is_nop = decoded.is_ok_and(|decoded| decoded.form == Form::Nop);
            let access = match decoded {
                Ok(_) => instructions.operands().access,
                Err(_) => Access::Open,
            };
            let branch = match decoded.map(|decoded| decoded.form) {
                Ok(Form::Branch { call, target }) => Some((call, target)),
                _ => None,
            };
            let place = InstructionPlace { section, span, part, at, length };
            lines.push(self.line::<A>(&place, access, branch, is_nop));
            at = at.saturating_add(length);
        }
        lines
    }

    /// `branch` says of a direct branch whether it is a call, and its target as encoded.
    fn line<A: Arch>(
        &self,
        place: &InstructionPlace<'_, '_>,
        access: Access,
        branch: Option<(bool, u64)>,
        is_nop: bool,
    ) -> InstructionLine {
        let InstructionPlace { section, span, part, at, length } = *place;
        let end = at.saturating_add(length);
        let relocs: Vec<Reloc> =
            section.relocs.within(at, end).filter(|reloc| reloc.kind != RelocKind::None).collect();
        let is_call = branch.is_some_and(|(is_call, _)| is_call);
        let branch = self.branch(place, branch.map(|(_, target)| target), &relocs);
        let fields = match &branch {
            Some(_) => FieldReferences::default(),
            None => self.fields::<A>(place, access, &relocs),
        };
        let inside = branch.as_ref().and_then(|branch| branch.inside);
        let shown = |field: &Option<Reference>| field.as_ref().map(|field| field.text.clone());
        let names = FieldNames {
            branch: branch.as_ref().map(|branch| branch.text.clone()),
            displacement: shown(&fields.displacement),
            immediate: shown(&fields.immediate),
        };
        let code = section.bytes(at, length).unwrap_or_default();
        let bare = A::text(code, at, FieldNames::none());
        let text = A::text(code, at, names);
        let (mut facts, mut behind) = (Vec::new(), Vec::new());
        if let Some(branch) = &branch {
            let what = if is_call { "calls" } else { "jumps to" };
            facts.push(InstructionFact { what, ..branch.fact.clone() });
        }
        for field in [&fields.displacement, &fields.immediate].into_iter().flatten() {
            facts.push(field.fact.clone());
            behind.extend(field.behind.iter().cloned());
        }
        if let Some(number) = text.displacement.filter(|_| fields.displacement.is_none()) {
            facts.push(InstructionFact::plain("displacement", format!("{number:#x}")));
        }
        if let Some(number) = text.summand.filter(|_| fields.displacement.is_none()) {
            facts.push(InstructionFact::plain(SUMMAND, format!("{number:#x}")));
        }
        if let Some(number) = text.immediate.filter(|_| fields.immediate.is_none()) {
            facts.push(InstructionFact::plain(IMMEDIATE, format!("{number:#x}")));
        }
        let entries = self.analysis.sites.within(span.section, at, end);
        let said: Vec<EntryInWords> =
            entries.iter().map(|site| said(self.analysis, self, site, at)).collect();
        let is_padding = is_nop && relocs.is_empty() && said.is_empty();
        InstructionLine {
            part,
            offset: at.saturating_sub(span.start),
            text: text.whole,
            bare: bare.whole,
            mnemonic: text.mnemonic,
            facts,
            behind,
            says: said.iter().map(|it| it.fact.shown.clone()).collect(),
            said,
            left_out: is_padding.then_some(PADDING),
            inside,
        }
    }

    /// What the operands refer to that have a relocation.
    fn fields<A: Arch>(
        &self,
        place: &InstructionPlace<'_, '_>,
        access: Access,
        relocs: &[Reloc],
    ) -> FieldReferences {
        let mut fields = FieldReferences::default();
        let code = place.section.bytes(place.at, place.length).unwrap_or_default();
        let mut instructions = A::Instructions::new(code, place.at);
        if !matches!(instructions.next(), Some(Ok(_))) {
            return fields;
        }
        let operands = instructions.operands();
        let end = place.at.saturating_add(place.length);
        for reloc in relocs {
            let within = u8::try_from(reloc.offset.saturating_sub(place.at)).unwrap_or(u8::MAX);
            let field = operands.field_at(within);
            let is_displacement = field.is_some() && field == operands.displacement;
            let access = if is_displacement { access } else { Access::Open };
            let addend = distance(reloc, end).unwrap_or(reloc.addend);
            let said = self.refers(place, access, reloc.symbol, addend);
            if is_displacement {
                fields.displacement = Some(said);
            } else {
                fields.immediate = Some(said);
            }
        }
        fields
    }

    fn refers(
        &self,
        place: &InstructionPlace<'_, '_>,
        access: Access,
        symbol: SymbolId,
        addend: i64,
    ) -> Reference {
        let origin = self.analysis.origin(place.span.section, place.span.start);
        let cx = self.analysis.context();
        let target = cx.resolve_used(origin, access, symbol, addend);
        reference::of(self.analysis, &target, access)
    }

    /// Where a direct branch goes.
    fn branch(
        &self,
        place: &InstructionPlace<'_, '_>,
        target: Option<u64>,
        relocs: &[Reloc],
    ) -> Option<BranchText> {
        let target = target?;
        let end = place.at.saturating_add(place.length);
        let code = match relocs.first() {
            None => place.span.section.at(target),
            Some(reloc) => {
                let addend = distance(reloc, end)?;
                let said = self.refers(place, Access::Open, reloc.symbol, addend);
                match said.code {
                    Some(code) if self.inside(code).is_some() => code,
                    _ => return Some(BranchText::out(said)),
                }
            }
        };
        let Some(inside) = self.inside(code) else {
            let Place { section, offset } = code;
            let code = ReferenceMeaning::Code { section, offset, symbol: None };
            return Some(BranchText::out(reference::of(self.analysis, &code, Access::Open)));
        };
        Some(BranchText {
            text: place::shown(inside),
            fact: InstructionFact::plain("", "a place in the function".to_owned()),
            inside: Some(inside),
        })
    }
}

impl SurroundingCode for InstructionLister<'_, '_> {
    fn inside(&self, Place { section, offset }: Place) -> Option<(usize, u64)> {
        let mut spans = self.spans.iter().enumerate();
        spans.find_map(|(part, span)| {
            let holds = span.section == section && (span.start..span.end).contains(&offset);
            holds.then(|| (part, offset.saturating_sub(span.start)))
        })
    }

    fn replacement(&self, reloc: &Reloc, length: u8) -> Vec<Replacing> {
        let symbol = self.analysis.elf.symbol(reloc.symbol);
        let start = symbol.value.checked_add_signed(reloc.addend);
        let (elf::Definition::Section(section), Some(start)) = (symbol.place, start) else {
            return Vec::new();
        };
        let end = start.saturating_add(u64::from(length));
        let lines = self.part(0, Span { section, start, end, symbol: None }).into_iter();
        lines
            .map(|InstructionLine { text, bare, facts, inside, .. }| Replacing {
                text,
                bare,
                facts,
                inside,
            })
            .collect()
    }
}

/// Where an instruction is.
#[derive(Clone, Copy)]
struct InstructionPlace<'a, 'data> {
    section: &'a Section<'data>,
    span: Span,
    part: usize,
    at: u64,
    length: u64,
}

#[derive(Default)]
struct FieldReferences {
    displacement: Option<Reference>,
    immediate: Option<Reference>,
}

struct BranchText {
    text: String,
    fact: InstructionFact,
    inside: Option<(usize, u64)>,
}

impl BranchText {
    fn out(to: Reference) -> Self {
        Self { text: to.text, fact: to.fact, inside: None }
    }
}
