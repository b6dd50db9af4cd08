//! Constants without a symbol in sections that hold several: where one ends is not in the object.

use crate::elf::{ElfObject, Place, Section, SectionClass};
use crate::meaning::{self, Holds};

use super::context::{Context, entry_end};
use super::stream::{Extent, NodeRef, Streams};
use super::{Analysis, Boundaries, Digest, Unit, closure, refused};

/// From one place that something refers to up to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constant {
    /// The section's header index.
    pub(crate) section: u32,
    /// First byte, as an offset in the section.
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: u64,
    /// Over all that is in it and behind it.
    pub(crate) digest: Digest,
}

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
    pub(crate) fn lead_to_constants(&self, functions: impl Iterator<Item = usize>) -> bool {
        let cx = self.context();
        let mut streams = Streams::default();
        let mut roots = Vec::new();
        for function in functions.filter_map(|number| self.layout.functions.get(number)) {
            if Unit::new(&cx, &mut streams).function(function).is_ok() {
                roots.extend(streams.edges.iter().map(|edge| edge.node));
            } else {
                roots.extend(refused::nodes(&cx, function));
            }
        }
        // Where each ends does not matter here: the next symbol is far enough.
        let reached = closure::digests(&cx, &Boundaries::default(), roots);
        reached.nodes().any(|node| is_open(&cx, *node))
    }
}

/// Whether the end of `node` is a guess: it is a constant that neither a symbol nor its section delimits.
pub(super) fn is_open(cx: &Context<'_, '_>, node: NodeRef) -> bool {
    let Some(section) = cx.elf.section(node.section) else { return false };
    node.span.is_none()
        && node.extent != Extent::Section
        && section.class == SectionClass::Bytes
        && !section.is_code()
        && holds_constants(section)
        && entry_end(section, node.start).is_none()
        && !cx.is_one_constant(section, node.section)
}

/// Nobody writes there; `.data.rel.ro` holds constants whose addresses a loader fills in.
fn holds_constants(section: &Section<'_>) -> bool {
    let is_filled_in = section.name.starts_with(b".data.rel.ro");
    let is_known = || meaning::of_name(section.name, Holds::Constants).is_empty();
    !section.is_writable() && !section.is_merged() || is_filled_in && is_known()
}

/// Whether `constant` holds addresses of code and nothing else.
fn is_code_table(elf: &ElfObject<'_>, constant: &Constant) -> bool {
    let Some(section) = elf.section(constant.section) else { return false };
    let Constant { start, end, .. } = *constant;
    let mut rest = section.bytes(start, end.saturating_sub(start)).unwrap_or_default().to_vec();
    let mut has_code = false;
    for reloc in section.relocs.within(start, end) {
        let place = elf.symbol(reloc.symbol).map(|symbol| symbol.place);
        let Some(Place::Section(code)) = place else { return false };
        if !elf.section(code).is_some_and(Section::is_code) {
            return false;
        }
        has_code = true;
        let field = reloc.offset.saturating_sub(start);
        super::instruction::blank(&mut rest, field, reloc.kind.width());
    }
    has_code && rest.iter().all(|byte| *byte == 0)
}
