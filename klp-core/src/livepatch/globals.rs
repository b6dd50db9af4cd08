//! Globals that the kernel does not have, or not for those who use them with the patch.

use crate::elf::{Definition, Reloc};
use crate::kernel::{Region, module_name};

use super::copy::Link;
use super::extract::ExtractionWalk;
use super::identity;
use super::moved;
use super::resolve::{OriginalSymbol, RelocMeaning, RelocSite, Resolver};
use super::side::region;
use super::source::{CorrelatedObject, CorrelatedObjects};
use super::target::LinkTarget;
use super::verdict::exported;
use super::why::ReasonText;

impl<'a> ExtractionWalk<'_, 'a> {
    /// A global symbol that the kernel does not have, or not for `source`: the patch adds it in another object, makes it
    /// global there, or exports it.
    pub(super) fn added(
        &self,
        source: &CorrelatedObject<'a>,
        name: &[u8],
        site: &RelocSite,
        addend: i64,
    ) -> Result<(Link, i64), ReasonText> {
        let missing = |linked: &str| self.missing(linked, name);
        let mut found = identity::definition(self.sources, source.linked, name);
        if found.is_none()
            && let Some(home) = exporter(self.sources, source.linked, name)
        {
            if let Some(target) = self.kernel.newly_exported(source.linked, home, name) {
                return Ok((Link::Kernel(target?), addend));
            }
            self.kernel.has_loaded(source.linked, home, name)?;
            found = identity::definition(self.sources, home, name);
        }
        let (object, index) = found.ok_or_else(|| missing(source.linked))?;
        let source = &self.sources[object];
        let tables = self.tables[object].as_ref().ok_or("no tables")?;
        let resolver = Resolver { object, source, tables, is_stacked: self.is_stacked };
        let reloc = Reloc { symbol: index, addend, ..site.reloc };
        match resolver.resolve(&RelocSite { reloc, ..*site })? {
            (RelocMeaning::Copy(piece), addend) => Ok((Link::Piece(piece), addend)),
            (RelocMeaning::Kernel(OriginalSymbol::Local(symbol)), addend) => {
                Ok((Link::Kernel(self.kernel.local(source, symbol)?), addend))
            }
            (RelocMeaning::Kernel(OriginalSymbol::Moved(object, span)), addend) => {
                let target = moved::target(self.kernel, self.sources, object, span)?;
                Ok((Link::Kernel(target), addend))
            }
            (RelocMeaning::Kernel(OriginalSymbol::Global(other)), addend) => {
                let target = self.kernel.global(source.linked, other);
                Ok((Link::Kernel(target.ok_or_else(|| missing(source.linked))??), addend))
            }
            (RelocMeaning::Number, _) => Err(missing(source.linked)),
        }
    }

    /// Why the global `name` is not there for what is linked into `linked`.
    fn missing(&self, linked: &str, name: &[u8]) -> ReasonText {
        let name_of = String::from_utf8_lossy(name);
        if self.kernel.is_freed(linked, name) {
            return format!("{name_of} is freed after boot");
        }
        let mut modules = self.kernel.modules.iter();
        match modules.find(|(home, symbols)| *home != linked && symbols.global(name).is_some()) {
            Some((home, _)) if linked == "vmlinux" => {
                format!("{name_of} is in module {}, which need not be loaded", module_name(home))
            }
            Some((home, _)) => {
                format!("{name_of} is in module {}, which does not export it", module_name(home))
            }
            None => format!("{name_of} is nowhere in the kernel"),
        }
    }

    /// That `name` is in memory of the same kind with the patch as it is in the kernel.
    pub(super) fn same_region(
        &self,
        linked: &str,
        name: &[u8],
        target: &LinkTarget,
    ) -> Result<(), ReasonText> {
        let Some(was) = self.kernel.listed(target).map(|listed| listed.region) else {
            return Ok(());
        };
        let Some((object, index)) = identity::definition(self.sources, linked, name) else {
            return Ok(());
        };
        let source = &self.sources[object];
        let elf = &source.patched.analysis.elf;
        let Definition::Section(section) = elf.symbol(index).place else { return Ok(()) };
        let is = region(elf.section(section));
        if was == is || (was, is) == (Region::Data, Region::Constant) {
            return Ok(());
        }
        Err(format!(
            "{} is {} in the kernel and {} with the patch: they are two things",
            target.name(),
            was.text(),
            is.text()
        ))
    }
}

/// What the patched objects that export `name` to what is linked into `linked` are linked into.
fn exporter<'s>(sources: &'s CorrelatedObjects<'_>, linked: &str, name: &[u8]) -> Option<&'s str> {
    let name = String::from_utf8_lossy(name);
    let mut others = sources.iter().filter(|source| linked != "vmlinux" && source.linked != linked);
    let home = others.find(|source| exported(&source.patched).contains(&*name));
    home.map(|source| source.linked)
}
