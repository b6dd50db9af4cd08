//! Changed functions and everything they need that the running kernel does not have.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::arch::for_machine;
use crate::elf::{RelocKind, Section};
use crate::ids::List;
use crate::kernel::{LinkedKernel, is_freed};
use crate::layout::FunctionId;
use crate::obstacle::Obstacle;
use crate::record::Note;

use super::absent::{self, AbsentSymbol};
use super::alternative::AlternativeField;
use super::copy::{CopiedPiece, Link, OutReloc};
use super::fentry;
use super::identity;
use super::moved;
use super::pieces::{self, EntriesByCode, Piece};
use super::placement;
use super::refusals::Refusals;
use super::registry;
use super::resolve::{OriginalSymbol, RelocMeaning, RelocSite, RelocUse, Resolver};
use super::sites::code_sites;
use super::source::{CorrelatedObject, CorrelatedObjects, Fate, TouchedId};
use super::target::LinkTarget;
use super::why::ReasonText;

/// All that is copied.
#[derive(Default)]
pub(super) struct Extraction {
    pub(super) copied: BTreeMap<Piece, CopiedPiece>,
    /// Keys of the static calls of each source.
    pub(super) keys: BTreeSet<(TouchedId, LinkTarget)>,
    pub(super) refused: Refusals,
    pub(super) notes: BTreeSet<Note>,
}

/// A function of a patched object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ExtractionRoot {
    /// Which of the sources.
    pub(super) object: TouchedId,
    pub(super) function: FunctionId,
}

/// Copies the functions `roots` and what they need.
pub(super) fn extract(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    roots: &[ExtractionRoot],
    is_stacked: bool,
) -> Extraction {
    let mut extraction = Extraction::default();
    let tables: List<TouchedId, Option<EntriesByCode>> = sources
        .iter()
        .map(|source| match EntriesByCode::of(source) {
            Ok(tables) => Some(tables),
            Err(why) => {
                extraction.refused.add(Obstacle::Unreadable, source.object, source.object, why);
                None
            }
        })
        .collect();
    let mut walk = ExtractionWalk {
        kernel,
        sources,
        tables: &tables,
        is_stacked,
        extraction,
        open: Vec::new(),
    };
    for root in roots {
        walk.function(*root);
    }
    while let Some(piece) = walk.open.pop() {
        walk.copy(piece);
    }
    walk.extraction
}

pub(super) struct ExtractionWalk<'w, 'a> {
    pub(super) kernel: &'w LinkedKernel,
    pub(super) sources: &'w CorrelatedObjects<'a>,
    pub(super) tables: &'w List<TouchedId, Option<EntriesByCode>>,
    pub(super) is_stacked: bool,
    extraction: Extraction,
    open: Vec<Piece>,
}

impl<'a> ExtractionWalk<'_, 'a> {
    /// Copies a function with its prefix and cold parts.
    fn function(&mut self, ExtractionRoot { object, function }: ExtractionRoot) {
        let source = &self.sources[object];
        let layout = &source.patched.analysis.layout;
        for span in layout.functions[function].spans().map(|span| layout.span(span)) {
            self.include(source.code_piece(object, *span, Some(function)));
        }
    }

    fn include(&mut self, piece: Piece) {
        if let Entry::Vacant(slot) = self.extraction.copied.entry(piece) {
            slot.insert(CopiedPiece::default());
            self.open.push(piece);
        }
    }

    fn copy(&mut self, piece: Piece) {
        let source = &self.sources[piece.object];
        let section = source.patched.analysis.elf.section(piece.section);
        let Some(tables) = &self.tables[piece.object] else { return };
        let name = owner_name(source, piece);
        if is_freed(section.name) {
            let why = format!("it is in {}, which is freed after boot", section.name_lossy());
            self.extraction.refused.add(Obstacle::Freed, source.object, &name, why);
            return;
        }
        if placement::in_module(section.name).is_none() {
            let name_of = section.name_lossy();
            let why = format!("it is in {name_of}, which means nothing to who loads modules");
            self.extraction.refused.add(Obstacle::Section, source.object, &name, why);
            return;
        }
        // A function comes as a whole, whichever part of it was reached first.
        for function in functions_in(source, piece) {
            self.function(ExtractionRoot { object: piece.object, function });
        }
        let (object, is_stacked) = (piece.object, self.is_stacked);
        let resolver = Resolver { object, source, tables, is_stacked };
        match self.relocations(&resolver, section, piece) {
            Ok(copied) => {
                let pieces = copied.relocs.iter().filter_map(|reloc| match reloc.link {
                    Link::Piece(piece) => Some(piece),
                    _ => None,
                });
                let pieces: Vec<Piece> = pieces.collect();
                for piece in pieces {
                    self.include(piece);
                }
                self.extraction.copied.insert(piece, copied);
            }
            Err(why) => self.extraction.refused.add(Obstacle::Reference, source.object, &name, why),
        }
        if section.is_code() {
            for entry in tables.of_code(piece) {
                let (section, start, end) = (entry.table, entry.start, entry.end);
                self.include_entry(&resolver, Piece { section, start, end, ..piece }, piece);
            }
        } else {
            for entry in registry::entries(source, piece) {
                self.include(entry);
            }
        }
    }

    /// A table entry, unless it cannot do its work in a livepatch.
    fn include_entry(&mut self, resolver: &Resolver<'_, 'a>, entry: Piece, code: Piece) {
        if let Err(why) = self.try_entry(resolver, entry, code) {
            let name = owner_name(resolver.source, code);
            self.extraction.refused.add(Obstacle::TableEntry, resolver.source.object, &name, why);
        }
    }

    fn try_entry(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        entry: Piece,
        code: Piece,
    ) -> Result<(), ReasonText> {
        let copied = self.extraction.copied.entry(code).or_default();
        let machine = resolver.source.patched.analysis.elf.machine;
        let nop = for_machine!(machine, A => fentry::nop::<A>(resolver, entry, code));
        if let Some(offset) = nop {
            let linked = resolver.source.linked;
            return for_machine!(machine, A => copied.call_fentry::<A>(self.kernel, linked, offset));
        }
        match super::static_key::of_module(self.kernel, resolver, entry)? {
            None => self.include(entry),
            Some(dropped) => {
                if let Some((offset, nop)) = dropped.edit(code) {
                    copied.replace(offset, nop);
                }
                self.extraction.notes.insert(dropped.note(resolver.source.object));
            }
        }
        Ok(())
    }

    fn relocations(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        section: &Section<'a>,
        piece: Piece,
    ) -> Result<CopiedPiece, ReasonText> {
        let sites = if section.is_code() {
            code_sites(&resolver.source.patched, section, piece)?
        } else {
            let usage =
                if pieces::is_table(section.name) { RelocUse::Table } else { RelocUse::Data };
            let relocs = section.relocs.within(piece.start, piece.end);
            relocs.map(|reloc| RelocSite { reloc, usage, bias: 0 }).collect()
        };
        let mut copied = CopiedPiece::default();
        for site in sites.iter().filter(|site| site.reloc.kind != RelocKind::None) {
            let replacement = super::alternative::replacement(resolver, piece, &site.reloc)?;
            let (link, addend) = match replacement {
                AlternativeField::Empty => continue,
                AlternativeField::Replacement(piece) => (Link::Piece(piece), 0),
                AlternativeField::Other if self.is_absent(resolver, site) => {
                    let machine = resolver.source.patched.analysis.elf.machine;
                    match for_machine!(machine, A => absent::reference::<A>(section, site))? {
                        AbsentSymbol::Zero => (Link::Number, site.reloc.addend),
                        AbsentSymbol::Call(at, bytes) => {
                            copied.edits.push((at.saturating_sub(piece.start), bytes));
                            continue;
                        }
                    }
                }
                AlternativeField::Other => self.link(resolver, site)?,
            };
            if let Link::Kernel(target) = &link {
                let key = self.kernel.static_call_key(resolver.source.linked, target);
                self.extraction.keys.extend(key.map(|key| (resolver.object, key)));
            }
            let offset = site.reloc.offset.saturating_sub(piece.start);
            // The module loader wants nothing in a field yet (`__write_relocate_add` in arch/x86/kernel/module.c), and
            // assemblers leave the distance in those that they resolve.
            let field = section.bytes(site.reloc.offset, site.reloc.kind.width());
            let mut cleared = field.unwrap_or_default().to_vec();
            site.reloc.kind.mask().clear(&mut cleared, 0);
            if field.is_some_and(|field| *field != *cleared) {
                copied.edits.push((offset, cleared));
            }
            copied.relocs.push(OutReloc { offset, raw: site.reloc.raw, link, addend });
        }
        Ok(copied)
    }

    /// Whether `site` refers to a weak symbol that nobody defines.
    fn is_absent(&self, resolver: &Resolver<'_, 'a>, site: &RelocSite) -> bool {
        let Ok((RelocMeaning::Kernel(OriginalSymbol::Global(name)), _)) = resolver.resolve(site)
        else {
            return false;
        };
        let linked = resolver.source.linked;
        absent::is_weak(resolver, site)
            && self.kernel.global(linked, name).is_none()
            && (linked != "vmlinux" || self.kernel.unexported(name).is_none())
            && identity::definition(self.sources, linked, name).is_none()
    }

    fn link(
        &self,
        resolver: &Resolver<'_, 'a>,
        site: &RelocSite,
    ) -> Result<(Link, i64), ReasonText> {
        let (meaning, addend) = resolver.resolve(site)?;
        let source = resolver.source;
        let link = match meaning {
            RelocMeaning::Copy(piece) => Link::Piece(piece),
            RelocMeaning::Number => Link::Number,
            RelocMeaning::Kernel(OriginalSymbol::Global(name)) => {
                match self.kernel.global(source.linked, name) {
                    Some(target) => {
                        let target = target?;
                        self.same_region(source.linked, name, &target)?;
                        Link::Kernel(target)
                    }
                    None => return self.added(source, name, site, addend),
                }
            }
            RelocMeaning::Kernel(OriginalSymbol::Local(symbol)) => {
                Link::Kernel(self.kernel.local(source, symbol)?)
            }
            RelocMeaning::Kernel(OriginalSymbol::Moved(object, span)) => {
                Link::Kernel(moved::target(self.kernel, self.sources, object, span)?)
            }
        };
        if let Link::Kernel(target) = &link
            && matches!(site.usage, RelocUse::Operand(_) | RelocUse::Data)
            && self.kernel.is_sealed(target)
        {
            return Err(format!(
                "it takes a pointer to {}, and calls through pointers do not reach that function in \
                 this kernel: its ENDBR is sealed",
                target.name()
            ));
        }
        Ok((link, addend))
    }
}

/// The functions that have a part in `piece`.
fn functions_in(source: &CorrelatedObject<'_>, piece: Piece) -> BTreeSet<FunctionId> {
    let layout = &source.patched.analysis.layout;
    layout
        .with_ids_of_section(piece.section)
        .filter(|(span, _)| span.symbol.is_some() && (piece.start..piece.end).contains(&span.start))
        .filter_map(|(_, index)| source.owners[index])
        .filter(|id| source.fates[*id].is_some())
        .collect()
}

/// What people call the thing in `piece`.
pub(super) fn owner_name(source: &CorrelatedObject<'_>, piece: Piece) -> String {
    let layout = &source.patched.analysis.layout;
    let elf = &source.patched.analysis.elf;
    let spans = layout.of_section(piece.section).iter();
    let symbol = spans
        .filter(|span| (piece.start..piece.end).contains(&span.start))
        .find_map(|span| Some(elf.symbol(span.symbol?)));
    match symbol {
        Some(symbol) => symbol.name_lossy().into_owned(),
        None => elf.section(piece.section).name_lossy().into_owned(),
    }
}

/// All functions that the patch changed, in the order of objects and places.
pub(super) fn changed(sources: &CorrelatedObjects<'_>) -> Vec<ExtractionRoot> {
    let changed = sources.with_ids().flat_map(|(source, object)| {
        let fates = source.fates.with_ids();
        let changed = fates.filter(|(fate, _)| fate.is_some_and(Fate::is_replaced));
        changed.map(move |(_, function)| ExtractionRoot { object, function })
    });
    changed.collect()
}

/// The body's piece of a function.
pub(super) fn body_piece(source: &CorrelatedObject<'_>, root: ExtractionRoot) -> (Piece, u64) {
    let layout = &source.patched.analysis.layout;
    let span = *layout.span(layout.functions[root.function].body);
    let piece = source.code_piece(root.object, span, Some(root.function));
    (piece, span.start.saturating_sub(piece.start))
}
