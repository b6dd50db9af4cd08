//! Constants without a symbol in sections that hold several: where one ends is not in the object.

use crate::elf::{Section, SectionClass, SectionId};
use crate::meaning::{self, SectionContent};

use super::Digest;
use super::context::{Context, entry_end};
use super::stream::{DataExtent, NodeRef};

/// From one place that something refers to up to the next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Constant {
    /// The section's header index.
    pub(crate) section: SectionId,
    /// First byte, as an offset in the section.
    pub(crate) start: u64,
    /// One past the last byte.
    pub(crate) end: u64,
    /// Over all that is in it and behind it.
    pub(crate) digest: Digest,
}

/// Whether the end of `node` is a guess: it is a constant that neither a symbol nor its section delimits.
pub(super) fn is_open(cx: &Context<'_, '_>, node: NodeRef) -> bool {
    let section = cx.elf.section(node.section);
    node.span.is_none()
        && node.extent != DataExtent::Section
        && section.class == SectionClass::Bytes
        && !section.is_code()
        && holds_constants(section)
        && entry_end(section, node.start).is_none()
        && !cx.is_one_constant(section, node.section)
}

/// Nobody writes there; `.data.rel.ro` holds constants whose addresses a loader fills in.
fn holds_constants(section: &Section<'_>) -> bool {
    let is_filled_in = section.name.starts_with(b".data.rel.ro");
    let is_known = || meaning::of_name(section.name, SectionContent::Constants).is_empty();
    !section.is_writable() && !section.is_merged() || is_filled_in && is_known()
}
