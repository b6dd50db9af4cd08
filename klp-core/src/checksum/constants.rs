//! All constants without a symbol that functions of an object lead to.

use crate::elf::{Definition, ElfObject};
use crate::layout::FunctionId;

use super::constant::{Constant, is_open};
use super::stream::Streams;
use super::{Analysis, Boundaries, UnitWriter, closure, refused};

impl Analysis<'_> {
    /// All of them, by place. Tables of code are left out: they belong to the function that they lead to.
    pub(crate) fn constants(&self) -> Vec<Constant> {
        let closure = self.closure();
        let cx = self.context();
        let mut constants = closure.constants(&cx);
        constants.retain(|it| !is_code_table(&self.elf, it));
        constants.sort_unstable_by_key(|it| (it.section, it.start, it.end));
        constants.dedup();
        constants
    }

    /// Whether one of these functions leads to any of them. Far less work than to find them all.
    pub(crate) fn lead_to_constants(&self, functions: impl Iterator<Item = FunctionId>) -> bool {
        let cx = self.context();
        let mut streams = Streams::default();
        let mut roots = Vec::new();
        for function in functions.filter_map(|id| self.layout.functions.get(id)) {
            if UnitWriter::new(&cx, &mut streams).function(function).is_ok() {
                roots.extend(streams.edges.iter().map(|edge| edge.node));
            } else {
                roots.extend(refused::nodes(&cx, function));
            }
        }
        if roots.iter().any(|node| is_open(&cx, *node)) {
            return true;
        }
        let near;
        let boundaries = if let Some(known) = self.boundaries.get() {
            known
        } else {
            // What else functions refer to does not matter here: the next place is far enough.
            near = Boundaries::of(&cx, &roots);
            &near
        };
        let reached = closure::digests(&cx, boundaries, roots);
        reached.nodes().any(|node| is_open(&cx, *node))
    }
}

/// Whether `constant` holds addresses of code and nothing else.
fn is_code_table(elf: &ElfObject<'_>, constant: &Constant) -> bool {
    let section = elf.section(constant.section);
    let Constant { start, end, .. } = *constant;
    let mut rest = section.in_file(start, end).to_vec();
    let mut has_code = false;
    for reloc in section.relocs.within(start, end) {
        let place = elf.symbol(reloc.symbol).place;
        let Definition::Section(code) = place else { return false };
        if !elf.section(code).is_code() {
            return false;
        }
        has_code = true;
        let field = reloc.offset.saturating_sub(start);
        reloc.kind.mask().clear(&mut rest, field);
    }
    has_code && rest.iter().all(|byte| *byte == 0)
}
