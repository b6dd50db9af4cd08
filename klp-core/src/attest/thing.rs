//! What a reference of a patched object means in the patched kernel, as its linker would decide.

use super::judge::{Judge, JudgedId};
use super::running::{ImageId, ImagePlace};
use super::view::SymbolOffset;
use crate::elf::{Definition, SectionId, SymbolId, SymbolKind};

/// What is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A place of a patched object.
    Own(PatchedPlace),
    /// Something of the running kernel, which the patch leaves as it is.
    Kernel(ImagePlace),
    /// A weak symbol that nothing defines: address 0 and the addend.
    Nothing,
    /// A number.
    Number(u64),
}

/// A place of a patched object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PatchedPlace {
    pub(super) source: JudgedId,
    pub(super) section: SectionId,
    /// Can be outside of the section.
    pub(super) offset: i64,
    /// The symbol that names what is meant, where the reference or the place has one.
    pub(super) symbol: Option<SymbolId>,
    /// Where the running kernel has what had this global name in another object.
    pub(super) was: Option<ImagePlace>,
}

impl Judge<'_> {
    /// What `aim` of a patched object means.
    pub(super) fn thing(&self, number: JudgedId, aim: SymbolOffset) -> Result<Meaning, String> {
        let source = &self.sources[number];
        let symbol = source.patched.symbol(aim.symbol);
        match symbol.place {
            Definition::Absolute => {
                Ok(Meaning::Number(symbol.value.wrapping_add_signed(aim.offset)))
            }
            Definition::Common => Err(format!("`{}` is a common symbol", symbol.name_lossy())),
            Definition::Undefined => self.named(number, symbol.name, symbol.weak, aim.offset),
            Definition::Section(section) => {
                let (_, offset) = source.aimed(aim).ok_or("outside of memory")?;
                let named = match symbol.kind {
                    SymbolKind::Section => {
                        let inside = u64::try_from(offset).unwrap_or(0);
                        let extent = source.patched.extent(section, inside);
                        extent.and_then(|extent| source.patched.symbol_of(extent))
                    }
                    _ => Some(aim.symbol),
                };
                let own =
                    PatchedPlace { source: number, section, offset, symbol: named, was: None };
                Ok(self.definition(own))
            }
        }
    }

    /// What a name means that the object does not define.
    fn named(
        &self,
        number: JudgedId,
        name: &[u8],
        weak: bool,
        offset: i64,
    ) -> Result<Meaning, String> {
        let image = self.sources[number].image;
        let vmlinux = Some(super::running::VMLINUX);
        let of = |image| self.strong(image, name).or_else(|| self.weak(image, name));
        let found = of(image).or_else(|| of(vmlinux));
        if let Some((source, symbol)) = found.or_else(|| self.exporters(name).find_map(of)) {
            let placed = self.sources[source].patched.place(SymbolOffset { symbol, offset });
            let (section, offset) = placed.ok_or("outside of memory")?;
            let own = PatchedPlace { source, section, offset, symbol: Some(symbol), was: None };
            return Ok(self.definition(own));
        }
        match self.running.meant(image.unwrap_or(super::running::VMLINUX), name) {
            Some(spot) => Ok(Meaning::Kernel(spot.plus(offset))),
            None if weak => Ok(Meaning::Nothing),
            None => Err(format!("`{}` is nowhere", String::from_utf8_lossy(name))),
        }
    }

    /// The images whose patched objects say that they export `name`: `EXPORT_SYMBOL` leaves a symbol with the name in it
    /// (include/linux/export.h, before and since Linux 6.4).
    fn exporters(&self, name: &[u8]) -> impl Iterator<Item = Option<ImageId>> {
        let marks = [&b"__ksymtab_"[..], b"__export_symbol_"].map(|start| [start, name].concat());
        let sources = self.sources.iter();
        let exports = sources.filter(move |source| {
            source.image.is_some()
                && marks.iter().any(|mark| !source.patched.named(mark).is_empty())
        });
        exports.map(|source| source.image)
    }

    /// The definition that the linker takes for the symbol of `own`.
    fn definition(&self, own: PatchedPlace) -> Meaning {
        let source = &self.sources[own.source];
        let named = own.symbol.map(|index| (index, source.patched.symbol(index)));
        let Some((index, symbol)) = named.filter(|(_, symbol)| !symbol.local) else {
            return Meaning::Own(own);
        };
        let Some(image) = source.image else { return Meaning::Own(own) };
        let inside =
            i64::try_from(symbol.value).map_or(0, |value| own.offset.saturating_sub(value));
        let running = self.running.global(image, symbol.name);
        let is_code = source.patched.section(own.section).is_code();
        if symbol.weak {
            if let Some((other, strong)) = self.strong(source.image, symbol.name)
                && let Some((section, offset)) = self.sources[other]
                    .patched
                    .place(SymbolOffset { symbol: strong, offset: inside })
            {
                let symbol = Some(strong);
                return Meaning::Own(PatchedPlace {
                    source: other,
                    section,
                    offset,
                    symbol,
                    was: None,
                });
            }
            return match running {
                Some(spot) if !source.spots(index).contains(&spot) => {
                    Meaning::Kernel(spot.plus(inside))
                }
                _ => Meaning::Own(own),
            };
        }
        match running {
            Some(spot) if source.originals(index).is_empty() && is_code => {
                Meaning::Own(PatchedPlace { was: Some(spot), ..own })
            }
            Some(spot) if source.originals(index).is_empty() => Meaning::Kernel(spot.plus(inside)),
            _ => Meaning::Own(own),
        }
    }
}
