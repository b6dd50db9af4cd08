//! One function, walked instruction by instruction into its streams.

use std::ops::Range;

use crate::elf::{ElfObject, Reloc, RelocKind, Section};
use crate::layout::Function;
use crate::name;
use crate::special::{Effect, Entry};
use crate::x86::{Access, Decoded, Form, Instructions, near_opcode};

use super::Kind;
use super::context::{Context, Named, Target};
use super::stream::{NodeRef, Streams, tag};

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
struct Part {
    section: u32,
    start: u64,
    end: u64,
    /// Where it must end.
    limit: u64,
    role: Role,
    /// The part's ranges in `Unit::instructions`.
    counted: Range<usize>,
    padding: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Body,
    Cold,
    Prefix,
    /// Code without a symbol that the unit jumps to; it ends where control does.
    Outlined,
}

impl Role {
    fn kind(self) -> Kind {
        match self {
            Self::Body | Self::Outlined => Kind::Instruction,
            Self::Cold => Kind::ColdPart,
            Self::Prefix => Kind::Prefix,
        }
    }
}

/// The instruction that a special entry is attached to.
pub(crate) struct Site<'a> {
    /// Index of the part, and of the next instruction that counts.
    part: u8,
    index: u32,
    offset: u64,
    /// How the entry points to the instruction: the relocation, and how far into it (0 for all that
    /// is well formed).
    address: RelocKind,
    delta: u8,
    has_static_call: bool,
    form: Form,
    branch_symbol: Option<&'a [u8]>,
    short_or_near_jump: bool,
}

impl<'a> Site<'a> {
    /// The symbol that a direct branch goes to through a relocation, and whether it is a call.
    pub(crate) fn branch_symbol(&self) -> Option<(&'a [u8], bool)> {
        let Form::Branch { call, .. } = self.form else { return None };
        Some((self.branch_symbol?, call))
    }

    pub(crate) fn calls_fentry(&self) -> bool {
        self.branch_symbol() == Some((b"__fentry__", true))
    }

    /// The name behind `__SCT__` and whether it is a call, for a direct branch to a static call's
    /// trampoline.
    pub(crate) fn static_call(&self) -> Option<(&'a [u8], bool)> {
        let (symbol, call) = self.branch_symbol()?;
        Some((symbol.strip_prefix(b"__SCT__")?, call))
    }

    /// Whether the entry points to the instruction as the kernel's own tools do.
    pub(crate) fn is_exact(&self) -> bool {
        self.delta == 0 && self.address == RelocKind::Relative32
    }

    pub(crate) fn is_jump_or_nop(&self) -> bool {
        self.form == Form::Nop || self.short_or_near_jump
    }
}

/// A unit being written: a function, or (without parts) a data object.
pub(crate) struct Unit<'a, 'data, 's> {
    cx: &'a Context<'a, 'data>,
    streams: &'s mut Streams,
    parts: Vec<Part>,
    /// The instructions of all parts.
    instructions: Instructed,
    /// Those of the last foreign function that something referred to.
    foreign: Option<(u32, Instructed)>,
}

/// Offsets and lengths of instructions, by whether they count.
#[derive(Debug, Default)]
struct Instructed {
    counted: Vec<(u64, u8)>,
    padding: Vec<(u64, u8)>,
}

/// How a reference is made, beside what it refers to.
#[derive(Clone, Copy)]
struct Manner {
    kind: Kind,
    access: Access,
}

impl<'a, 'data, 's> Unit<'a, 'data, 's> {
    pub(crate) fn new(cx: &'a Context<'a, 'data>, streams: &'s mut Streams) -> Self {
        streams.clear();
        Self { cx, streams, parts: Vec::new(), instructions: Instructed::default(), foreign: None }
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
        for fixup in std::mem::take(&mut self.streams.fixups) {
            let (part, index, delta) = self.locate(fixup.section, fixup.offset)?;
            self.streams.fill(fixup, part, index, delta);
        }
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
        let first = self.instructions.counted.len();
        let first_padding = self.instructions.padding.len();
        let mut relocs = section.relocs.within(part.start, part.limit).peekable();
        let mut sites =
            self.cx.sites.within(part.section, part.start, part.limit).iter().peekable();
        let mut at = part.start;
        let mut end = part.limit;
        let mut rest = code;
        for decoded in Instructions::new(code, part.start) {
            let decoded = decoded.map_err(|_| {
                Refusal::new(format!("no instruction at +{:#x}", at.saturating_sub(part.start)))
            })?;
            let (raw, after) = rest.split_at(usize::from(decoded.len).min(rest.len()));
            rest = after;
            let next = at.saturating_add(u64::from(decoded.len));
            let mut own: [Option<Reloc>; 2] = [None; 2];
            while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < next) {
                if reloc.kind == RelocKind::None {
                    continue;
                }
                let slot = own.iter_mut().find(|slot| slot.is_none());
                *slot.ok_or_else(|| Refusal::new("three relocations in one instruction"))? =
                    Some(reloc);
            }
            let [first_reloc, second_reloc] = own;
            let index = self.instructions.counted.len().saturating_sub(first);
            let mut site = Site {
                part: number8,
                address: RelocKind::Relative32,
                delta: 0,
                has_static_call: false,
                index: u32::try_from(index).map_err(|_| Refusal::new("too many instructions"))?,
                offset: at.saturating_sub(part.start),
                form: decoded.form,
                branch_symbol: first_reloc
                    .filter(|reloc| {
                        reloc.kind == RelocKind::Relative32 && distance(reloc, next) == Some(0)
                    })
                    .and_then(|reloc| self.cx.elf.symbol(reloc.symbol))
                    .map(|symbol| symbol.name),
                short_or_near_jump: matches!(raw, [0xeb | 0xe9, ..]),
            };
            let mut effect = Effect::Keep;
            while let Some(entry) = sites.next_if(|entry| entry.offset < next) {
                site.address = entry.address;
                site.has_static_call |= entry.is_static_call();
                site.delta = u8::try_from(entry.offset.saturating_sub(at)).unwrap_or(u8::MAX);
                let (entry, reader) = entry
                    .open(self.cx.elf)
                    .ok_or_else(|| Refusal::new("a special section vanished"))?;
                if (reader.write)(self, &entry, &site)? == Effect::Replace {
                    effect = Effect::Replace;
                }
            }
            site.delta = 0;
            if self.cx.sites.lists_static_calls
                && site.static_call().is_some()
                && !site.has_static_call
            {
                self.entry(Kind::StaticCall, &site);
            }
            if site.calls_fentry() && !self.cx.sites.lists_mcount {
                self.traceable(&site);
                effect = Effect::Replace;
            }
            let padding = decoded.form == Form::Nop && first_reloc.is_none();
            if effect == Effect::Keep && !padding {
                self.instructions.counted.push((at, decoded.len));
                self.instruction(&part, &site, at, raw, &decoded, [first_reloc, second_reloc])?;
            } else {
                self.instructions.padding.push((at, decoded.len));
            }
            at = next;
            if part.role == Role::Outlined && decoded.ends_flow {
                end = next;
                break;
            }
        }
        let counted = first..self.instructions.counted.len();
        let padding = first_padding..self.instructions.padding.len();
        if let Some(slot) = self.parts.get_mut(number) {
            *slot = Part { end, counted, padding, ..part };
        }
        Ok(())
    }

    fn instruction(
        &mut self,
        part: &Part,
        site: &Site<'_>,
        at: u64,
        raw: &[u8],
        decoded: &Decoded,
        relocs: [Option<Reloc>; 2],
    ) -> Result<(), Refusal> {
        let next = at.saturating_add(u64::from(decoded.len));
        let kind = part.role.kind();
        if let (Form::Branch { target, .. }, Some(field)) =
            (decoded.form, decoded.immediate.or(decoded.displacement))
        {
            let head = raw.get(..usize::from(field.offset)).unwrap_or_default();
            let (prefixes, opcode) = near_opcode(head);
            let target = match relocs {
                [None, _] => Target::Code { section: part.section, offset: target, symbol: None },
                [Some(reloc), None] if self.covers(&reloc, at, field.offset, field.size) => {
                    self.branch_target(&reloc, next)?
                }
                _ => return Err(Refusal::new("a relocation that covers no operand")),
            };
            let inside = self.inside(&target);
            self.streams.item(
                kind,
                if inside { tag::BRANCH_INSIDE } else { tag::BRANCH_OUT },
                site.offset,
            );
            self.streams.bytes(kind, head.get(..prefixes).unwrap_or_default());
            self.streams.instruction(kind, &opcode);
            if inside {
                if let Target::Code { section, offset, .. } = target {
                    self.streams.fixup(kind, section, offset);
                }
                return Ok(());
            }
            self.position(Kind::Relocation, site, tag::CODE, 0);
            return self.target(Manner { kind: Kind::Relocation, access: Access::Open }, target);
        }
        self.streams.item(kind, tag::PLAIN, site.offset);
        let copy = self.streams.instruction(kind, raw);
        for reloc in relocs.into_iter().flatten() {
            blank(copy, reloc.offset.saturating_sub(at), reloc.kind.width());
        }
        let bare = decoded.ip_target.zip(decoded.displacement).filter(|(_, field)| {
            !relocs
                .iter()
                .flatten()
                .any(|reloc| reloc.offset.checked_sub(at) == Some(u64::from(field.offset)))
        });
        if let Some((_, field)) = bare {
            blank(copy, u64::from(field.offset), u64::from(field.size));
        }
        for reloc in relocs.into_iter().flatten() {
            self.operand(site, at, next, decoded, &reloc)?;
        }
        if let Some((offset, field)) = bare {
            let section = part.section;
            let target = Target::Code { section, offset, symbol: None };
            let kind = Kind::Relocation;
            self.position(kind, site, RelocKind::Relative32.tag(), field.offset);
            self.target(Manner { kind, access: decoded.access }, target)?;
        }
        Ok(())
    }

    fn operand(
        &mut self,
        site: &Site<'_>,
        at: u64,
        next: u64,
        decoded: &Decoded,
        reloc: &Reloc,
    ) -> Result<(), Refusal> {
        let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
        let field = decoded
            .field_at(within)
            .filter(|field| self.covers(reloc, at, field.offset, field.size))
            .ok_or_else(|| Refusal::new("a relocation that covers no operand"))?;
        let addend = distance(reloc, next).unwrap_or(reloc.addend);
        let displacement = decoded.displacement == Some(field);
        let access = if displacement { decoded.access } else { Access::Open };
        let target = self.cx.resolve(reloc.symbol, addend);
        let kind = self.kind_of(&target, Kind::Relocation);
        self.position(kind, site, reloc.kind.tag(), u8::from(displacement));
        self.target(Manner { kind, access }, target)
    }

    fn covers(&self, reloc: &Reloc, at: u64, offset: u8, size: u8) -> bool {
        reloc.offset.checked_sub(at) == Some(u64::from(offset))
            && reloc.kind.width() == u64::from(size)
    }

    fn branch_target(&self, reloc: &Reloc, next: u64) -> Result<Target<'data>, Refusal> {
        let addend =
            distance(reloc, next).ok_or_else(|| Refusal::new("a branch to an absolute address"))?;
        Ok(self.cx.resolve(reloc.symbol, addend))
    }

    /// Whether `target` is code of this unit, making it so when it is code that nobody owns.
    fn inside(&mut self, target: &Target<'_>) -> bool {
        let Target::Code { section, offset, .. } = target else { return false };
        if self.part_at(*section, *offset).is_some() {
            return true;
        }
        if self.parts.is_empty() {
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

    fn part_at(&self, section: u32, offset: u64) -> Option<usize> {
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
        let counted = self.instructions.counted.get(part.counted.clone()).unwrap_or_default();
        let padding = self.instructions.padding.get(part.padding.clone()).unwrap_or_default();
        let (index, delta) = count_to(counted, padding, offset);
        Ok((u8::try_from(number).unwrap_or(u8::MAX), index, delta))
    }

    fn kind_of(&self, target: &Target<'_>, otherwise: Kind) -> Kind {
        match target {
            _ if otherwise != Kind::Relocation => otherwise,
            Target::Content { string: true, .. } => Kind::String,
            Target::Content { .. } => Kind::Constant,
            Target::Node { node, .. } => {
                let table = self
                    .cx
                    .elf
                    .section(node.section)
                    .and_then(|section| section.relocs.at(node.start));
                let code =
                    table.and_then(|reloc| match self.cx.resolve(reloc.symbol, reloc.addend) {
                        Target::Code { section, offset, .. } => self.part_at(section, offset),
                        _ => None,
                    });
                if code.is_some() { Kind::JumpTable } else { Kind::Constant }
            }
            _ => otherwise,
        }
    }

    fn position(&mut self, kind: Kind, site: &Site<'_>, tag: u8, field: u8) {
        self.streams.item(kind, tag, site.offset);
        self.streams.byte(kind, site.part);
        self.streams.shifts(kind, 4);
        self.streams.index(kind, site.index);
        self.streams.byte(kind, field);
    }

    fn target(&mut self, manner: Manner, target: Target<'data>) -> Result<(), Refusal> {
        let kind = manner.kind;
        match target {
            Target::Named(named) => self.named(kind, &named),
            Target::Code { section, offset, symbol } => self.code(kind, section, offset, symbol)?,
            Target::Content { delta, bytes, .. } => {
                self.streams.byte(kind, tag::CONTENT);
                self.streams.number(kind, delta);
                self.streams.bytes(kind, bytes);
            }
            Target::Node { node, delta } => match self.exact(manner.access, node, delta) {
                Some(bytes) => {
                    self.streams.byte(kind, tag::CONTENT);
                    self.streams.number(kind, 0);
                    self.streams.bytes(kind, bytes);
                }
                None => {
                    self.streams.byte(kind, tag::NODE);
                    self.streams.number(kind, delta.cast_unsigned());
                    self.streams.edges.push((kind, node));
                }
            },
            Target::Entry { section, offset, delta } => {
                self.streams.byte(kind, tag::ENTRY);
                self.streams.number(kind, delta);
                self.code(kind, section, offset, None)?;
            }
            Target::Empty => self.streams.byte(kind, tag::EMPTY),
            Target::Place { section, offset } => {
                let name = self.cx.elf.section(section).map(|section| section.name);
                self.streams.byte(kind, tag::PLACE);
                self.streams.bytes(kind, name.unwrap_or_default());
                self.streams.number(kind, offset.cast_unsigned());
            }
            Target::Number(number) => {
                self.streams.byte(kind, tag::NUMBER);
                self.streams.number(kind, number);
            }
        }
        Ok(())
    }

    /// The bytes of an access of known size to data that no symbol covers.
    fn exact(&self, access: Access, node: NodeRef, delta: i64) -> Option<&'data [u8]> {
        let Access::Fixed(size) = access else { return None };
        if node.span.is_some() || delta != 0 {
            return None;
        }
        let section = self.cx.elf.section(node.section)?;
        let bytes = section.bytes(node.start, u64::from(size))?;
        let end = node.start.checked_add(u64::from(size))?;
        section.relocs.within(node.start.saturating_sub(7), end).next().is_none().then_some(bytes)
    }

    fn named(&mut self, kind: Kind, named: &Named<'_>) {
        self.streams.byte(kind, tag::NAMED);
        self.streams.bytes(kind, &named.name);
        self.streams.index(kind, self.alias_of_number(named));
        self.streams.number(kind, named.addend.cast_unsigned());
        self.refer(named);
    }

    fn refer(&mut self, named: &Named<'_>) {
        if !self.streams.references.contains(&named.symbol) {
            self.streams.references.push(named.symbol);
        }
        if named.numbered && !self.streams.numbered.contains(&named.symbol) {
            self.streams.numbered.push(named.symbol);
        }
    }

    /// Several symbols of one unit can differ in the compiler's number only; they are told apart by
    /// the order of their first use.
    fn alias_of_number(&self, named: &Named<'_>) -> u32 {
        if !named.numbered {
            return 0;
        }
        let same = |symbol: &&u32| {
            self.cx.elf.symbol(**symbol).is_some_and(|symbol| name::base(symbol.name) == named.name)
        };
        let known = self.streams.numbered.iter().filter(same);
        let position = known.clone().position(|symbol| *symbol == named.symbol);
        u32::try_from(position.unwrap_or(known.count())).unwrap_or(u32::MAX).saturating_add(1)
    }

    fn code(
        &mut self,
        kind: Kind,
        section: u32,
        offset: u64,
        symbol: Option<u32>,
    ) -> Result<(), Refusal> {
        if self.inside(&Target::Code { section, offset, symbol }) {
            self.streams.byte(kind, tag::INSIDE);
            self.streams.fixup(kind, section, offset);
            return Ok(());
        }
        // A global symbol is an identity wherever it stands, a label inside a function included.
        if let Some((index, symbol)) = symbol
            .and_then(|index| Some((index, self.cx.elf.symbol(index)?)))
            .filter(|(_, symbol)| !symbol.local)
        {
            let addend = offset.wrapping_sub(symbol.value).cast_signed();
            return self
                .target(Manner { kind, access: Access::Open }, self.cx.named(index, addend));
        }
        let span = self.cx.layout.find(section, offset);
        let owner = span.and_then(|index| Some((index, *self.cx.layout.span(index)?)));
        let Some((index, span, owner)) =
            owner.and_then(|(index, span)| Some((index, span, span.symbol?)))
        else {
            return self.target(
                Manner { kind, access: Access::Open },
                Target::Place { section, offset: offset.cast_signed() },
            );
        };
        let Target::Named(named) = self.cx.named(owner, 0) else { return Ok(()) };
        if offset == span.start {
            self.named(kind, &named);
            return Ok(());
        }
        let (count, delta) = self.foreign_index(index, offset)?;
        self.streams.byte(kind, tag::NAMED_INSIDE);
        self.streams.bytes(kind, &named.name);
        self.streams.index(kind, self.alias_of_number(&named));
        self.streams.index(kind, count);
        self.streams.byte(kind, delta);
        self.refer(&named);
        Ok(())
    }

    /// The index of the instruction at `offset` of another function.
    fn foreign_index(&mut self, span: u32, offset: u64) -> Result<(u32, u8), Refusal> {
        if self.foreign.as_ref().map(|(known, _)| *known) != Some(span) {
            self.foreign = Some((span, count_all(self.cx, span)?));
        }
        let Some((_, own)) = &self.foreign else { return Err(Refusal::new("a function vanished")) };
        Ok(count_to(&own.counted, &own.padding, offset))
    }
}

/// What readers of special sections write.
impl<'data> Unit<'_, 'data, '_> {
    /// Starts what an entry says at `site`.
    pub(crate) fn entry(&mut self, kind: Kind, site: &Site<'_>) {
        self.position(kind, site, tag::ENTRY, site.delta);
        self.streams.byte(kind, site.address.tag());
    }

    /// The function can be traced, and so patched, at `site`.
    pub(crate) fn traceable(&mut self, site: &Site<'_>) {
        self.position(Kind::Traceable, site, tag::ENTRY, site.delta);
    }

    pub(crate) fn byte(&mut self, kind: Kind, byte: u8) {
        self.streams.byte(kind, byte);
    }

    pub(crate) fn number(&mut self, kind: Kind, number: u64) {
        self.streams.number(kind, number);
    }

    pub(crate) fn bytes(&mut self, kind: Kind, bytes: &[u8]) {
        self.streams.bytes(kind, bytes);
    }

    /// The 32-bit field at `field` of `entry`: what its relocation refers to, or else its bytes.
    pub(crate) fn field(
        &mut self,
        kind: Kind,
        entry: &Entry<'_, 'data>,
        field: u64,
    ) -> Result<(), Refusal> {
        match entry.reloc(field) {
            Some(reloc) => self.reloc(kind, reloc.kind, reloc.symbol, reloc.addend),
            None => {
                self.streams.byte(kind, tag::CONTENT);
                self.streams.bytes(kind, entry.bytes(field, 4)?);
                Ok(())
            }
        }
    }

    /// A relocation outside of instructions.
    pub(crate) fn reloc(
        &mut self,
        kind: Kind,
        reloc: RelocKind,
        symbol: u32,
        addend: i64,
    ) -> Result<(), Refusal> {
        if let RelocKind::Unknown(number) = reloc {
            return Err(Refusal::new(format!("relocation type {number} is not known")));
        }
        self.streams.byte(kind, reloc.tag());
        let target = self.cx.resolve(symbol, addend);
        self.target(Manner { kind, access: Access::Open }, target)
    }

    /// `len` bytes of replacement code at `reloc`, instruction by instruction.
    pub(crate) fn replacement(
        &mut self,
        site: &Site<'_>,
        reloc: &Reloc,
        len: u8,
    ) -> Result<(), Refusal> {
        self.streams.byte(Kind::Alternative, reloc.kind.tag());
        let Target::Code { section, offset, .. } = self.cx.resolve(reloc.symbol, reloc.addend)
        else {
            return Err(Refusal::new("an alternative whose replacement is no code"));
        };
        let header = self.cx.elf.section(section).ok_or_else(|| Refusal::new("no section"))?;
        let code = header
            .bytes(offset, u64::from(len))
            .ok_or_else(|| Refusal::new("an alternative whose replacement is cut off"))?;
        let end = offset.saturating_add(u64::from(len));
        let kind = Kind::Alternative;
        let mut at = offset;
        let mut rest = code;
        for decoded in Instructions::new(code, offset) {
            let decoded = decoded.map_err(|_| Refusal::new("no instruction in an alternative"))?;
            let (raw, after) = rest.split_at(usize::from(decoded.len).min(rest.len()));
            rest = after;
            let next = at.saturating_add(u64::from(decoded.len));
            self.streams.item(kind, tag::PLAIN, site.offset);
            let copy = self.streams.instruction(kind, raw);
            let own: Vec<Reloc> = header
                .relocs
                .within(at, next)
                .filter(|reloc| reloc.kind != RelocKind::None)
                .collect();
            for reloc in &own {
                blank(copy, reloc.offset.saturating_sub(at), reloc.kind.width());
            }
            for reloc in own {
                let addend = distance(&reloc, next).unwrap_or(reloc.addend);
                self.streams
                    .byte(kind, u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX));
                self.reloc(kind, reloc.kind, reloc.symbol, addend)?;
            }
            at = next;
        }
        if at == end {
            Ok(())
        } else {
            Err(Refusal::new("an alternative that ends inside an instruction"))
        }
    }
}

/// How far behind its symbol a relative relocation of the instruction before `next` points: the
/// processor counts from the next instruction, the relocation from its field.
fn distance(reloc: &Reloc, next: u64) -> Option<i64> {
    let bias = next.saturating_sub(reloc.offset).cast_signed();
    reloc.kind.is_relative().then(|| reloc.addend.wrapping_add(bias))
}

fn blank(bytes: &mut [u8], offset: u64, width: u64) {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = start.saturating_add(usize::try_from(width).unwrap_or(0)).min(bytes.len());
    if let Some(field) = bytes.get_mut(start..end) {
        field.fill(0);
    }
}

/// How many of the `counted` instructions lie before `offset`, and how far it is inside one of them, or
/// inside one of `padding` (from 16 on: no instruction is that long).
fn count_to(counted: &[(u64, u8)], padding: &[(u64, u8)], offset: u64) -> (u32, u8) {
    let before = counted.partition_point(|(start, _)| *start < offset);
    let index = u32::try_from(before).unwrap_or(u32::MAX);
    match (inside_of(counted, offset), inside_of(padding, offset)) {
        (Some(delta), _) => (index.saturating_sub(1), delta),
        (None, Some(delta)) => (index, delta.saturating_add(16)),
        (None, None) => (index, 0),
    }
}

/// How far `offset` is behind the start of the instruction that it cuts.
fn inside_of(instructions: &[(u64, u8)], offset: u64) -> Option<u8> {
    let before = instructions.partition_point(|(start, _)| *start < offset).checked_sub(1)?;
    let (start, len) = instructions.get(before)?;
    let delta = offset.checked_sub(*start)?;
    if delta < u64::from(*len) { u8::try_from(delta).ok() } else { None }
}

/// The instructions of `span`.
fn count_all(cx: &Context<'_, '_>, span: u32) -> Result<Instructed, Refusal> {
    let span = cx.layout.span(span).ok_or_else(|| Refusal::new("a function vanished"))?;
    let code = cx
        .elf
        .section(span.section)
        .and_then(|section: &Section<'_>| {
            section.bytes(span.start, span.end.saturating_sub(span.start))
        })
        .ok_or_else(|| Refusal::new("a function without bytes"))?;
    let mut own = Instructed::default();
    let mut at = span.start;
    for decoded in Instructions::new(code, span.start) {
        let Ok(decoded) = decoded else { break };
        let list = if decoded.form == Form::Nop { &mut own.padding } else { &mut own.counted };
        list.push((at, decoded.len));
        at = at.saturating_add(u64::from(decoded.len));
    }
    Ok(own)
}

/// Whether `code` is nothing but what fills the room between functions: no-ops, zeros and traps, and
/// the jump over the rest that an assembler starts a wide gap with.
pub(crate) fn is_filler(code: &[u8]) -> bool {
    let mut rest = code;
    let mut at = 0u64;
    loop {
        match rest {
            [] => return true,
            [0xcc | 0, after @ ..] => {
                rest = after;
                at = at.saturating_add(1);
            }
            _ => {
                let Some(Ok(decoded)) = Instructions::new(rest, at).next() else { return false };
                let fills = match decoded.form {
                    Form::Nop => true,
                    Form::Branch { call: false, target } => {
                        decoded.ends_flow && target > at && target <= code.len() as u64
                    }
                    _ => false,
                };
                if !fills {
                    return false;
                }
                rest = rest.get(usize::from(decoded.len)..).unwrap_or_default();
                at = at.saturating_add(u64::from(decoded.len));
            }
        }
    }
}
