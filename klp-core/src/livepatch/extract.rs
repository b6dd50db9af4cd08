//! Changed functions and everything they need that the running kernel does not have.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Reloc, RelocKind, Section};
use crate::kernel::Kernel;
use crate::layout::Function;
use crate::record::Refused;
use crate::x86::{Access, Decoded, Form, Instructions};

use super::alternative::Field;
use super::pieces::{self, Piece, Tables};
use super::resolve::{Meaning, Outside, Resolver, Site, Use, Why};
use super::source::{Fate, Source};
use super::target::Target;

/// Where a relocation of a copied piece leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Link {
    /// To a copied piece.
    Piece(Piece),
    /// To a symbol of the running kernel.
    Kernel(Target),
    /// To a number.
    Number,
}

/// A relocation of a copied piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OutReloc {
    /// From the start of the piece.
    pub(super) offset: u64,
    /// Type, as ELF numbers it.
    pub(super) raw: u32,
    pub(super) link: Link,
    /// Relative to what it leads to.
    pub(super) addend: i64,
}

/// A copied piece.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Copied {
    pub(super) relocs: Vec<OutReloc>,
    /// Bytes that are not those of the patched object: offset in the piece, and bytes.
    pub(super) edits: Vec<(u64, Vec<u8>)>,
}

impl Copied {
    /// Writes `bytes` over what is at `offset`, and takes the relocations there away.
    pub(super) fn replace(&mut self, offset: u64, bytes: Vec<u8>) {
        let end = offset.saturating_add(bytes.len() as u64);
        self.relocs.retain(|reloc| !(offset..end).contains(&reloc.offset));
        self.edits.push((offset, bytes));
    }
}

/// All that is copied.
#[derive(Default)]
pub(super) struct Extraction {
    pub(super) copied: BTreeMap<Piece, Copied>,
    /// Keys of the static calls of each source.
    pub(super) keys: BTreeSet<(usize, Target)>,
    pub(super) refused: Vec<Refused>,
    pub(super) notes: BTreeSet<String>,
}

/// Copies the functions `replaced` and what they need.
pub(super) fn extract(
    kernel: &Kernel,
    sources: &[Source<'_>],
    roots: &[(usize, usize)],
) -> Extraction {
    let mut extraction = Extraction::default();
    let tables: Vec<Option<Tables>> = sources
        .iter()
        .map(|source| match Tables::of(source) {
            Ok(tables) => Some(tables),
            Err(why) => {
                extraction.refuse(source.object, source.object, why);
                None
            }
        })
        .collect();
    let mut walk = Walk { kernel, sources, tables: &tables, extraction, open: Vec::new() };
    for (object, function) in roots {
        walk.function(*object, *function);
    }
    while let Some(piece) = walk.open.pop() {
        walk.copy(piece);
    }
    walk.extraction
}

impl Extraction {
    pub(super) fn refuse(&mut self, object: &str, name: &str, why: impl Into<String>) {
        let refused = Refused::new(object, name, why);
        if !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }
}

struct Walk<'w, 'a> {
    kernel: &'w Kernel,
    sources: &'w [Source<'a>],
    tables: &'w [Option<Tables>],
    extraction: Extraction,
    open: Vec<Piece>,
}

impl<'a> Walk<'_, 'a> {
    /// Copies a function with its prefix and cold parts.
    fn function(&mut self, object: usize, number: usize) {
        let Some(source) = self.sources.get(object) else { return };
        let layout = &source.patched.analysis.layout;
        let Some(function) = layout.functions.get(number) else { return };
        for span in function.spans().filter_map(|index| layout.span(index)) {
            self.include(source.code_piece(object, *span, Some(number)));
        }
    }

    fn include(&mut self, piece: Piece) {
        if let Entry::Vacant(slot) = self.extraction.copied.entry(piece) {
            slot.insert(Copied::default());
            self.open.push(piece);
        }
    }

    fn copy(&mut self, piece: Piece) {
        let Some(source) = self.sources.get(piece.object) else { return };
        let Some(section) = source.patched.analysis.elf.section(piece.section) else { return };
        let Some(tables) = self.tables.get(piece.object).and_then(Option::as_ref) else { return };
        let name = owner_name(source, piece);
        if pieces::is_freed(section.name) {
            let why = format!("it is in {}, which is freed after boot", section.name_lossy());
            self.extraction.refuse(source.object, &name, why);
            return;
        }
        // A function comes as a whole, whichever part of it was reached first.
        for number in functions_in(source, piece) {
            self.function(piece.object, number);
        }
        let resolver = Resolver { object: piece.object, source, tables };
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
            Err(why) => self.extraction.refuse(source.object, &name, why),
        }
        if section.is_code() {
            for entry in tables.of_code(piece) {
                let (section, start, end) = (entry.table, entry.start, entry.end);
                self.include_entry(&resolver, Piece { section, start, end, ..piece }, piece);
            }
        }
    }

    /// A table entry, unless it cannot do its work in a livepatch.
    fn include_entry(&mut self, resolver: &Resolver<'_, 'a>, entry: Piece, code: Piece) {
        if let Err(why) = self.try_entry(resolver, entry, code) {
            let name = owner_name(resolver.source, code);
            self.extraction.refuse(resolver.source.object, &name, why);
        }
    }

    fn try_entry(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        entry: Piece,
        code: Piece,
    ) -> Result<(), Why> {
        let copied = self.extraction.copied.entry(code).or_default();
        if let Some(offset) = super::fentry::nop(resolver, entry, code) {
            return copied.call_fentry(self.kernel, resolver.source.linked, offset);
        }
        match super::static_key::of_module(self.kernel, resolver, entry)? {
            None => self.include(entry),
            Some(dropped) => {
                if let Some((offset, nop)) = dropped.edit(code) {
                    copied.replace(offset, nop);
                }
                self.extraction.notes.insert(dropped.note);
            }
        }
        Ok(())
    }

    fn relocations(
        &mut self,
        resolver: &Resolver<'_, 'a>,
        section: &Section<'a>,
        piece: Piece,
    ) -> Result<Copied, Why> {
        let sites = if section.is_code() {
            code_sites(section, piece)?
        } else {
            let usage = if pieces::is_table(section.name) { Use::Table } else { Use::Data };
            let relocs = section.relocs.within(piece.start, piece.end);
            relocs.map(|reloc| Site { reloc, usage, bias: 0 }).collect()
        };
        let mut copied = Copied::default();
        for site in sites.iter().filter(|site| site.reloc.kind != RelocKind::None) {
            let replacement =
                super::alternative::replacement(resolver, section, piece, &site.reloc)?;
            let (link, addend) = match replacement {
                Field::Empty => continue,
                Field::Replacement(piece) => (Link::Piece(piece), 0),
                Field::Other => self.link(resolver, site)?,
            };
            if let Link::Kernel(target) = &link {
                let key = self.kernel.static_call_key(resolver.source.linked, target);
                self.extraction.keys.extend(key.map(|key| (resolver.object, key)));
            }
            let offset = site.reloc.offset.saturating_sub(piece.start);
            copied.relocs.push(OutReloc { offset, raw: site.reloc.raw, link, addend });
        }
        Ok(copied)
    }

    fn link(&self, resolver: &Resolver<'_, 'a>, site: &Site) -> Result<(Link, i64), Why> {
        let (meaning, addend) = resolver.resolve(site)?;
        let source = resolver.source;
        let link = match meaning {
            Meaning::Copy(piece) => Link::Piece(piece),
            Meaning::Number => Link::Number,
            Meaning::Kernel(Outside::Global(name)) => {
                match self.kernel.global(source.linked, name) {
                    Some(target) => Link::Kernel(target?),
                    None => return self.added(name, site, addend),
                }
            }
            Meaning::Kernel(Outside::Local(symbol)) => {
                Link::Kernel(self.kernel.local(source, symbol)?)
            }
        };
        if let Link::Kernel(target) = &link
            && matches!(site.usage, Use::Operand(_) | Use::Data)
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

    /// A global symbol that the kernel does not have: the patch adds it in another object.
    fn added(&self, name: &[u8], site: &Site, addend: i64) -> Result<(Link, i64), Why> {
        for (object, source) in self.sources.iter().enumerate() {
            let elf = &source.patched.analysis.elf;
            let found = elf.symbols.iter().zip(0u32..).find(|(symbol, _)| {
                !symbol.local
                    && symbol.name == name
                    && matches!(symbol.place, crate::elf::Place::Section(_))
            });
            let Some((_, index)) = found else { continue };
            let tables = self.tables.get(object).and_then(Option::as_ref).ok_or("no tables")?;
            let resolver = Resolver { object, source, tables };
            let reloc = Reloc { symbol: index, addend, ..site.reloc };
            return match resolver.resolve(&Site { reloc, ..*site })? {
                (Meaning::Copy(piece), addend) => Ok((Link::Piece(piece), addend)),
                _ => Err(format!("{} is not in the kernel", String::from_utf8_lossy(name))),
            };
        }
        Err(format!("{} is nowhere in the kernel", String::from_utf8_lossy(name)))
    }
}

/// The functions that have a part in `piece`.
fn functions_in(source: &Source<'_>, piece: Piece) -> BTreeSet<usize> {
    let layout = &source.patched.analysis.layout;
    let first = layout.first_of_section(piece.section).unwrap_or(0);
    let spans = layout.of_section(piece.section).iter().zip(first..);
    spans
        .filter(|(span, _)| span.symbol.is_some() && (piece.start..piece.end).contains(&span.start))
        .filter_map(|(_, index)| source.owners.get(index as usize).copied().flatten())
        .filter(|number| source.fates.get(*number).is_some_and(Option::is_some))
        .collect()
}

/// What people call the thing in `piece`.
fn owner_name(source: &Source<'_>, piece: Piece) -> String {
    let layout = &source.patched.analysis.layout;
    let elf = &source.patched.analysis.elf;
    let spans = layout.of_section(piece.section).iter();
    let symbol = spans
        .filter(|span| (piece.start..piece.end).contains(&span.start))
        .find_map(|span| elf.symbol(span.symbol?));
    match symbol {
        Some(symbol) => symbol.name_lossy().into_owned(),
        None => {
            elf.section(piece.section).map(Section::name_lossy).unwrap_or_default().into_owned()
        }
    }
}

/// The relocations of code, with what the instructions do with them, and those that the assembler
/// resolved because the target was in the same section, though it is not in the same piece.
fn code_sites(section: &Section<'_>, piece: Piece) -> Result<Vec<Site>, Why> {
    let code = section.bytes(piece.start, piece.len()).ok_or("code that is not in the file")?;
    let mut sites = Vec::new();
    let mut relocs = section.relocs.within(piece.start, piece.end).peekable();
    let mut at = piece.start;
    let mut instructions = Instructions::new(code, piece.start);
    while let Some(decoded) = instructions.next() {
        let decoded = decoded
            .map_err(|_| format!("no instruction at {at:#x} of {}", section.name_lossy()))?;
        let next = at.saturating_add(u64::from(decoded.len));
        let mut has_reloc = false;
        while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < next) {
            has_reloc |= reloc.kind != RelocKind::None;
            let bias = if reloc.kind.is_relative() {
                next.saturating_sub(reloc.offset).cast_signed()
            } else {
                0
            };
            sites.push(Site { reloc, usage: usage(&decoded, &mut instructions, &reloc, at), bias });
        }
        let leaves = |target: u64| !(piece.start..piece.end).contains(&target);
        let target = match decoded.form {
            Form::Branch { target, .. } => Some(target),
            _ if decoded.is_ip_relative => instructions.operands().ip_target,
            _ => None,
        };
        if !has_reloc && target.is_some_and(leaves) {
            let name = section.name_lossy();
            return Err(format!("a jump inside of {name} that has no relocation, at {at:#x}"));
        }
        at = next;
    }
    Ok(sites)
}

fn usage(decoded: &Decoded, instructions: &mut Instructions<'_>, reloc: &Reloc, at: u64) -> Use {
    if matches!(decoded.form, Form::Branch { .. }) {
        return Use::Branch;
    }
    let within = u8::try_from(reloc.offset.saturating_sub(at)).unwrap_or(u8::MAX);
    let operands = instructions.operands();
    let is_displacement = operands.displacement.is_some_and(|field| field.offset == within);
    Use::Operand(if is_displacement { operands.access } else { Access::Open })
}

/// All functions that the patch changed, in the order of objects and places.
pub(super) fn changed(sources: &[Source<'_>]) -> Vec<(usize, usize)> {
    let of_source = |(object, source): (usize, &Source<'_>)| {
        let fates = source.fates.iter().enumerate();
        let changed: Vec<(usize, usize)> = fates
            .filter(|(_, fate)| matches!(fate, Some(Fate::Changed(_))))
            .map(|(number, _)| (object, number))
            .collect();
        changed
    };
    sources.iter().enumerate().flat_map(of_source).collect()
}

/// The body's piece of a function.
pub(super) fn body_piece(
    source: &Source<'_>,
    object: usize,
    number: usize,
) -> Option<(Piece, u64)> {
    let layout = &source.patched.analysis.layout;
    let function: &Function = layout.functions.get(number)?;
    let span = *layout.span(function.body)?;
    let piece = source.code_piece(object, span, Some(number));
    Some((piece, span.start.saturating_sub(piece.start)))
}
