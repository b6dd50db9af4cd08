//! Digests of the functions and data objects of one object file.
//!
//! docs/digest.md defines the digest exactly enough for a second implementation.

mod boundaries;
mod closure;
mod constant;
mod constants;
mod context;
mod count;
mod counted;
mod data;
mod described;
mod difference;
mod digest;
mod empties;
mod entered;
mod entries;
mod entry;
mod fields;
mod finish;
mod flow;
mod graph;
mod handed;
mod inside;
mod instruction;
mod kind;
mod lock_class;
mod long_strings;
mod memory;
mod nodes;
mod numbered;
mod origin;
mod part;
mod ranks;
mod refine;
mod refused;
mod said;
mod scc;
mod seen;
mod site;
mod stream;
mod target;
mod unit;
mod walk_budget;
mod walked;

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use rayon::prelude::*;

use crate::elf::{ElfObject, Place, SectionId};
use crate::ids::List;
use crate::layout::{Function, FunctionId, Layout, SpanId, label_tables};
use crate::lists::Lists;
use crate::tables::Sites;

use closure::{Closure, Roots};
pub(crate) use constant::Constant;
pub(crate) use context::{Context, ReferenceMeaning};
pub(crate) use counted::CountedFunctions;
pub(crate) use empties::EmptyObjects;
pub(crate) use entered::EnteredPlaces;
pub(crate) use fields::distance;
use finish::finish;
pub(crate) use handed::TakenPlaces;
use long_strings::LongStrings;
pub(crate) use memory::Memory;
pub use memory::{Referent, ReferentId};
use nodes::NodeDigests;
use origin::{FilesByPlace, SymbolFiles};
pub(crate) use stream::NodeRef;
use stream::Streams;
use walked::Walked;

pub use boundaries::Boundaries;
pub(crate) use data::zeroed;
pub use difference::{Cause, differences};
pub use digest::{Digest, ShortDigest};
pub use kind::ContentKind;
pub(crate) use site::EntrySite;
pub use unit::Refusal;
pub(crate) use unit::UnitWriter;

/// An object with its layout and special sections: everything that a digest is made from.
#[derive(Debug)]
pub struct Analysis<'data> {
    /// The object.
    pub elf: ElfObject<'data>,
    /// Its functions and data objects.
    pub layout: Layout,
    pub(crate) sites: Sites,
    origins: FilesByPlace,
    pub(crate) memory: Memory,
    pub(crate) entered: EnteredPlaces,
    pub(crate) handed: TakenPlaces,
    pub(crate) empties: EmptyObjects,
    long_strings: LongStrings,
    counted: CountedFunctions,
    /// All data that functions and named data reach, where it is known already.
    closure: OnceLock<Closure>,
    /// Where its unnamed data starts, where that is known already.
    boundaries: OnceLock<Boundaries>,
    /// How often the digest of unnamed data was asked for.
    asked: AtomicUsize,
}

/// The digests of functions: a column for each field, since there are many and most have little in each.
#[derive(Debug, Default)]
pub struct FunctionChecksums {
    /// Over everything, or why there is none.
    pub digests: List<FunctionId, Result<Digest, String>>,
    /// Over the content of each kind that the function has, in the order of kinds.
    pub kinds: Lists<(ContentKind, ShortDigest)>,
    /// Symbols that the function refers to by name, and unnamed variables that have a symbol, in the
    /// order of their first use.
    pub references: Lists<ReferentId>,
    /// Symbols that the unnamed data behind it refers to.
    pub behind: Lists<ReferentId>,
}

/// The digest of one named data object, or of one that nothing refers to by name or code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataChecksum {
    /// Its section.
    pub section: SectionId,
    /// Where it starts in the section.
    pub start: u64,
    /// Its span; none for what nothing refers to by name or code.
    pub span: Option<SpanId>,
    /// The digest, or why there is none.
    pub digest: Result<Digest, String>,
    /// Symbols that are named in it and in the unnamed data behind it.
    pub references: Vec<ReferentId>,
}

/// All digests of one object.
#[derive(Debug)]
pub struct ObjectDigests {
    /// Of the functions of the layout.
    pub functions: FunctionChecksums,
    /// Named data objects by place, then what else holds data, by place.
    pub data: Vec<DataChecksum>,
    /// Where its unnamed data starts.
    pub boundaries: Boundaries,
}

/// An object that was digested, and what tells where a function of it differs from another version.
#[derive(Debug)]
pub struct DigestedObject<'data> {
    data: &'data [u8],
    /// Made when it is needed.
    analysis: OnceLock<Analysis<'data>>,
    boundaries: Boundaries,
}

impl<'data> DigestedObject<'data> {
    /// The object `data`, whose unnamed data starts at these `boundaries`: those of the same bytes.
    #[must_use]
    pub fn known(data: &'data [u8], boundaries: Boundaries) -> Self {
        Self { data, analysis: OnceLock::new(), boundaries }
    }

    /// Digests `data`.
    pub(crate) fn of(data: &'data [u8]) -> Result<Self, crate::elf::ElfError> {
        let analysis = Analysis::of(data)?;
        let ObjectDigests { boundaries, .. } = analysis.checksums();
        Ok(Self::known(data, boundaries).with(analysis))
    }

    /// Where its unnamed data starts.
    #[must_use]
    pub fn boundaries(&self) -> &Boundaries {
        &self.boundaries
    }

    /// Keeps what it was made from.
    pub(crate) fn with(self, analysis: Analysis<'data>) -> Self {
        let analysis = analysis.with_boundaries(self.boundaries.clone());
        Self { analysis: OnceLock::from(analysis), ..self }
    }

    /// All bytes of the object.
    pub(crate) fn bytes(&self) -> &'data [u8] {
        self.data
    }

    /// The object as it is understood, read when it is first asked for.
    pub(crate) fn analysis(&self) -> Result<&Analysis<'data>, crate::elf::ElfError> {
        if let Some(analysis) = self.analysis.get() {
            return Ok(analysis);
        }
        let made = Analysis::of(self.data)?.with_boundaries(self.boundaries.clone());
        Ok(self.analysis.get_or_init(|| made))
    }
}

/// So many digests of unnamed data are made alone.
const ASKED_ALONE: usize = 64;

/// How many functions are walked together.
const TOGETHER: usize = 64;

impl<'data> Analysis<'data> {
    /// Parses `data` and finds its functions, data objects and special entries.
    pub fn of(data: &'data [u8]) -> Result<Self, crate::elf::ElfError> {
        let mut elf = ElfObject::parse(data)?;
        label_tables::forget_names(&mut elf);
        let tables = || rayon::join(|| Sites::of(&elf), || FilesByPlace::of(&elf));
        let (layout, (sites, origins)) = rayon::join(|| Layout::of(&elf), tables);
        let memory = Memory::of(&elf);
        let (entered, handed) = (EnteredPlaces::default(), TakenPlaces::default());
        let (empties, long_strings) = (EmptyObjects::default(), LongStrings::default());
        let (closure, boundaries) = (OnceLock::new(), OnceLock::new());
        Ok(Self {
            elf,
            layout,
            sites,
            origins,
            memory,
            entered,
            handed,
            empties,
            long_strings,
            counted: CountedFunctions::default(),
            closure,
            boundaries,
            asked: AtomicUsize::new(0),
        })
    }

    /// The same, where unnamed data starts at these `boundaries`: those of the same bytes. All functions need not be
    /// walked to find them.
    #[must_use]
    pub fn with_boundaries(self, boundaries: Boundaries) -> Self {
        Self { boundaries: OnceLock::from(boundaries), ..self }
    }

    /// Section and offset of each function, in the order of [`ObjectDigests::functions`].
    pub(crate) fn function_places(&self) -> impl Iterator<Item = Place> + '_ {
        let bodies = self.layout.functions.iter().map(|it| self.layout.span(it.body));
        bodies.map(|span| span.section.at(span.start))
    }

    /// Section and offset of each data object with a name, in the order of [`ObjectDigests::data`]: the first ones there.
    pub(crate) fn data_places(&self) -> impl Iterator<Item = Place> {
        closure::named_data(&self.context()).into_iter().map(|node| node.section.at(node.start))
    }

    /// Digests every function and data object, on the current rayon pool.
    #[must_use]
    pub fn checksums(&self) -> ObjectDigests {
        self.checksums_and_rests(|| ())
    }

    /// The same; `rest` is called where most of what was read of the file is not needed any more.
    pub(crate) fn checksums_and_rests(&self, rest: impl Fn() + Sync) -> ObjectDigests {
        let (functions, data, closure) = self.digest(rest);
        ObjectDigests { functions, data, boundaries: closure.into_boundaries() }
    }

    /// The same as [`Self::checksums`], for an object that will be asked: what its functions reach is kept.
    pub(crate) fn checksums_and_closure(&self) -> ObjectDigests {
        let (functions, data, closure) = self.digest(|| ());
        let boundaries = self.closure.get_or_init(|| closure).boundaries().clone();
        ObjectDigests { functions, data, boundaries }
    }

    fn digest(&self, rest: impl Fn() + Sync) -> (FunctionChecksums, Vec<DataChecksum>, Closure) {
        let cx = self.context();
        let walked: Vec<Walked> = self
            .layout
            .functions
            .as_slice()
            .par_chunks(TOGETHER)
            .map_init(Streams::default, |streams, functions| self.walk(&cx, streams, functions))
            .collect();
        rest();
        let closure = Closure::of(&cx, self.roots(&cx, &walked));
        let (functions, data) = finish(&cx, &walked, &closure, &rest);
        if !closure.digests().were_too_many() {
            return (functions, data, closure);
        }
        let closure = closure.for_little();
        let (functions, data) = finish(&cx, &walked, &closure, &rest);
        (functions, data, closure)
    }

    /// All data that functions and named data reach.
    fn closure(&self) -> &Closure {
        self.closure.get_or_init(|| {
            let cx = self.context();
            let chunks = self.layout.functions.as_slice().par_chunks(TOGETHER);
            let walked = chunks.map_init(Streams::default, |streams, functions| {
                self.walk(&cx, streams, functions)
            });
            let walked: Vec<Walked> = walked.collect();
            Closure::of(&cx, self.roots(&cx, &walked))
        })
    }

    /// Where unnamed data ends.
    pub(crate) fn end_of(&self, node: NodeRef) -> u64 {
        let boundaries = self.boundaries.get().unwrap_or_else(|| self.closure().boundaries());
        boundaries.end(&self.context(), node)
    }

    /// The digest of unnamed data for who refers to nothing else; none of what cannot be digested. Who asks for much of it
    /// gets all that the object has digested at once.
    pub(crate) fn unnamed(&self, node: NodeRef) -> Option<Digest> {
        let of_one = |nodes: &NodeDigests| nodes.digests_of_unit(std::iter::once(node)).pop()?.ok();
        if self.asked.fetch_add(1, Ordering::Relaxed) >= ASKED_ALONE {
            let all = self.closure().digests();
            if all.has(&node) {
                return of_one(all);
            }
        }
        let cx = self.context();
        let boundaries = self.boundaries.get().unwrap_or_else(|| self.closure().boundaries());
        of_one(&closure::digests(&cx, boundaries, vec![node]))
    }

    /// Which source files the place can come from.
    pub(crate) fn origin(&self, section: SectionId, offset: u64) -> SymbolFiles {
        self.origins.at(section, offset)
    }

    /// The unnamed data that functions refer to.
    fn roots(&self, cx: &Context<'_, '_>, walked: &[Walked]) -> Roots {
        let batches = walked.par_iter().zip(self.layout.functions.as_slice().par_chunks(TOGETHER));
        let of_batch = |(walked, functions): (&Walked, &[Function])| {
            let mut roots = Roots { read: walked.read.clone(), ..Roots::default() };
            for edge in walked.edges() {
                roots.nodes.push(edge.node);
                if edge.starts {
                    roots.starts.push(edge.node);
                }
            }
            for (outcome, function) in walked.outcomes.iter().zip(functions) {
                if outcome.is_err() {
                    let nodes = refused::nodes(cx, function);
                    roots.starts.extend(&nodes);
                    roots.nodes.extend(nodes);
                }
            }
            roots.sort();
            roots
        };
        let mut roots = batches.map(of_batch).reduce(Roots::default, Roots::and);
        roots.sort();
        roots
    }

    pub(crate) fn context(&self) -> Context<'_, 'data> {
        let Self { elf, layout, sites, origins, memory, .. } = self;
        let Self { entered, handed, empties, long_strings, counted, .. } = self;
        Context {
            elf,
            layout,
            sites,
            origins,
            memory,
            entered,
            handed,
            empties,
            long_strings,
            counted,
        }
    }

    fn walk(
        &self,
        cx: &Context<'_, 'data>,
        streams: &mut Streams,
        functions: &[Function],
    ) -> Walked {
        let mut walked = Walked::default();
        for function in functions {
            let outcome = match self.sites.problems.first() {
                Some(problem) => Err(problem.clone()),
                None => UnitWriter::new(cx, streams).function(function).map_err(String::from),
            };
            walked.add(outcome, streams);
        }
        walked
    }
}
