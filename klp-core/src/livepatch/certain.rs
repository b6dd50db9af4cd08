//! Which thing of a section a place is in, where that is certain.

use super::pieces::{self, Piece};
use super::resolve::{OriginalSymbol, RelocSite, RelocUse, Resolver};
use super::source::DataFate;
use super::why::ReasonText;
use crate::arch::Access;
use crate::elf::{Definition, ElfObject, Section, SectionId, Symbol, SymbolKind};
use crate::layout::{Span, SpanId};
use crate::name;

impl<'a> Resolver<'_, 'a> {
    /// The kernel's of a variable without a size that has a section to itself: there is nothing in it, and yet it has an
    /// address (Rust's lock class keys without lockdep).
    pub(super) fn nothing(
        &self,
        index: SectionId,
        section: &Section<'_>,
    ) -> Option<Result<OriginalSymbol<'a>, ReasonText>> {
        let named = |elf: &ElfObject<'a>, is_it: &dyn Fn(&Symbol<'a>) -> bool| {
            let symbols = elf.symbols.with_ids();
            let mut found = symbols.filter(|(symbol, _)| {
                symbol.kind == SymbolKind::Object && symbol.size == 0 && is_it(symbol)
            });
            found.next().map(|(symbol, index)| (symbol.name, index))
        };
        if section.size > 0 || !section.is_writable() {
            return None;
        }
        let here = Definition::Section(index);
        let (name, _) = named(self.elf(), &|symbol| symbol.place == here)?;
        let original = &self.source.original.as_ref()?.analysis.elf;
        let (_, index) = named(original, &|symbol| symbol.name == name)?;
        Some(self.outside(index))
    }

    /// The entry of a table that `offset` hits, and what offsets are relative to.
    pub(super) fn entry(
        &self,
        section: &Section<'_>,
        index: SectionId,
        offset: i64,
    ) -> Result<Option<(Piece, i64)>, ReasonText> {
        if !pieces::is_table(section.name) {
            return Ok(None);
        }
        let entry = u64::try_from(offset)
            .ok()
            .and_then(|offset| self.tables.at(index, offset))
            .ok_or_else(|| format!("a place outside of the entries of {}", section.name_lossy()))?;
        let piece =
            Piece { object: self.object, section: index, start: entry.start, end: entry.end };
        Ok(Some((piece, entry.start.cast_signed())))
    }

    /// The data object that section plus offset means, where that is certain.
    pub(super) fn certain_span(
        &self,
        site: &RelocSite,
        section: SectionId,
        offset: i64,
    ) -> Result<(SpanId, Span), ReasonText> {
        let layout = &self.source.patched.analysis.layout;
        let header = self.elf().section(section);
        let spans = layout.of_section(section);
        let first = layout.with_ids_of_section(section).next().map(|(_, id)| id);
        let only = match spans {
            [only] if only.start == 0 && only.end == header.size => Some(*only),
            _ => self.only_variable(section, header, spans),
        };
        if let Some(only) = first.zip(only) {
            return Ok(only);
        }
        let uncertain = || {
            format!(
                "it cannot be told which variable of {} is meant at {offset:#x}: one that is not static is known by its name",
                header.name_lossy()
            )
        };
        let offset = u64::try_from(offset).map_err(|_| uncertain())?;
        let index = layout.find(section, offset).ok_or_else(uncertain)?;
        let span = *layout.span(index);
        let fits = match site.usage {
            RelocUse::Operand(Access::Fixed(width)) => {
                offset.saturating_add(u64::from(width)) <= span.end
            }
            // What a table names is a thing of its own: a key can be part of a descriptor.
            RelocUse::Table => true,
            // Pointers to whole objects.
            RelocUse::Data => offset == span.start,
            // Its end can be meant, or an index makes up for what it is too small or too large.
            _ => offset == span.start && self.is_among_its_own(index, &span),
        };
        if fits { Ok((index, span)) } else { Err(uncertain()) }
    }

    /// Whether everything in a section around the object at `span` is as far from it in the kernel: whichever of them is
    /// meant by an address, it is the same one.
    fn is_among_its_own(&self, index: SpanId, span: &Span) -> bool {
        /// How far an index can be expected to reach.
        const FAR: u64 = 4096;
        let layout = &self.source.patched.analysis.layout;
        let near = span.start.saturating_sub(FAR)..=span.start.saturating_add(FAR);
        let others = layout.with_ids_of_section(span.section).filter(|(other, number)| {
            *number != index && (near.contains(&other.end) || near.contains(&other.start))
        });
        let mut others = others.filter(|(other, _)| other.symbol.is_some()).peekable();
        if others.peek().is_none() {
            return true;
        }
        // What belongs to one place in code has no end that anyone takes the address of, and no index.
        let is_own = |span: &Span| {
            let symbol = span.symbol.map(|symbol| self.elf().symbol(symbol));
            let section = self.elf().section(span.section);
            symbol.is_some_and(|symbol| name::is_own_variable(symbol.name, section.name))
        };
        if is_own(span) {
            return others.all(|(other, _)| is_own(other));
        }
        let home = self.home(index, span);
        home.is_some() && others.all(|(other, number)| self.home(number, other) == home)
    }

    /// The section of the original that the kernel's own of an object is in, and how far from where it is here.
    fn home(&self, index: SpanId, span: &Span) -> Option<(SectionId, i64)> {
        let original = match self.source.data.get(&index)? {
            DataFate::Shared(original) | DataFate::Changed(original) => *original,
            _ => return None,
        };
        let was = self.source.original.as_ref()?.analysis.layout.span(original);
        Some((was.section, was.start.cast_signed().checked_sub(span.start.cast_signed())?))
    }

    /// The variable that a section of its own is named after. With KASAN, zeros follow it that nobody may touch, and a
    /// place there is the end of the variable.
    fn only_variable(
        &self,
        index: SectionId,
        section: &Section<'_>,
        spans: &[Span],
    ) -> Option<Span> {
        let (first, rest) = spans.split_first()?;
        let name = self.elf().symbol(first.symbol?).name;
        let is_own = first.start == 0
            && rest.iter().all(|span| span.symbol.is_none())
            && section.name.strip_suffix(name).is_some_and(|start| start.ends_with(b"."));
        let size = section.size.checked_sub(first.end)?;
        let tail = section.bytes(first.end, size)?;
        let is_empty = tail.iter().all(|byte| *byte == 0)
            && section.relocs.within(first.end, section.size).next().is_none();
        (is_own && is_empty).then_some(Span { section: index, ..*first })
    }
}
