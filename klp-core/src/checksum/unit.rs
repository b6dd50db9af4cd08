//! One function, walked instruction by instruction into its streams.

use crate::elf::{ElfObject, Reloc, RelocKind, SymbolKind, Within};
use crate::layout::Function;
use crate::special::{Effect, SiteRef};
use crate::x86::{Form, Instructions};

use super::context::{Context, Target};
use super::count::Instructed;
use super::instruction::{Encoded, distance};
use super::origin::Origin;
use super::stream::{Streams, tag};
use super::{Kind, Site};

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

/// A stretch of code that the unit consists of.
#[derive(Debug, Clone)]
pub(super) struct Part {
    pub(super) section: u32,
    start: u64,
    end: u64,
    /// Where it must end.
    limit: u64,
    pub(super) role: Role,
}

impl Part {
    fn holds(&self, offset: u64) -> bool {
        (self.start..self.end).contains(&offset)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Body,
    Cold,
    Prefix,
    /// Code without a symbol that the unit jumps to; it ends where control does.
    Outlined,
}

impl Role {
    pub(super) fn kind(self) -> Kind {
        match self {
            Self::Body | Self::Outlined => Kind::Instruction,
            Self::Cold => Kind::ColdPart,
            Self::Prefix => Kind::Prefix,
        }
    }
}

/// A unit being written: a function, or (without parts) a data object.
pub(crate) struct Unit<'a, 'data, 's> {
    pub(super) cx: &'a Context<'a, 'data>,
    pub(super) streams: &'s mut Streams,
    pub(super) parts: Vec<Part>,
    /// Those of the last foreign function that something referred to.
    pub(super) foreign: Option<(u32, Instructed)>,
    /// Where it comes from.
    pub(super) origin: Origin,
}

impl<'a, 'data, 's> Unit<'a, 'data, 's> {
    pub(crate) fn new(cx: &'a Context<'a, 'data>, streams: &'s mut Streams) -> Self {
        streams.clear();
        Self { cx, streams, parts: Vec::new(), foreign: None, origin: Origin::Any }
    }

    pub(crate) fn elf(&self) -> &'a ElfObject<'data> {
        self.cx.elf
    }

    pub(crate) fn streams(&mut self) -> &mut Streams {
        self.streams
    }

    /// Writes all of `function`.
    pub(crate) fn function(&mut self, function: &Function) -> Result<(), Refusal> {
        let role = |index: u32| match index {
            _ if index == function.body => Role::Body,
            _ if Some(index) == function.prefix => Role::Prefix,
            _ => Role::Cold,
        };
        let spans =
            [function.body].into_iter().chain(function.cold.iter().copied()).chain(function.prefix);
        for index in spans {
            let Some(span) = self.cx.layout.span(index) else { continue };
            let (section, start, end) = (span.section, span.start, span.end);
            let role = role(index);
            if role == Role::Body {
                self.origin = self.cx.origins.at(section, start);
            }
            self.parts.push(Part { section, start, end, limit: end, role });
        }
        let mut next = 0;
        while next < self.parts.len() {
            self.walk(next)?;
            next = next.saturating_add(1);
        }
        let fixups = std::mem::take(&mut self.streams.fixups);
        for fixup in &fixups {
            let (part, index, delta) = self.locate(fixup.section, fixup.offset)?;
            self.streams.fill(*fixup, part, index, delta);
        }
        self.streams.fixups = fixups;
        Ok(())
    }

    fn walk(&mut self, number: usize) -> Result<(), Refusal> {
        let Some(part) = self.parts.get(number).cloned() else { return Ok(()) };
        let number8 =
            u8::try_from(number).map_err(|_| Refusal::new("more than 255 separate parts"))?;
        let section =
            self.cx.elf.section(part.section).ok_or_else(|| Refusal::new("no section"))?;
        let code = section
            .bytes(part.start, part.limit.saturating_sub(part.start))
            .ok_or_else(|| Refusal::new("its bytes are not in the file"))?;
        if u32::try_from(code.len()).is_err() {
            return Err(Refusal::new("too many instructions"));
        }
        let kind = part.role.kind();
        self.streams.item(kind, tag::PART, 0);
        self.streams.begin_part(number, code.len());
        let sites = self.cx.sites.within(part.section, part.start, part.limit);
        let mut said = Said { relocs: section.relocs.within(part.start, part.limit), sites };
        let mut end = part.limit;
        let ahead = section.bytes(part.start, section.size.saturating_sub(part.start));
        let mut instructions =
            Instructions::at_start(ahead.unwrap_or(code), code.len(), part.start);
        loop {
            let pending = said.next_offset();
            let limit = usize::try_from(pending.saturating_sub(part.start)).unwrap_or(usize::MAX);
            self.streams.plain(kind, number, &mut instructions, limit);
            let offset = instructions.offset();
            let Some(decoded) = instructions.next() else { break };
            let decoded =
                decoded.map_err(|_| Refusal::new(format!("no instruction at +{offset:#x}")))?;
            let raw = code.get(offset..instructions.offset()).unwrap_or_default();
            let at = part.start.saturating_add(offset as u64);
            let next = at.saturating_add(u64::from(decoded.len));
            let is_bare = next <= pending;
            let stays = |target: u64| part.role != Role::Outlined && part.holds(target);
            match decoded.form {
                Form::Branch { target, .. } if is_bare && stays(target) => {
                    let head = instructions
                        .distance()
                        .and_then(|field| raw.get(..usize::from(field.offset)));
                    let head = head.ok_or_else(|| Refusal::new("a branch without a distance"))?;
                    self.streams.count(number, offset, raw.len(), true);
                    self.streams.branch_inside(kind, head, offset as u64);
                    self.streams.fixup(kind, part.section, target);
                }
                Form::Nop if is_bare => self.streams.count(number, offset, raw.len(), false),
                _ => {
                    let (own, entries) = said.take_before(next)?;
                    let site = Site {
                        part: number8,
                        address: RelocKind::Relative32,
                        delta: 0,
                        has_static_call: false,
                        index: self.streams.counted(number),
                        offset: offset as u64,
                        len: decoded.len,
                        form: decoded.form,
                        branch_symbol: self.branch_symbol(own, decoded.form, next),
                        short_or_near_jump: matches!(raw, [0xeb | 0xe9, ..]),
                    };
                    let instruction = Encoded { at, raw, decoded };
                    let counts =
                        self.described(&part, site, &instruction, &mut instructions, own, entries)?;
                    self.streams.count(number, offset, raw.len(), counts);
                }
            }
            if part.role == Role::Outlined && decoded.ends_flow {
                end = next;
                break;
            }
        }
        if let Some(slot) = self.parts.get_mut(number) {
            *slot = Part { end, ..part };
        }
        Ok(())
    }

    /// Writes an instruction about which relocations and special entries say something, unless one of those
    /// stands for it. Returns whether it counts.
    fn described(
        &mut self,
        part: &Part,
        mut site: Site<'_>,
        instruction: &Encoded<'_>,
        instructions: &mut Instructions<'_>,
        relocs: [Option<Reloc>; 2],
        entries: &[SiteRef],
    ) -> Result<bool, Refusal> {
        let effect = self.entries(&mut site, instruction.at, entries)?;
        let padding = instruction.decoded.form == Form::Nop && relocs == [None; 2];
        let counts = effect == Effect::Keep && !padding;
        if counts {
            let operands = instructions.operands();
            self.instruction(part, &site, instruction, &operands, relocs)?;
        }
        Ok(counts)
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
        is_start.then(|| self.cx.elf.symbol(reloc.symbol).map(|symbol| symbol.name))?
    }

    /// Writes what the special entries of the instruction at `at` say.
    fn entries(
        &mut self,
        site: &mut Site<'_>,
        at: u64,
        entries: &[SiteRef],
    ) -> Result<Effect, Refusal> {
        let mut effect = Effect::Keep;
        for entry in entries {
            site.address = entry.address;
            site.delta = u8::try_from(entry.offset.saturating_sub(at)).unwrap_or(u8::MAX);
            let opened = self.cx.sites.open(self.cx.elf, entry);
            let (entry, reader) =
                opened.ok_or_else(|| Refusal::new("a special section vanished"))?;
            site.has_static_call |= reader.is_of_static_calls();
            if (reader.write)(self, &entry, site)? == Effect::Replace {
                effect = Effect::Replace;
            }
        }
        site.delta = 0;
        if self.cx.sites.lists_static_calls && site.static_call().is_some() && !site.has_static_call
        {
            self.entry(Kind::StaticCall, site);
        }
        if site.calls_fentry() && !self.cx.sites.lists_mcount {
            self.traceable(site);
            effect = Effect::Replace;
        }
        Ok(effect)
    }

    /// Whether `target` is code of this unit, making it so when it is code that nobody owns.
    pub(super) fn inside(&mut self, target: &Target<'_>) -> bool {
        let Target::Code { section, offset, symbol } = target else { return false };
        if self.part_at(*section, *offset).is_some() {
            return true;
        }
        let is_function = symbol
            .and_then(|symbol| self.cx.elf.symbol(symbol))
            .is_some_and(|symbol| symbol.kind == SymbolKind::Function && symbol.value == *offset);
        if is_function || self.parts.is_empty() {
            return false;
        }
        let Some(header) = self.cx.elf.section(*section).filter(|header| *offset < header.size)
        else {
            return false;
        };
        let end =
            match self.cx.layout.find(*section, *offset).and_then(|span| self.cx.layout.span(span))
            {
                Some(span) if span.symbol.is_some() => return false,
                Some(span) => span.end,
                None => self.cx.layout.next_start(*section, *offset).unwrap_or(header.size),
            };
        if header.is_code() {
            // How far it goes is known when it has been walked; until then it is its first byte.
            self.parts.push(Part {
                section: *section,
                start: *offset,
                end: offset.saturating_add(1),
                limit: end,
                role: Role::Outlined,
            });
        }
        header.is_code()
    }

    pub(super) fn part_at(&self, section: u32, offset: u64) -> Option<usize> {
        self.parts.iter().position(|part| part.section == section && part.holds(offset))
    }

    /// Part, instruction index in it, and offset in the instruction, of a place inside the unit.
    fn locate(&self, section: u32, offset: u64) -> Result<(u8, u32, u8), Refusal> {
        let number = self
            .part_at(section, offset)
            .ok_or_else(|| Refusal::new("a branch behind the end of its code"))?;
        let part = self.parts.get(number).ok_or_else(|| Refusal::new("a part vanished"))?;
        let (index, delta) = self.streams.place(number, offset.saturating_sub(part.start));
        Ok((u8::try_from(number).unwrap_or(u8::MAX), index, delta))
    }
}

/// What relocations and special entries say about the instructions ahead.
struct Said<'a> {
    relocs: Within<'a>,
    sites: &'a [SiteRef],
}

impl<'a> Said<'a> {
    /// Where the next of them applies; the last of all places if there is none.
    fn next_offset(&self) -> u64 {
        let site = self.sites.first().map_or(u64::MAX, |entry| entry.offset);
        self.relocs.next_offset().min(site)
    }

    /// Those before `end`: an instruction has two fields at most.
    fn take_before(&mut self, end: u64) -> Result<([Option<Reloc>; 2], &'a [SiteRef]), Refusal> {
        let mut own = [None; 2];
        while self.relocs.next_offset() < end {
            let Some(reloc) = self.relocs.next().filter(|reloc| reloc.kind != RelocKind::None)
            else {
                continue;
            };
            let slot = own.iter_mut().find(|slot| slot.is_none());
            *slot.ok_or_else(|| Refusal::new("three relocations in one instruction"))? =
                Some(reloc);
        }
        let count = self.sites.iter().take_while(|entry| entry.offset < end).count();
        let (entries, later) = self.sites.split_at(count);
        self.sites = later;
        Ok((own, entries))
    }
}
