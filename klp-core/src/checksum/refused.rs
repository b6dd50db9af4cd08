//! What a refused function refers to.
//!
//! Unnamed data ends where the next reference points to, so that the digests of others depend on these
//! references too.

use crate::arch::{Arch, Instructions as _, for_machine};
use crate::elf::{Reloc, RelocKind};
use crate::layout::Function;

use super::context::Context;
use super::fields::distance;
use super::stream::NodeRef;

/// The unnamed data that `function` and the special entries about it refer to, as far as its
/// instructions can be read.
pub(super) fn nodes(cx: &Context<'_, '_>, function: &Function) -> Vec<NodeRef> {
    for_machine!(cx.elf.machine, A => nodes_of::<A>(cx, function))
}

fn nodes_of<A: Arch>(cx: &Context<'_, '_>, function: &Function) -> Vec<NodeRef> {
    let mut nodes = Vec::new();
    for span in function.spans().map(|span| cx.layout.span(span)) {
        let origin = cx.origins.at(span.section, span.start);
        let mut refer = |reloc: &Reloc, addend: i64| {
            if reloc.kind != RelocKind::None {
                nodes.extend(cx.resolve(origin, reloc.symbol, addend).nodes());
            }
        };
        for site in cx.sites.within(span.section, span.start, span.end) {
            let (table, range) = cx.sites.place(site);
            let table = cx.elf.section(table);
            for reloc in table.relocs.within(range.start, range.end) {
                refer(&reloc, reloc.addend);
            }
        }
        let section = cx.elf.section(span.section);
        // What is not in the file refers to nothing.
        let Some(code) = section.range(span.start, span.end) else { continue };
        let mut relocs = section.relocs.within(span.start, span.end).peekable();
        let mut instructions = A::Instructions::new(code, span.start);
        while instructions.next().is_some() {
            let next = instructions.place().end;
            while let Some(reloc) = relocs.next_if(|reloc| reloc.offset < next) {
                refer(&reloc, distance(&reloc, next).unwrap_or(reloc.addend));
            }
        }
    }
    nodes
}
