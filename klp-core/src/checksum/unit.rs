//! One function, walked instruction by instruction into its streams.

use std::ops::Range;
use std::sync::Arc;

use crate::arch::{Arch, Form, Instructions, for_machine};
use crate::elf::{Place, Reloc, RelocKind, SectionId, SymbolId};
use crate::layout::{Function, SpanId};
use crate::meaning;
use crate::slices::SliceParts as _;
use crate::tables::DecodedEntry;

use super::context::Context;
use super::counted::CountOutcome;
use super::entries::Effect;
use super::fields::distance;
use super::flow::Flow;
use super::instruction::Encoded;
use super::origin::SymbolFiles;
use super::part::{PartRole, UnitPart};
use super::said::{Annotations, InstructionAnnotations};
use super::stream::{Streams, tag};
use super::{ContentKind, EntrySite};

/// Why a function cannot be digested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal(String);

impl Refusal {
    pub(crate) fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl From<Refusal> for String {
    fn from(refusal: Refusal) -> Self {
        refusal.0
    }
}

/// A unit being written: a function, or (without parts) a data object.
pub(crate) struct UnitWriter<'a, 'data, 's> {
    pub(super) cx: &'a Context<'a, 'data>,
    pub(super) streams: &'s mut Streams,
    pub(super) parts: Vec<UnitPart>,
    /// The instructions of the last foreign function that something referred to.
    pub(super) foreign: Option<(SpanId, Arc<CountOutcome>)>,
    /// Where it comes from.
    pub(super) origin: SymbolFiles,
    /// Places in its code that it reads or whose address it takes: from there on, what looks like padding may be
    /// data.
    pub(super) read: Vec<Place>,
    /// Where code starts behind an instruction that control does not leave forwards, and padding: kind, section,
    /// start of the part, offset.
    behind_padding: Vec<(ContentKind, SectionId, u64, u64)>,
}

impl<'a, 'data, 's> UnitWriter<'a, 'data, 's> {
    pub(crate) fn new(cx: &'a Context<'a, 'data>, streams: &'s mut Streams) -> Self {
        streams.clear();
        Self {
            cx,
            streams,
            parts: Vec::new(),
            foreign: None,
            origin: SymbolFiles::Any,
            read: Vec::new(),
            behind_padding: Vec::new(),
        }
    }

    pub(crate) fn streams(&mut self) -> &mut Streams {
        self.streams
    }

    /// Writes all of `function`.
    pub(crate) fn function(&mut self, function: &Function) -> Result<(), Refusal> {
        self.write(function)?;
        let mut read = std::mem::take(&mut self.read);
        let Context { elf, layout, handed, .. } = self.cx;
        for span in function.spans().map(|span| layout.span(span)) {
            // A span is not empty.
            let inside = span.start.saturating_add(1)..span.end;
            read.extend(handed.within(elf, layout, span.section, inside));
        }
        read.retain(|place| !self.runs_into(place.section, place.offset));
        self.read = read;
        if !self.read.is_empty() {
            // Which bytes are read is known now.
            self.streams.clear();
            self.parts.clear();
            self.write(function)?;
        }
        Ok(())
    }

    fn write(&mut self, function: &Function) -> Result<(), Refusal> {
        let role = |id: SpanId| match id {
            _ if id == function.body => PartRole::Body,
            _ if Some(id) == function.prefix => PartRole::Prefix,
            _ => PartRole::Cold,
        };
        let spans =
            [function.body].into_iter().chain(function.cold.iter().copied()).chain(function.prefix);
        for index in spans {
            let span = self.cx.layout.span(index);
            let (section, start, end) = (span.section, span.start, span.end);
            let role = role(index);
            if role == PartRole::Body {
                self.origin = self.cx.origins.at(section, start);
                self.before(section, start);
                self.section_of(function, section);
            }
            self.parts.push(UnitPart { section, start, end, limit: end, role });
        }
        let mut next = 0;
        while next < self.parts.len() {
            self.walk(next)?;
            next += 1;
        }
        self.counted_from_start();
        let fixups = std::mem::take(&mut self.streams.fixups);
        for fixup in &fixups {
            let (part, index, delta) = self.locate(fixup.section, fixup.offset)?;
            self.streams.fill(*fixup, part, index, delta);
        }
        self.streams.fixups = fixups;
        Ok(())
    }

    /// Writes what is to be patched in front of the function, where no prefix has it.
    fn before(&mut self, section: SectionId, start: u64) {
        let from = self.cx.layout.end_before(section, start).unwrap_or(0);
        let code = |at: u64| self.cx.elf.section(section).bytes(at, start.checked_sub(at)?);
        let places = self.cx.sites.patchable(section, from, start);
        let is_padding =
            |code: &[u8]| code.len() == for_machine!(self.cx.elf.machine, A => A::padding(code));
        let all_nops = |at: &u64| code(*at).is_some_and(is_padding);
        if let Some(at) = places.filter(all_nops).min() {
            self.patchable_before(start.saturating_sub(at));
        }
    }

    fn walk(&mut self, number: usize) -> Result<(), Refusal> {
        let Some(part) = self.parts.get(number).cloned() else { return Ok(()) };
        let number8 =
            u8::try_from(number).map_err(|_| Refusal::new("more than 255 separate parts"))?;
        let section = self.cx.elf.section(part.section);
        let code = section
            .range(part.start, part.limit)
            .ok_or_else(|| Refusal::new("its bytes are not in the file"))?;
        if u32::try_from(code.len()).is_err() {
            return Err(Refusal::new("too many instructions"));
        }
        self.streams.item(part.role.kind(), tag::PART, 0);
        self.streams.begin_part(number, code.len());
        if self.is_object(&part) {
            self.streams.data(number, code.len());
            return self.object(&part, code);
        }
        let ahead = section.range(part.start, section.size).unwrap_or(code);
        let end = for_machine!(
            self.cx.elf.machine, A => self.instructions::<A>(number, number8, &part, code, ahead)
        )?;
        if let Some(slot) = self.parts.get_mut(number) {
            *slot = UnitPart { end, ..part.clone() };
        }
        self.fall_through(&part, number)
    }

    /// Writes the instructions of part `number`, which is `code`, the start of `ahead`. Returns where it ends.
    fn instructions<A: Arch>(
        &mut self,
        number: usize,
        number8: u8,
        part: &UnitPart,
        code: &[u8],
        ahead: &[u8],
    ) -> Result<u64, Refusal> {
        let kind = part.role.kind();
        let mut said = Annotations::of(self.cx, part.section, part.start, part.limit);
        let mut end = part.limit;
        let mut instructions = A::Instructions::at_start(ahead, code.len(), part.start);
        let mut flow = Flow::default();
        loop {
            let before = instructions.offset();
            let pending = said.next_offset();
            let limit = usize::try_from(pending.saturating_sub(part.start)).unwrap_or(usize::MAX);
            self.streams.plain(kind, number, &mut instructions, limit);
            let offset = instructions.offset();
            let Some(decoded) = instructions.next() else { break };
            let decoded =
                decoded.map_err(|_| Refusal::new(format!("no instruction at +{offset:#x}")))?;
            let raw = code.between(offset, instructions.offset());
            let Range { start: at, end: next } = instructions.place();
            let is_bare = next <= pending;
            let stays = |target: u64| part.role != PartRole::Outlined && part.holds(target);
            let effect = match decoded.form {
                Form::Branch { target, .. } if is_bare && stays(target) => {
                    let distance = instructions
                        .distance()
                        .ok_or_else(|| Refusal::new("a branch without a distance"))?;
                    self.streams.count(number, offset, raw.len(), true);
                    self.streams.branch_inside::<A>(kind, raw, distance, offset as u64);
                    self.streams.fixup(kind, part.section, target);
                    Effect::Keep
                }
                Form::Nop if is_bare => {
                    let is_data = self.is_read(part, at);
                    if is_data {
                        self.streams.whole(kind, raw, offset as u64);
                    }
                    self.streams.count(number, offset, raw.len(), is_data || said.covers(at));
                    Effect::Keep
                }
                _ => {
                    let own = said.take_before(next)?;
                    let site = EntrySite {
                        part: number8,
                        address: RelocKind::Relative32,
                        delta: 0,
                        has_static_call: false,
                        index: self.streams.counted(number),
                        offset: offset as u64,
                        len: decoded.len,
                        form: decoded.form,
                        is_loaded: true,
                        covering: 0,
                        branch_symbol: self.branch_symbol(own.relocs, decoded.form, next),
                        short_or_near_jump: A::jump(raw).is_some(),
                    };
                    let instruction = Encoded { at, raw, decoded };
                    let counts = !own.is_empty() || decoded.form != Form::Nop || said.covers(at);
                    let effect =
                        self.described::<A>(part, site, &instruction, &mut instructions, &own)?;
                    self.streams.count(number, offset, raw.len(), counts);
                    effect
                }
            };
            let is_replaced = effect == Effect::Replace;
            let here = offset..instructions.offset();
            if flow.starts_behind_padding(before, here, &decoded, is_replaced) {
                self.behind_padding.push((kind, part.section, part.start, before as u64));
            }
            if part.role == PartRole::Outlined && decoded.ends_flow {
                end = next;
                break;
            }
        }
        Ok(end)
    }

    /// Writes in what section the body is, and what becomes of it there, where that means something.
    fn section_of(&mut self, function: &Function, section: SectionId) {
        let section = self.cx.elf.section(section);
        let meaning = meaning::of(section);
        let is_indirect = |symbol: &SymbolId| self.cx.elf.symbol(*symbol).indirect;
        let flags = [
            section.is_writable(),
            section.is_excluded(),
            function.symbols.iter().any(is_indirect),
        ];
        let bits = flags.into_iter().zip(0u8..).map(|(is, bit)| u8::from(is) << bit);
        let flags = bits.fold(0, |all, bit| all | bit);
        if meaning.is_empty() && flags == 0 {
            return;
        }
        self.streams.item(ContentKind::Section, tag::PART, 0);
        self.streams.bytes(ContentKind::Section, meaning);
        if flags != 0 {
            self.streams.byte(ContentKind::Section, flags);
        }
    }

    /// Writes what control runs on into behind the end of the function's code, if it does.
    fn fall_through(&mut self, part: &UnitPart, number: usize) -> Result<(), Refusal> {
        let kind = ContentKind::FallThrough;
        let last = self
            .streams
            .last_counted(number, usize::MAX)
            .filter(|_| matches!(part.role, PartRole::Body | PartRole::Cold));
        let section = self.cx.elf.section(part.section);
        let Some(last) = last else { return Ok(()) };
        let last = part.start.saturating_add(last as u64);
        let rest = section.in_file(last, part.limit);
        let is_warning = || {
            let entries = self.cx.sites.within(part.section, last, last.saturating_add(1));
            let mut entries = entries.iter().map(|site| self.cx.sites.entry(self.cx.elf, site));
            entries.any(|entry| matches!(entry, Ok(DecodedEntry::Bug(bug)) if bug.is_warning()))
        };
        let machine = self.cx.elf.machine;
        let runs_on =
            for_machine!(machine, A => A::runs_on(rest) || A::traps(rest) && is_warning());
        if !runs_on {
            return Ok(());
        }
        let behind = section.in_file(part.limit, section.size);
        let padding = for_machine!(machine, A => A::padding(behind));
        let next = part.limit.saturating_add(padding as u64);
        if next < section.size && self.cx.layout.find(part.section, next).is_some() {
            self.streams.item(kind, tag::CODE, last.saturating_sub(part.start));
            self.code(kind, part.section, next, None)?;
        }
        Ok(())
    }

    /// Writes an instruction about which something is said, unless a special entry stands for it.
    fn described<A: Arch>(
        &mut self,
        part: &UnitPart,
        mut site: EntrySite<'_>,
        instruction: &Encoded<'_>,
        instructions: &mut A::Instructions<'_>,
        own: &InstructionAnnotations<'_>,
    ) -> Result<Effect, Refusal> {
        for (_, offset, symbol) in own.labels {
            self.label(part, &site, instruction, *offset, *symbol);
        }
        let effect = self.entries(&mut site, instruction.at, own.entries)?;
        let is_nop = instruction.decoded.form == Form::Nop && own.relocs == [None; 2];
        if effect == Effect::Keep && !is_nop {
            let operands = instructions.operands();
            self.instruction::<A>(part, &site, instruction, &operands, own.relocs)?;
        }
        Ok(effect)
    }

    /// Writes a label that others jump to, copy from or patch: also how long the instruction there is, which a
    /// branch can choose.
    fn label(
        &mut self,
        part: &UnitPart,
        site: &EntrySite<'_>,
        instruction: &Encoded<'_>,
        offset: u64,
        symbol: Option<SymbolId>,
    ) {
        let kind = part.role.kind();
        let name = symbol.map(|symbol| self.cx.elf.symbol(symbol).name);
        // What a table lists can be any field of the instruction, which the table says.
        let delta = name.map_or(0, |_| offset.saturating_sub(instruction.at));
        self.position(kind, site, tag::LABEL, u8::try_from(delta).unwrap_or(u8::MAX));
        self.streams.bytes(kind, name.unwrap_or_default());
        self.streams.byte(kind, instruction.decoded.len);
    }

    /// Writes where pieces of code start behind padding that nothing refers to: they are found by counting from the
    /// start of an array. One alone is code that is never reached.
    fn counted_from_start(&mut self) {
        let mut pieces = std::mem::take(&mut self.behind_padding);
        pieces.retain(|(_, section, start, offset)| {
            let at = start.saturating_add(*offset);
            let mut fixups = self.streams.fixups.iter();
            !fixups.any(|fixup| (fixup.section, fixup.offset) == (*section, at))
                && !self.cx.entered.contains(self.cx.elf, *section, at)
        });
        for (kind, _, _, offset) in pieces.iter().filter(|_| pieces.len() > 1) {
            self.streams.item(*kind, tag::LABEL, *offset);
            self.streams.number(*kind, *offset);
        }
    }

    /// The symbol that the branch before `next` goes to.
    fn branch_symbol(
        &self,
        relocs: [Option<Reloc>; 2],
        form: Form,
        next: u64,
    ) -> Option<&'data [u8]> {
        let ([Some(reloc), _], Form::Branch { .. }) = (relocs, form) else { return None };
        let is_start = reloc.kind == RelocKind::Relative32 && distance(&reloc, next) == Some(0);
        is_start.then(|| self.cx.elf.symbol(reloc.symbol).name)
    }
}
