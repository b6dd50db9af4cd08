//! Digests of the functions and data objects of one object file.
//!
//! DESIGN.md defines the digest exactly enough for a second implementation.

mod boundaries;
mod closure;
mod context;
mod count;
mod data;
mod difference;
mod digest;
mod entry;
mod graph;
mod instruction;
mod kind;
mod nodes;
mod origin;
mod refine;
mod refused;
mod scc;
mod site;
mod stream;
mod target;
mod unit;

use rayon::prelude::*;

use crate::elf::ElfObject;
use crate::layout::{Function, Layout};
use crate::special::Sites;

use closure::Closure;
use context::Context;
use nodes::NodeDigests;
use origin::Origins;
use stream::{NodeRef, Streams};

pub use difference::{Cause, differences};
pub use digest::{Digest, Short};
pub use kind::Kind;
pub(crate) use site::Site;
pub use unit::Refusal;
pub(crate) use unit::Unit;

/// Starts every function's digest: a new definition of the digest gets a new number.
const FUNCTION_DOMAIN: &[u8; 16] = b"klp function  3\n";

/// An object with its layout and special sections: everything that a digest is made from.
#[derive(Debug)]
pub struct Analysis<'data> {
    /// The object.
    pub elf: ElfObject<'data>,
    /// Its functions and data objects.
    pub layout: Layout,
    pub(crate) sites: Sites,
    origins: Origins,
}

/// The digest of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// Over everything.
    pub digest: Digest,
    /// Over the content of each kind that the function has, in the order of kinds.
    pub kinds: Vec<(Kind, Short)>,
    /// Symbols that the function refers to by name, and unnamed variables that have a symbol, in the
    /// order of their first use.
    pub references: Vec<u32>,
    /// Symbols that the unnamed data behind it refers to.
    pub behind: Vec<u32>,
}

/// The digest of one named data object, or of one that nothing refers to by name or code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataChecksum {
    /// The section's header index.
    pub section: u32,
    /// Index of the span; none for what nothing refers to by name or code.
    pub span: Option<u32>,
    /// The digest, or why there is none.
    pub digest: Result<Digest, String>,
    /// Symbols that are named in it and in the unnamed data behind it.
    pub references: Vec<u32>,
}

/// All digests of one object.
#[derive(Debug)]
pub struct Checksums {
    /// By index into `Layout::functions`.
    pub functions: Vec<Result<Checksum, String>>,
    /// Named data objects by place, then what else holds data, by place.
    pub data: Vec<DataChecksum>,
    nodes: NodeDigests,
}

/// An object that was digested, and what tells where a function of it differs from another version.
#[derive(Debug)]
pub struct Digested<'data> {
    analysis: Analysis<'data>,
    nodes: NodeDigests,
}

impl<'data> Digested<'data> {
    /// Digests `data` and hands out the checksums.
    pub(crate) fn of<T>(
        data: &'data [u8],
        use_of: impl FnOnce(&Analysis<'data>, Vec<Result<Checksum, String>>, Vec<DataChecksum>) -> T,
    ) -> Result<(T, Self), crate::elf::ElfError> {
        let analysis = Analysis::of(data)?;
        let Checksums { functions, data, nodes } = analysis.checksums();
        let used = use_of(&analysis, functions, data);
        Ok((used, Self { analysis, nodes }))
    }
}

/// What a function's own walk gives, before the data behind it is known.
struct Walked {
    kinds: Vec<(Kind, Digest)>,
    edges: Vec<(Kind, NodeRef)>,
    references: Vec<u32>,
}

impl<'data> Analysis<'data> {
    /// Parses `data` and finds its functions, data objects and special entries.
    pub fn of(data: &'data [u8]) -> Result<Self, crate::elf::ElfError> {
        let elf = ElfObject::parse(data)?;
        let tables = || rayon::join(|| Sites::of(&elf), || Origins::of(&elf));
        let (layout, (sites, origins)) = rayon::join(|| Layout::of(&elf), tables);
        Ok(Self { elf, layout, sites, origins })
    }

    /// Digests every function and data object, on the current rayon pool.
    #[must_use]
    pub fn checksums(&self) -> Checksums {
        let cx = self.context();
        let walked: Vec<Result<Walked, String>> = self
            .layout
            .functions
            .par_iter()
            .with_min_len(32)
            .map_init(Streams::default, |streams, function| self.walk(&cx, streams, function))
            .collect();
        let closure = Closure::of(&cx, self.roots(&cx, &walked));
        let functions = walked
            .into_par_iter()
            .with_min_len(256)
            .map(|walked| finish(walked?, closure.digests()))
            .collect();
        let (data, nodes) = closure.finish(&cx);
        Checksums { functions, data, nodes }
    }

    /// The unnamed data that functions refer to.
    fn roots(&self, cx: &Context<'_, '_>, walked: &[Result<Walked, String>]) -> Vec<NodeRef> {
        let edges = walked.iter().flatten().map(|walked| walked.edges.len());
        let mut roots = Vec::with_capacity(edges.sum());
        for (walked, function) in walked.iter().zip(&self.layout.functions) {
            match walked {
                Ok(walked) => roots.extend(walked.edges.iter().map(|(_, node)| *node)),
                Err(_) => roots.extend(refused::nodes(cx, function)),
            }
        }
        roots
    }

    fn context(&self) -> Context<'_, 'data> {
        Context { elf: &self.elf, layout: &self.layout, sites: &self.sites, origins: &self.origins }
    }

    fn walk(
        &self,
        cx: &Context<'_, 'data>,
        streams: &mut Streams,
        function: &Function,
    ) -> Result<Walked, String> {
        if let Some(problem) = self.sites.problems.first() {
            return Err(problem.clone());
        }
        let mut unit = Unit::new(cx, streams);
        unit.function(function)?;
        Ok(Walked {
            kinds: streams.digests().collect(),
            edges: streams.edges.clone(),
            references: streams.references.clone(),
        })
    }
}

/// Adds what lies behind the edges to the digests of the kinds, and digests those.
fn finish(walked: Walked, nodes: &NodeDigests) -> Result<Checksum, String> {
    let (digests, behind) = nodes.of_unit(walked.edges.iter().map(|(_, node)| *node));
    let mut whole = FUNCTION_DOMAIN.to_vec();
    let mut kinds = Vec::with_capacity(walked.kinds.len());
    for (kind, own) in walked.kinds {
        let mut bytes = Vec::new();
        for ((of, _), behind) in walked.edges.iter().zip(&digests) {
            if *of == kind {
                bytes.extend_from_slice(behind.clone()?.as_bytes());
            }
        }
        let digest = match bytes.as_slice() {
            [] => own,
            behind => Digest::of(&[own.as_bytes().as_slice(), behind].concat()),
        };
        whole.push(kind as u8);
        whole.extend_from_slice(digest.as_bytes());
        kinds.push((kind, digest.into()));
    }
    Ok(Checksum { digest: Digest::of(&whole), kinds, references: walked.references, behind })
}
