//! Texts that the running kernel has as well: what takes the address of one gets the kernel's.
//!
//! Where code also refers to the inside or the end of a text, as a loop over it does, all of that has to lead into one
//! copy: the module's. Assemblers name the text's own symbol in such references, and its section where one leads to the
//! start. Linkers do not keep that apart, so with LTO all texts are the module's.

use std::collections::BTreeSet;

use crate::arch::Access;
use crate::elf::{ElfObject, Place, Section, SymbolKind};
use crate::kernel::{Kernel, Strings};

use super::pieces::Piece;
use super::resolve::{Resolver, Site, Use};
use super::target::Target;

/// Texts of an object, by section and offset.
pub(super) type Texts = BTreeSet<(u32, u64)>;

/// Those of which something refers to the inside or the end.
pub(super) fn walked(elf: &ElfObject<'_>) -> Texts {
    let mut texts = Texts::new();
    for section in elf.sections.iter().filter(|section| section.is_allocated()) {
        for reloc in section.relocs.iter() {
            let Some(symbol) = elf.symbol(reloc.symbol) else { continue };
            let Place::Section(text) = symbol.place else { continue };
            // What is relative counts from the end of the instruction, mostly that of the field.
            let to_start = if reloc.kind.is_relative() { -4 } else { 0 };
            let is_inside = symbol.kind != SymbolKind::Section && reloc.addend != to_start;
            if is_inside && elf.section(text).is_some_and(is_of_texts) {
                texts.insert((text, symbol.value));
            }
        }
    }
    texts
}

/// The start of the kernel's constants, and the addend with which `site`, which takes the address of something `addend`
/// bytes behind the start of `piece`, gets the kernel's text instead; none where that is no text of the kernel.
pub(super) fn of_kernel(
    kernel: &Kernel,
    resolver: &Resolver<'_, '_>,
    site: &Site,
    (piece, addend): (Piece, i64),
) -> Option<(Target, i64)> {
    let source = resolver.source;
    if source.linked != "vmlinux" || source.is_whole || site.usage != Use::Operand(Access::Open) {
        return None;
    }
    let section = resolver.elf().section(piece.section).filter(|section| is_of_texts(section))?;
    let start = piece.start.checked_add_signed(addend.checked_add(site.bias)?)?;
    let symbol = resolver.elf().symbol(site.reloc.symbol)?;
    let is_start = symbol.kind == SymbolKind::Section || symbol.value == start;
    if !is_start || source.walked.contains(&(piece.section, start)) {
        return None;
    }
    let rest = section.bytes(start, section.size.checked_sub(start)?)?;
    let text = rest.get(..=rest.iter().position(|byte| *byte == 0)?)?;
    let found = kernel.strings.find(text)?;
    let target = kernel.unexported(Strings::START)?.ok()?;
    Some((target, found.checked_sub(site.bias)?))
}

fn is_of_texts(section: &Section<'_>) -> bool {
    section.is_strings() && section.entsize == 1
}
