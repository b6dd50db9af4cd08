//! What a relocation of patched code or data means: something that is copied with it, or something
//! of the running kernel.
//!
//! Assemblers refer to local symbols as section plus offset. Which thing that is must be certain: an
//! offset can carry a bias that an index makes up for, so it is trusted only where the section holds
//! one thing, or where the access cannot leave the thing it hits.

use crate::arch::{Access, Arch, Instructions as _, for_machine};
use crate::elf::{
    Definition, ElfObject, Reloc, RelocKind, Section, SectionId, Symbol, SymbolId, SymbolKind,
};
use crate::layout::{FunctionId, Span, SpanId};
use crate::name::{self, Stability};

use crate::kernel::is_freed;

use super::pieces::{self, EntriesByCode, Piece};
use super::placement;
use super::source::{CorrelatedObject, DataFate, Fate, TouchedId};
use super::why::ReasonText;

/// How the place with the relocation uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RelocUse {
    /// The target of a direct jump or call.
    Branch,
    /// Another operand of an instruction that ends `bias` bytes behind the field.
    Operand(Access),
    /// A field of a table that belongs to code.
    Table,
    /// A pointer in data.
    Data,
}

/// Where a relocation leads, the addend made relative to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RelocMeaning<'a> {
    /// To a copied piece.
    Copy(Piece),
    /// To a symbol of the original kernel.
    Kernel(OriginalSymbol<'a>),
    /// To a number; there is no symbol.
    Number,
}

/// A symbol of the original kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum OriginalSymbol<'a> {
    /// The one of that name that linkers see.
    Global(&'a [u8]),
    /// A symbol of the object as it runs, by index.
    Local(SymbolId),
    /// What another source's original has at a span.
    Moved(TouchedId, SpanId),
}

/// One touched object while its relocations are resolved.
pub(super) struct Resolver<'s, 'a> {
    pub(super) object: TouchedId,
    pub(super) source: &'s CorrelatedObject<'a>,
    pub(super) tables: &'s EntriesByCode,
    /// Other livepatches may replace what this one does: calls go by the kernel's symbol.
    pub(super) is_stacked: bool,
}

/// A relocation in its place.
#[derive(Debug, Clone, Copy)]
pub(super) struct RelocSite {
    pub(super) reloc: Reloc,
    pub(super) usage: RelocUse,
    /// What the processor adds to the field: for relative operands the distance to the next instruction.
    pub(super) bias: i64,
}

impl<'s, 'a> Resolver<'s, 'a> {
    pub(super) fn elf(&self) -> &'s ElfObject<'a> {
        &self.source.patched.analysis.elf
    }

    /// What `site` means, and the addend relative to that.
    pub(super) fn resolve(&self, site: &RelocSite) -> Result<(RelocMeaning<'a>, i64), ReasonText> {
        let addend = site.reloc.addend;
        if matches!(site.reloc.kind, RelocKind::Unknown(_) | RelocKind::Got32) {
            return Err(format!("a relocation of type {} cannot be moved", site.reloc.raw));
        }
        let symbol = *self.elf().symbol(site.reloc.symbol);
        match symbol.place {
            Definition::Undefined if symbol.name.is_empty() => Ok((RelocMeaning::Number, addend)),
            Definition::Undefined => {
                Ok((RelocMeaning::Kernel(OriginalSymbol::Global(symbol.name)), addend))
            }
            Definition::Absolute => {
                Err(format!("{} is a number, not a place", symbol.name_lossy()))
            }
            Definition::Common => Err(format!("{} is not allocated yet", symbol.name_lossy())),
            Definition::Section(index) => {
                let section = self.elf().section(index);
                if section.is_code() {
                    self.code(site, &symbol, index)
                } else {
                    self.data(site, &symbol, index, section)
                }
            }
        }
    }

    fn code(
        &self,
        site: &RelocSite,
        symbol: &Symbol<'a>,
        section: SectionId,
    ) -> Result<(RelocMeaning<'a>, i64), ReasonText> {
        let layout = &self.source.patched.analysis.layout;
        let from_start = symbol.value.cast_signed().wrapping_add(site.reloc.addend);
        let offset = u64::try_from(from_start.wrapping_add(site.bias))
            .map_err(|_| "a place before the start of a code section")?;
        let span = layout.find(section, offset).map(|index| (index, *layout.span(index)));
        let Some((index, span)) = span.filter(|(_, span)| span.symbol.is_some()) else {
            let piece = self.unnamed_code(section, offset)?;
            return Ok((
                RelocMeaning::Copy(piece),
                from_start.wrapping_sub(piece.start.cast_signed()),
            ));
        };
        let owner = self.source.owners[index];
        let fate = owner.and_then(|owner| Some((owner, self.source.fates[owner]?)));
        let Some((owner, fate)) = fate else {
            return Err(format!("code of {} that is part of no function", self.name_of(&span)));
        };
        let body = layout.functions[owner].body == index;
        let is_entry = body && offset == span.start;
        let copied = || {
            let piece = self.source.code_piece(self.object, span, Some(owner));
            (RelocMeaning::Copy(piece), from_start.wrapping_sub(piece.start.cast_signed()))
        };
        let is_pointer = matches!(site.usage, RelocUse::Operand(_) | RelocUse::Data);
        let is_stacked = self.is_stacked && site.usage == RelocUse::Branch;
        let addend = from_start.wrapping_sub(span.start.cast_signed());
        let kernel = |outside| Ok((RelocMeaning::Kernel(outside), addend));
        if is_entry && self.source.is_dead(symbol) {
            return kernel(OriginalSymbol::Global(symbol.name));
        }
        match fate {
            // The pointer can outlive this livepatch, so it goes to the function that is always there.
            Fate::Changed(original) if is_entry && is_pointer => {
                kernel(self.original_function(original)?)
            }
            Fate::Moved if is_entry && (is_pointer || is_stacked) => {
                kernel(OriginalSymbol::Global(self.global_name(owner)?))
            }
            // A specialization may be one of this compile only.
            Fate::Changed(original) if is_entry && is_stacked => {
                self.original_function(original).map_or_else(|_| Ok(copied()), kernel)
            }
            Fate::Called(_) if is_pointer => Err(format!(
                "it takes a pointer to {}, which cannot be replaced",
                self.name_of(&span)
            )),
            Fate::Added | Fate::Kept(_) | Fate::Moved | Fate::Called(_) | Fate::Changed(_) => {
                Ok(copied())
            }
            Fate::Overridden if is_entry => {
                kernel(OriginalSymbol::Global(self.global_name(owner)?))
            }
            Fate::Same(original) if is_entry => kernel(self.original_function(original)?),
            Fate::Overridden | Fate::Same(_) => {
                Err(format!("a place inside of {}, which does not change", self.name_of(&span)))
            }
        }
    }

    fn global_name(&self, function: FunctionId) -> Result<&'a [u8], ReasonText> {
        let symbols = || self.source.patched.symbols_of(function).map(|(_, symbol)| symbol);
        let global = || symbols().filter(|symbol| !symbol.local);
        let alive = global().find(|symbol| !self.source.is_dead(symbol));
        let symbol = alive.or_else(|| global().next());
        symbol.map(|symbol| symbol.name).ok_or_else(|| "a function without a name".into())
    }

    /// Code without a symbol, up to where control leaves it, or as long as the alternative that it
    /// replaces.
    fn unnamed_code(&self, section: SectionId, offset: u64) -> Result<Piece, ReasonText> {
        for_machine!(self.elf().machine, A => self.straight_code::<A>(section, offset))
    }

    fn straight_code<A: Arch>(&self, section: SectionId, offset: u64) -> Result<Piece, ReasonText> {
        let header = self.elf().section(section);
        let rest = header.in_file(offset, header.size);
        let mut instructions = A::Instructions::new(rest, offset);
        for decoded in instructions.by_ref() {
            if decoded.map_err(|_| "code that cannot be decoded")?.ends_flow {
                break;
            }
        }
        let end = instructions.place().end;
        if end == offset {
            return Err(format!("a place outside of the code in {}", header.name_lossy()));
        }
        Ok(Piece { object: self.object, section, start: offset, end })
    }

    fn data(
        &self,
        site: &RelocSite,
        symbol: &Symbol<'a>,
        index: SectionId,
        section: &Section<'a>,
    ) -> Result<(RelocMeaning<'a>, i64), ReasonText> {
        let layout = &self.source.patched.analysis.layout;
        let from_start = symbol.value.cast_signed().wrapping_add(site.reloc.addend);
        if let Some((piece, base)) =
            self.entry(section, index, from_start.wrapping_add(site.bias))?
        {
            return Ok((RelocMeaning::Copy(piece), from_start.wrapping_sub(base)));
        }
        let spans = layout.of_section(index);
        // One object's constants come as a whole; those of a whole kernel would be too many.
        if section.is_merged() && self.source.is_whole {
            let offset = match symbol.kind {
                SymbolKind::Section => from_start.wrapping_add(site.bias),
                _ => symbol.value.cast_signed(),
            };
            let (start, end) = u64::try_from(offset)
                .ok()
                .and_then(|offset| pieces::merged_entry(section, offset))
                .ok_or_else(|| format!("a place outside of {}", section.name_lossy()))?;
            let piece = Piece { object: self.object, section: index, start, end };
            return Ok((RelocMeaning::Copy(piece), from_start.wrapping_sub(start.cast_signed())));
        }
        if let Some(outside) = self.nothing(index, section) {
            return Ok((RelocMeaning::Kernel(outside?), from_start));
        }
        if section.is_merged() || spans.is_empty() {
            let is_variable = section.is_writable() && section.size > 0;
            if is_variable && !placement::is_description(section.name) {
                return Err(format!("a variable without a name in {}", section.name_lossy()));
            }
            return Ok((RelocMeaning::Copy(self.source.whole(self.object, index)), from_start));
        }
        let span = if symbol.kind == SymbolKind::Section {
            self.certain_span(site, index, from_start.wrapping_add(site.bias))?
        } else {
            let span = layout.find(index, symbol.value).ok_or("a name without its variable")?;
            (span, *layout.span(span))
        };
        self.object_at(span, from_start)
    }

    /// What the data object at `span` is now.
    fn object_at(
        &self,
        (index, span): (SpanId, Span),
        from_start: i64,
    ) -> Result<(RelocMeaning<'a>, i64), ReasonText> {
        let relative = from_start.wrapping_sub(span.start.cast_signed());
        let symbol = span.symbol.map(|symbol| self.elf().symbol(symbol));
        let stability = symbol.map(|symbol| name::stability(symbol.name, symbol.local));
        let section = self.elf().section(span.section);
        match self.source.data.get(&index) {
            Some(DataFate::Shared(original) | DataFate::Changed(original)) => {
                Ok((RelocMeaning::Kernel(self.original_data(*original)?), relative))
            }
            Some(DataFate::From(object, span)) => {
                Ok((RelocMeaning::Kernel(OriginalSymbol::Moved(*object, *span)), relative))
            }
            Some(DataFate::Moved | DataFate::Overridden) if let Some(symbol) = symbol => {
                Ok((RelocMeaning::Kernel(OriginalSymbol::Global(symbol.name)), relative))
            }
            Some(DataFate::Other(was, is)) => Err(format!(
                "{} is {} in the kernel and {} with the patch: they are two variables",
                self.name_of(&span),
                was.text(),
                is.text()
            )),
            Some(DataFate::Moved | DataFate::Overridden | DataFate::Second) => {
                Err(format!("the kernel has another {} than the patch adds", self.name_of(&span)))
            }
            Some(DataFate::Unclear(count)) => Err(format!(
                "{} is one of {count} variables of this name in the original, and it cannot be told \
                 which",
                self.name_of(&span)
            )),
            None if section.is_writable()
                && stability == Some(Stability::Unstable)
                && !symbol
                    .is_some_and(|symbol| name::is_own_variable(symbol.name, section.name)) =>
            {
                Err(format!(
                    "{} is a variable that cannot be found in the original",
                    self.name_of(&span)
                ))
            }
            Some(DataFate::New) | None => Ok(self.copy_data(span, from_start)),
        }
    }

    fn copy_data(&self, span: Span, from_start: i64) -> (RelocMeaning<'a>, i64) {
        let piece = self.source.data_piece(self.object, span);
        (RelocMeaning::Copy(piece), from_start.wrapping_sub(piece.start.cast_signed()))
    }

    /// That function of the original.
    pub(super) fn original_function(
        &self,
        number: FunctionId,
    ) -> Result<OriginalSymbol<'a>, ReasonText> {
        let original = self.source.original.as_ref().ok_or("an object without original")?;
        let mut named =
            original.symbols_of(number).filter(|(_, symbol)| !self.source.is_dead(symbol));
        let (index, symbol) = named.next().ok_or("a function without a name")?;
        let name = symbol.name_lossy();
        // What a compiler specializes can take other arguments each time.
        if name::stability(symbol.name, symbol.local) == Stability::Numbered
            && self.source.differing.iter().any(|other| *other == name)
        {
            return Err(format!(
                "{name} is another function in the kernel than compiled with function sections"
            ));
        }
        self.outside(index)
    }

    fn original_data(&self, span: SpanId) -> Result<OriginalSymbol<'a>, ReasonText> {
        let original = self.source.original.as_ref().ok_or("an object without original")?;
        let symbol = original.analysis.layout.span(span).symbol;
        self.outside(symbol.ok_or("a variable without a name")?)
    }

    /// The symbol of the running kernel that is `index` of the original.
    pub(super) fn outside(&self, index: SymbolId) -> Result<OriginalSymbol<'a>, ReasonText> {
        let original = self.source.original.as_ref().ok_or("an object without original")?;
        let symbol = original.analysis.elf.symbol(index);
        if !symbol.local {
            return Ok(OriginalSymbol::Global(symbol.name));
        }
        let index = self.source.running_local(index)?;
        let elf = &self.source.running().ok_or("an object without original")?.analysis.elf;
        let place = elf.symbol(index).place;
        let Definition::Section(section) = place else { return Err("no section".into()) };
        if is_freed(elf.section(section).name) {
            return Err(format!("{} is freed after boot", symbol.name_lossy()));
        }
        Ok(OriginalSymbol::Local(index))
    }

    fn name_of(&self, span: &Span) -> String {
        let symbol = span.symbol.map(|symbol| self.elf().symbol(symbol));
        symbol.map(|symbol| symbol.name_lossy().into_owned()).unwrap_or_default()
    }
}
