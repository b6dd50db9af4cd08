//! The digests of functions, from what their walks gave and the data behind it.

use crate::elf::SectionId;
use crate::ids::List;
use crate::lists::Lists;
use crate::slices::SliceParts as _;

use super::nodes::NodeDigests;
use super::stream::{Streams, UnitEdge};
use super::{ContentKind, Digest, FunctionChecksums, ReferentId, ShortDigest};

/// Starts every function's digest: a new definition of the digest gets a new number.
const FUNCTION_DOMAIN: &[u8; 16] = b"klp function 10\n";

/// What the walks of some functions give, before the data behind them is known.
#[derive(Default)]
pub(super) struct Walked {
    /// Why a function has no digest.
    pub(super) outcomes: Vec<Result<(), String>>,
    kinds: Lists<(ContentKind, Digest)>,
    edges: Lists<UnitEdge>,
    references: Lists<ReferentId>,
    /// See [`Streams::read`].
    pub(super) read: Vec<(SectionId, u64, u64)>,
}

impl Walked {
    /// Adds a function whose walk is in `streams`.
    pub(super) fn add(&mut self, outcome: Result<(), String>, streams: &Streams) {
        if outcome.is_ok() {
            self.kinds.extend(streams.digests());
            self.edges.extend(streams.edges.iter().copied());
            self.references.extend(streams.references.items().iter().copied());
            self.read.extend_from_slice(&streams.read);
        }
        self.kinds.end();
        self.edges.end();
        self.references.end();
        self.outcomes.push(outcome);
    }

    /// The unnamed data that the functions refer to.
    pub(super) fn edges(&self) -> &[UnitEdge] {
        self.edges.items()
    }

    /// Adds what lies behind the edges.
    pub(super) fn finish(&self, nodes: &NodeDigests) -> FunctionChecksums {
        let count = self.outcomes.len();
        let mut all = FunctionChecksums {
            digests: List::default(),
            kinds: Lists::with_capacity(count, self.kinds.items().len()),
            references: Lists::with_capacity(count, self.references.items().len()),
            behind: Lists::with_capacity(count, 0),
        };
        let mut room = Room::default();
        for (index, outcome) in self.outcomes.iter().enumerate() {
            let (kinds, edges) = (self.kinds.get(index), self.edges.get(index));
            let digest = outcome.clone().and_then(|()| room.finish(kinds, edges, nodes));
            if digest.is_ok() {
                all.kinds.extend(room.short.iter().copied());
                all.references.extend(self.references.get(index).iter().copied());
                all.behind.extend(room.behind.iter().copied());
            }
            all.kinds.end();
            all.references.end();
            all.behind.end();
            all.digests.push(digest);
        }
        all
    }
}

/// Room for what is made of one function.
#[derive(Default)]
struct Room {
    whole: Vec<u8>,
    short: Vec<(ContentKind, ShortDigest)>,
    behind: Vec<ReferentId>,
}

impl Room {
    /// Adds what lies behind the edges to the digests of the kinds, and digests those.
    fn finish(
        &mut self,
        kinds: &[(ContentKind, Digest)],
        edges: &[UnitEdge],
        nodes: &NodeDigests,
    ) -> Result<Digest, String> {
        let Self { whole, short, behind } = self;
        let digests;
        (digests, *behind) = nodes.of_unit(edges.iter().map(|edge| edge.node));
        whole.clear();
        whole.extend_from_slice(FUNCTION_DOMAIN);
        short.clear();
        for (kind, own) in kinds {
            whole.push(*kind as u8);
            let start = whole.len();
            whole.extend_from_slice(own.as_bytes());
            for (edge, behind) in edges.iter().zip(&digests) {
                if edge.kind == *kind {
                    whole.extend_from_slice(behind.clone()?.as_bytes());
                }
            }
            let of_kind = whole.starting(start);
            let digest = if of_kind.len() == 32 { *own } else { Digest::of(of_kind) };
            whole.truncate(start);
            whole.extend_from_slice(digest.as_bytes());
            short.push((*kind, digest.into()));
        }
        Ok(Digest::of(whole))
    }
}

impl FunctionChecksums {
    /// All of `parts`, one behind the other.
    pub(super) fn concat(parts: Vec<Self>) -> Self {
        let (kinds, (references, behind)) = rayon::join(
            || Lists::concat(parts.iter().map(|part| &part.kinds)),
            || {
                let references = Lists::concat(parts.iter().map(|part| &part.references));
                (references, Lists::concat(parts.iter().map(|part| &part.behind)))
            },
        );
        let digests = parts.into_iter().flat_map(|part| part.digests).collect();
        Self { digests, kinds, references, behind }
    }
}
