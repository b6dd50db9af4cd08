//! The data that functions reach through targets without a name, and all named data.
//!
//! Nodes are stretches of data sections. A node's digest covers its bytes, what its relocations name,
//! and the digests of the unnamed nodes that they reach.

use rayon::prelude::*;

use crate::elf::{Place, Section, SectionClass, SectionId};
use crate::layout::SpanId;
use crate::meaning;
use crate::name::Stability;
use crate::rules;
use crate::slices::SliceParts as _;

use super::boundaries::Boundaries;
use super::constant::{self, Constant};
use super::context::Context;
use super::data;
use super::digest::Digest;
use super::graph::{Graph, NodeContent};
use super::nodes::NodeDigests;
use super::refine;
use super::stream::{DataExtent, NodeRef, Streams};
use super::walk_budget::WalkBudget;
use super::{ContentKind, DataChecksum, UnitWriter};

/// The unnamed data that functions refer to.
#[derive(Debug, Default)]
pub(super) struct Roots {
    pub(super) nodes: Vec<NodeRef>,
    /// Those at whose place something starts.
    pub(super) starts: Vec<NodeRef>,
    /// Constants that are read as they are: section, start and end.
    pub(super) read: Vec<(SectionId, u64, u64)>,
}

impl Roots {
    pub(super) fn and(mut self, other: Self) -> Self {
        self.nodes.extend(other.nodes);
        self.starts.extend(other.starts);
        self.read.extend(other.read);
        self
    }

    pub(super) fn sort(&mut self) {
        for nodes in [&mut self.nodes, &mut self.starts] {
            nodes.par_sort_unstable();
            nodes.dedup();
        }
        self.read.par_sort_unstable();
        self.read.dedup();
    }
}

/// All nodes that functions and named data reach.
#[derive(Debug)]
pub(super) struct Closure {
    digests: NodeDigests,
    /// Named data objects, by place.
    named: Vec<NodeRef>,
    boundaries: Boundaries,
    read: Vec<(SectionId, u64, u64)>,
}

impl Closure {
    pub(super) fn of(cx: &Context<'_, '_>, roots: Roots) -> Self {
        let Roots { mut nodes, starts, read } = roots;
        let named = named_data(cx);
        let boundaries = Boundaries::of(cx, &starts);
        nodes.extend(&named);
        Self { digests: digests(cx, &boundaries, nodes), named, boundaries, read }
    }

    pub(super) fn digests(&self) -> &NodeDigests {
        &self.digests
    }

    /// The same, for which each unit is refused that leads to much.
    pub(super) fn for_little(self) -> Self {
        Self { digests: self.digests.for_little(), ..self }
    }

    pub(super) fn boundaries(&self) -> &Boundaries {
        &self.boundaries
    }

    pub(super) fn into_boundaries(self) -> Boundaries {
        self.boundaries
    }

    /// The stretches without a symbol that something reaches, by place: section, start and end.
    fn reached(&self, cx: &Context<'_, '_>) -> Vec<(SectionId, u64, u64)> {
        let nodes = self.digests.nodes().filter(|node| node.span.is_none());
        let stretch = |node: &NodeRef| (node.section, node.start, self.boundaries.end(cx, *node));
        let mut reached: Vec<(SectionId, u64, u64)> = nodes.map(stretch).collect();
        reached.extend(&self.read);
        reached.par_sort_unstable();
        reached
    }

    /// Each stretch that neither has a name nor is reached, their digests, and where they end.
    fn rest(&self, cx: &Context<'_, '_>) -> (Vec<NodeRef>, NodeDigests, Boundaries) {
        let reached = self.reached(cx);
        let ends =
            reached.iter().flat_map(|(section, start, end)| [section.at(*start), section.at(*end)]);
        let boundaries = self.boundaries.clone().and(ends);
        let left = unreached(cx, &self.digests, &boundaries, &reached);
        let rest = digests(cx, &boundaries, left.clone());
        (left, rest, boundaries)
    }

    /// The constants whose ends nothing but the next reference tells.
    pub(super) fn constants(&self, cx: &Context<'_, '_>) -> Vec<Constant> {
        let (left, rest, boundaries) = self.rest(cx);
        let constant = |node: NodeRef, digests: &NodeDigests, boundaries: &Boundaries| {
            let digest = digests.digests_of_unit([node].into_iter()).pop()?.ok()?;
            let end = boundaries.end(cx, node);
            Some(Constant { section: node.section, start: node.start, end, digest })
        };
        let is_open = |node: &NodeRef| constant::is_open(cx, *node);
        let reached = self.digests.nodes().copied().filter(is_open);
        let reached = reached.filter_map(|node| constant(node, &self.digests, &self.boundaries));
        let left = left.into_iter().filter(is_open);
        reached.chain(left.filter_map(|node| constant(node, &rest, &boundaries))).collect()
    }

    /// The digests of the named data objects, and of each stretch that neither has a name nor is reached.
    pub(super) fn data(&self, cx: &Context<'_, '_>) -> Vec<DataChecksum> {
        let (left, rest, _) = self.rest(cx);
        let named = self.named.par_iter().with_min_len(256).map(|node| of(*node, &self.digests));
        let mut data: Vec<DataChecksum> = named.collect();
        let unnamed = |rest: &NodeDigests| -> Vec<DataChecksum> {
            left.iter().map(|node| DataChecksum { span: None, ..of(*node, rest) }).collect()
        };
        let mut found = unnamed(&rest);
        if rest.were_too_many() {
            found = unnamed(&rest.for_little());
        }
        data.append(&mut found);
        data
    }
}

/// The digest of a data object, in `digests`.
fn of(node: NodeRef, digests: &NodeDigests) -> DataChecksum {
    let (mut digest, references) = digests.of_unit([node].into_iter());
    DataChecksum {
        section: node.section,
        start: node.start,
        span: node.span,
        digest: digest.pop().unwrap_or_else(refine::unread),
        references,
    }
}

/// The digests of `start` and of all that they lead to.
pub(super) fn digests(
    cx: &Context<'_, '_>,
    boundaries: &Boundaries,
    start: Vec<NodeRef>,
) -> NodeDigests {
    let is_variable = |node: &NodeRef| cx.elf.section(node.section).is_writable();
    let graph =
        Graph::from(start, is_variable, |streams, node| write(cx, boundaries, streams, node));
    NodeDigests::of(graph, WalkBudget::of(cx.elf))
}

fn write(
    cx: &Context<'_, '_>,
    boundaries: &Boundaries,
    streams: &mut Streams,
    node: NodeRef,
) -> NodeContent {
    let end = boundaries.end(cx, node);
    let mut unit = UnitWriter::new(cx, streams);
    let own = data::write(&mut unit, cx, node, end).map_err(String::from);
    let own = own.map(|()| Digest::of(streams.buffer(ContentKind::Constant)));
    NodeContent {
        own,
        edges: streams.edges.drain(..).map(|edge| edge.node).collect(),
        references: streams.references.items().to_vec(),
    }
}

/// Allocated data that no rule leaves out.
fn holds_data(section: &Section<'_>) -> bool {
    section.is_allocated()
        && !section.is_code()
        && matches!(
            section.class,
            SectionClass::Bytes
                | SectionClass::Zeroed
                | SectionClass::Note
                | SectionClass::Unknown(_)
        )
        && rules::for_section(section.name).is_none()
}

/// Whether functions stand in a section that is neither code nor data, which only then has spans.
fn holds_functions(cx: &Context<'_, '_>, section: &Section<'_>, id: SectionId) -> bool {
    !section.is_code()
        && !holds_data(section)
        && !cx.layout.of_section(id).is_empty()
        && rules::for_section(section.name).is_none()
}

/// Those with data that no reader attributes to code: a table that could not be read is data, too.
fn data_sections<'a>(cx: &'a Context<'_, '_>) -> impl Iterator<Item = SectionId> + 'a {
    cx.elf
        .sections
        .with_ids()
        .filter(|(section, index)| holds_data(section) || holds_functions(cx, section, *index))
        .filter(|(_, index)| !cx.sites.holds(*index))
        .map(|(_, index)| index)
}

/// The spans that have a name which holds in another build.
pub(super) fn named_data(cx: &Context<'_, '_>) -> Vec<NodeRef> {
    let is_named = |id: SpanId| {
        let symbol = cx.layout.span(id).symbol.map(|symbol| cx.elf.symbol(symbol));
        symbol.is_some_and(|symbol| symbol.stability != Stability::Unstable)
    };
    spans(cx).filter(|node| node.span.is_some_and(is_named)).collect()
}

/// All spans of data sections.
fn spans<'a>(cx: &'a Context<'_, '_>) -> impl Iterator<Item = NodeRef> + 'a {
    data_sections(cx).flat_map(|section| {
        let spans = cx.layout.with_ids_of_section(section);
        spans.map(move |(span, id)| NodeRef::object(section, span.start, id))
    })
}

/// Data that is neither named nor reached: spans with unstable names and the room between spans, where it holds
/// anything.
fn unreached(
    cx: &Context<'_, '_>,
    digests: &NodeDigests,
    boundaries: &Boundaries,
    reached: &[(SectionId, u64, u64)],
) -> Vec<NodeRef> {
    let index = printk_index(cx);
    let is_bookkeeping = |node: &NodeRef| {
        let symbol = node.span.and_then(|span| Some(cx.elf.symbol(cx.layout.span(span).symbol?)));
        symbol.is_some_and(|symbol| rules::is_bookkeeping_object(symbol.name))
            && index.binary_search(&node.section.at(node.start)).is_ok()
    };
    // An entry of merged constants is reached by its place.
    let is_reached = |node: &NodeRef| {
        let from =
            reached.partition_point(|(of, start, _)| (*of, *start) < (node.section, node.start));
        digests.has(node)
            || reached
                .get(from)
                .is_some_and(|(of, start, _)| (*of, *start) == (node.section, node.start))
    };
    let mut left: Vec<NodeRef> =
        spans(cx).filter(|node| !is_reached(node) && !is_bookkeeping(node)).collect();
    for section in data_sections(cx) {
        // A merged string or constant is its users', unless the linker gathers them.
        let is_read = |it: &&Section<'_>| !it.is_merged() || meaning::is_linker_table(it);
        let Some(header) = Some(cx.elf.section(section)).filter(is_read) else { continue };
        let from = reached.partition_point(|(of, ..)| *of < section);
        let own = reached.starting(from).iter();
        let own = own.take_while(|(of, ..)| *of == section);
        let own = own.map(|(_, start, end)| (*start, *end));
        let spans = cx.layout.of_section(section).iter().map(|span| (span.start, span.end));
        let mut covered: Vec<(u64, u64)> = own.chain(spans).collect();
        covered.sort_unstable();
        let mut covered = covered.into_iter().peekable();
        let mut at = 0;
        while at < header.size {
            while let Some((_, end)) = covered.next_if(|(start, _)| *start <= at) {
                at = at.max(end);
            }
            let node = NodeRef { extent: DataExtent::Rest, ..NodeRef::unnamed(section, at) };
            let end = boundaries.end(cx, node);
            // What ends does so behind its start.
            if at >= end {
                break;
            }
            left.extend(content_start(header, at, end).map(|start| NodeRef { start, ..node }));
            at = end;
        }
    }
    left.sort_unstable();
    left
}

/// Where the content starts of what nothing refers to, from `start` to `end`: behind the zeros that align it, if there
/// is any.
fn content_start(section: &Section<'_>, start: u64, end: u64) -> Option<u64> {
    let bytes = section.in_file(start, end);
    let zeros = bytes.iter().position(|byte| *byte != 0).and_then(|at| u64::try_from(at).ok());
    let first = zeros.and_then(|zeros| start.checked_add(zeros));
    let relocated = section.relocs.within(start, end).next().map(|reloc| reloc.offset);
    let first = first.into_iter().chain(relocated).min();
    // A table of zeros, and numbers that are filled in later.
    let is_table = meaning::is_linker_table(section) && start == 0 && end == section.size;
    let is_content = is_table || section.name == b".BTF_ids";
    let first = first.or(Some(start).filter(|_| is_content && start < end))?;
    let aligned = start.checked_next_multiple_of(section.align.max(1)).unwrap_or(start);
    Some(aligned.min(first))
}

/// The data that the printk index lists: section and offset, sorted.
fn printk_index(cx: &Context<'_, '_>) -> Vec<Place> {
    let tables = cx.elf.sections.iter().filter(|section| section.name == b".printk_index");
    let places =
        tables.flat_map(|table| table.relocs.iter()).filter_map(|reloc| cx.elf.place_of(&reloc));
    let own = cx.elf.sections.with_ids().filter(|(section, _)| section.name == b".printk_index");
    let own = own.flat_map(|(_, index)| {
        cx.layout.of_section(index).iter().map(move |span| index.at(span.start))
    });
    let mut listed: Vec<Place> = places.chain(own).collect();
    listed.sort_unstable();
    listed
}
