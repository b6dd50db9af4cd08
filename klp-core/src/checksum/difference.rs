//! Where two versions of a function first differ, for each kind of content.

use std::borrow::Cow;

use rayon::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::{List, Pair};
use crate::layout::{Function, FunctionId};
use crate::slices::SliceParts as _;

use super::context::Context;
use super::nodes::NodeDigests;
use super::stream::{NodeRef, Streams, TrailItem};
use super::{ContentKind, Digest, DigestedObject, UnitWriter, closure};

/// One kind of difference between two versions of a function.
///
/// In JSON it also has a `rule`: what [`crate::rules`] leaves out of this kind, where that is something.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Cause {
    /// What differs.
    pub kind: ContentKind,
    /// Where it first differs, as an offset in the patched function (or its part), where it is known.
    #[serde(deserialize_with = "hex_offset", default)]
    pub offset: Option<u64>,
    /// What differs, for people, where it has been said.
    #[serde(default)]
    pub why: Option<String>,
}

impl Cause {
    /// That kind differs, nobody knows where.
    #[must_use]
    pub fn of(kind: ContentKind) -> Self {
        Self { kind, offset: None, why: None }
    }
}

/// [`Cause`], as it is written.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Cause")]
struct CauseRecord<'a> {
    /// What differs.
    kind: ContentKind,
    /// Where it first differs, as a hexadecimal offset in the patched function (or its part), where it is known.
    offset: Option<String>,
    /// What is left out of this kind, where that is something.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<&'static str>,
    /// What differs, for people, where it has been said.
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<&'a str>,
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let offset = self.offset.map(|offset| format!("{offset:#x}"));
        let (rule, why) = (self.kind.rule(), self.why.as_deref());
        CauseRecord { kind: self.kind, offset, rule, why }.serialize(serializer)
    }
}

impl JsonSchema for Cause {
    fn schema_name() -> Cow<'static, str> {
        CauseRecord::schema_name()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        CauseRecord::json_schema(generator)
    }
}

fn hex_offset<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
    let digits = text.strip_prefix("0x").unwrap_or(&text);
    u64::from_str_radix(digits, 16).map(Some).map_err(serde::de::Error::custom)
}

/// The kinds in which functions of two objects differ, for each pair of them. Empty if one of them is no object, and
/// of a pair that an object of now does not have.
#[must_use]
pub fn differences(
    original: &DigestedObject<'_>,
    patched: &DigestedObject<'_>,
    pairs: &[Pair<FunctionId>],
) -> Vec<Vec<Cause>> {
    let (originals, patcheds): (Vec<_>, Vec<_>) =
        pairs.iter().map(|pair| (pair.original, pair.patched)).unzip();
    let (before, after) = rayon::join(
        || UnnamedDigests::of(original, &originals),
        || UnnamedDigests::of(patched, &patcheds),
    );
    let Some((before, after)) = before.zip(after) else { return Vec::new() };
    let of_pair = |pair: &Pair<FunctionId>| {
        let traces = before.trace(pair.original).zip(after.trace(pair.patched));
        traces.map_or_else(Vec::new, |(original, patched)| causes(&original, &patched))
    };
    pairs.par_iter().map(of_pair).collect()
}

fn causes(original: &Trace, patched: &Trace) -> Vec<Cause> {
    let found = |numbers: bool| -> Vec<Cause> {
        ContentKind::ALL
            .into_iter()
            .filter_map(|kind| first(kind, numbers, original, patched))
            .collect()
    };
    // One more instruction renumbers all that follow; that alone is no cause where there is another.
    let causes = found(false);
    if causes.is_empty() { found(true) } else { causes }
}

/// An object, and the digests of the unnamed data behind some of its functions.
struct UnnamedDigests<'a> {
    cx: Context<'a, 'a>,
    functions: &'a List<FunctionId, Function>,
    nodes: NodeDigests,
}

impl<'a> UnnamedDigests<'a> {
    fn of(object: &'a DigestedObject<'_>, wanted: &[FunctionId]) -> Option<Self> {
        let analysis = object.analysis().ok()?;
        let cx = analysis.context();
        let functions = &analysis.layout.functions;
        let edges = wanted.par_iter().map_init(Streams::default, |streams, id| {
            UnitWriter::new(&cx, streams).function(functions.get(*id)?).ok()?;
            Some(streams.edges.drain(..).map(|edge| edge.node).collect::<Vec<_>>())
        });
        let roots: Vec<Vec<NodeRef>> = edges.flatten().collect();
        let nodes = closure::digests(&cx, &object.boundaries, roots.concat());
        Some(Self { cx, functions, nodes })
    }

    fn trace(&self, id: FunctionId) -> Option<Trace> {
        let mut streams = Streams::recording();
        UnitWriter::new(&self.cx, &mut streams).function(self.functions.get(id)?).ok()?;
        let digests = self.nodes.digests_of_unit(streams.edges.iter().map(|edge| edge.node));
        let kinds = streams.edges.iter().map(|edge| edge.kind);
        let behind = kinds.zip(digests.into_iter().map(Result::ok)).collect();
        Some(Trace { streams, behind })
    }
}

/// A function's streams with the origin of each item.
struct Trace {
    streams: Streams,
    behind: Vec<(ContentKind, Option<Digest>)>,
}

impl Trace {
    /// The items of `kind`, with or without the numbers of instructions.
    fn items(&self, kind: ContentKind, numbers: bool) -> Vec<TraceItem> {
        let all = self.streams.trail.as_deref().unwrap_or_default();
        let own: Vec<&TrailItem> = all.iter().filter(|item| item.kind == kind).collect();
        let mut buffer = self.streams.buffer(kind).to_vec();
        if !numbers {
            for (_, start, len) in self.streams.shifting.iter().filter(|(of, ..)| *of == kind) {
                let end = start.saturating_add(*len);
                buffer.get_mut(*start..end).unwrap_or_default().fill(0);
            }
        }
        own.iter()
            .enumerate()
            .map(|(index, item)| {
                let next = own.get(index.saturating_add(1));
                let end = next.map_or(buffer.len(), |next| next.position);
                let edges = next.map_or(self.behind.len(), |next| next.edges);
                TraceItem {
                    bytes: buffer.between(item.position, end).to_vec(),
                    behind: self
                        .behind
                        .between(item.edges, edges)
                        .iter()
                        .filter(|(of, _)| *of == kind)
                        .copied()
                        .collect(),
                    offset: item.offset,
                }
            })
            .collect()
    }
}

struct TraceItem {
    bytes: Vec<u8>,
    behind: Vec<(ContentKind, Option<Digest>)>,
    offset: u64,
}

fn first(kind: ContentKind, numbers: bool, original: &Trace, patched: &Trace) -> Option<Cause> {
    let (original, patched) = (original.items(kind, numbers), patched.items(kind, numbers));
    let same = original
        .iter()
        .zip(&patched)
        .take_while(|(a, b)| a.bytes == b.bytes && a.behind == b.behind)
        .count();
    if same == original.len() && same == patched.len() {
        return None;
    }
    let offset = patched.get(same).or_else(|| patched.last()).map(|item| item.offset);
    Some(Cause { kind, offset: offset.or(Some(0)), why: None })
}
