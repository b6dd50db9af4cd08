//! One function, walked instruction by instruction into its streams.

use std::iter::Peekable;
use std::ops::Range;

use crate::elf::{ElfObject, Reloc, RelocKind, SymbolKind};
use crate::layout::Function;
use crate::special::{Effect, SiteRef};
use crate::x86::{Form, Instructions};

use super::context::{Context, Target};
use super::count::{Instructed, count_to};
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
    /// The part's ranges in `Streams::instructions`.
    counted: Range<usize>,
    padding: Range<usize>,
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
            self.parts.push(Part {
                section,
                start,
                end,
                limit: end,
                role,
                counted: 0..0,
                padding: 0..0,
            });
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
        self.streams.item(part.role.kind(), tag::PART, 0);
        let first = self.streams.instructions.counted.len();
        let first_padding = self.streams.instructions.padding.len();
        let mut relocs = section.relocs.within(part.start, part.limit).peekable();
        let mut sites =
            self.cx.sites.within(part.section, part.start, part.limit).iter().peekable();
        let mut at = part.start;
        let mut end = part.limit;
        let mut rest = code;
        let mut instructions = Instructions::new(code, part.start);
        while let Some(decoded) = instructions.next() {
            let decoded = decoded.map_err(|_| {
                Refusal::new(format!("no instruction at +{:#x}", at.saturating_sub(part.start)))
            })?;
            let window = rest;
            let (raw, after) = rest.split_at(usize::from(decoded.len).min(rest.len()));
            rest = after;
            let next = at.saturating_add(u64::from(decoded.len));
            let is_alone = relocs.peek().is_none_or(|reloc| reloc.offset >= next)
                && sites.peek().is_none_or(|entry| entry.offset >= next);
            if is_alone && decoded.form == Form::Plain && !decoded.is_ip_relative {
                self.streams.instructions.counted.push((at, decoded.len));
                self.streams.copy(
                    part.role.kind(),
                    window,
                    raw.len(),
                    at.saturating_sub(part.start),
                );
                at = next;
                if part.role == Role::Outlined && decoded.ends_flow {
                    end = next;
                    break;
                }
                continue;
            }
            let own = taken(&mut relocs, next)?;
            let [first_reloc, _] = own;
            let index = self.streams.instructions.counted.len().saturating_sub(first);
            let mut site = Site {
                part: number8,
                address: RelocKind::Relative32,
                delta: 0,
                has_static_call: false,
                index: u32::try_from(index).map_err(|_| Refusal::new("too many instructions"))?,
                offset: at.saturating_sub(part.start),
                len: decoded.len,
                form: decoded.form,
                branch_symbol: first_reloc
                    .filter(|reloc| {
                        reloc.kind == RelocKind::Relative32 && distance(reloc, next) == Some(0)
                    })
                    .and_then(|reloc| self.cx.elf.symbol(reloc.symbol))
                    .map(|symbol| symbol.name),
                short_or_near_jump: matches!(raw, [0xeb | 0xe9, ..]),
            };
            let entries = std::iter::from_fn(|| sites.next_if(|entry| entry.offset < next));
            let effect = self.entries(&mut site, at, entries)?;
            let padding = decoded.form == Form::Nop && first_reloc.is_none();
            if effect == Effect::Keep && !padding {
                self.streams.instructions.counted.push((at, decoded.len));
                let instruction = Encoded { at, raw, decoded, operands: instructions.operands() };
                self.instruction(&part, &site, &instruction, own)?;
            } else {
                self.streams.instructions.padding.push((at, decoded.len));
            }
            at = next;
            if part.role == Role::Outlined && decoded.ends_flow {
                end = next;
                break;
            }
        }
        let counted = first..self.streams.instructions.counted.len();
        let padding = first_padding..self.streams.instructions.padding.len();
        if let Some(slot) = self.parts.get_mut(number) {
            *slot = Part { end, counted, padding, ..part };
        }
        Ok(())
    }

    /// Writes what the special entries of the instruction at `at` say.
    fn entries<'e>(
        &mut self,
        site: &mut Site<'_>,
        at: u64,
        entries: impl Iterator<Item = &'e SiteRef>,
    ) -> Result<Effect, Refusal> {
        let mut effect = Effect::Keep;
        for entry in entries {
            site.address = entry.address;
            site.has_static_call |= entry.is_static_call();
            site.delta = u8::try_from(entry.offset.saturating_sub(at)).unwrap_or(u8::MAX);
            let opened = self.cx.sites.open(self.cx.elf, entry);
            let (entry, reader) =
                opened.ok_or_else(|| Refusal::new("a special section vanished"))?;
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
                counted: 0..0,
                padding: 0..0,
            });
        }
        header.is_code()
    }

    pub(super) fn part_at(&self, section: u32, offset: u64) -> Option<usize> {
        self.parts
            .iter()
            .position(|part| part.section == section && (part.start..part.end).contains(&offset))
    }

    /// Part, instruction index in it, and offset in the instruction, of a place inside the unit.
    fn locate(&self, section: u32, offset: u64) -> Result<(u8, u32, u8), Refusal> {
        let number = self
            .part_at(section, offset)
            .ok_or_else(|| Refusal::new("a branch behind the end of its code"))?;
        let part = self.parts.get(number).ok_or_else(|| Refusal::new("a part vanished"))?;
        let counted =
            self.streams.instructions.counted.get(part.counted.clone()).unwrap_or_default();
        let padding =
            self.streams.instructions.padding.get(part.padding.clone()).unwrap_or_default();
        let (index, delta) = count_to(counted, padding, offset);
        Ok((u8::try_from(number).unwrap_or(u8::MAX), index, delta))
    }
}

/// The relocations before `end`: an instruction has two fields at most.
fn taken(
    relocs: &mut Peekable<impl Iterator<Item = Reloc>>,
    end: u64,
) -> Result<[Option<Reloc>; 2], Refusal> {
    let mut own = [None; 2];
    while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < end) {
        if reloc.kind == RelocKind::None {
            continue;
        }
        let slot = own.iter_mut().find(|slot| slot.is_none());
        *slot.ok_or_else(|| Refusal::new("three relocations in one instruction"))? = Some(reloc);
    }
    Ok(own)
}
