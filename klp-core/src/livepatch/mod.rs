//! Makes the contents of a livepatch module: changed functions and what they need, cut out of patched
//! objects and tied to the running kernel.
//!
//! [`create`] reads each touched object three times: as the original build linked it, and compiled
//! with `-ffunction-sections -fdata-sections` before and after the patch, as the compiler wrote it (no
//! objtool yet). It gives objects to link with init code into a module. [`finish`] then makes of the
//! linked module what the kernel's livepatch expects.

mod absent;
mod alternative;
mod boot;
mod callbacks;
mod callers;
mod certain;
mod constants;
mod copied;
mod copy;
mod distances;
mod exchanged;
mod existing;
mod extract;
mod fentry;
mod finish;
mod freed_texts;
mod gathered;
mod globals;
mod identity;
mod init;
mod input;
mod late;
mod links;
mod message_classes;
mod modprobe;
mod moved;
mod namesakes;
mod outlives;
mod part;
mod per_cpu;
mod pieces;
mod placement;
mod position;
mod recompiled;
mod refusals;
mod registry;
mod renamed;
mod resolve;
mod results;
mod side;
mod sites;
mod source;
mod static_key;
mod stays;
mod strays;
mod tabled;
mod taken;
mod target;
mod threads;
mod twins;
mod types;
mod unread;
mod verdict;
mod why;

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::{Definition, ElfError};
use crate::kernel::{LinkedKernel, module_name};
use crate::manifest::FunctionId;
use crate::obstacle::Obstacle;
use crate::record::{Note, Refused};

use copy::Link;
use extract::{Extraction, ExtractionRoot};
use links::LinkNames;
use part::{Linking, SharedPieces};
use pieces::Piece;
use source::{CorrelatedObject, CorrelatedObjects, Fate, TouchedId};
use target::LinkTarget;

pub use callbacks::CallbackKind;
pub use constants::NamedConstant;
pub use existing::data as data_verdict;
pub use finish::{FinishError, finish};
pub use input::{LinkMembers, TouchedObject, TypedVersions};
pub use part::{ModulePart, functions_symbol};
pub use position::PositionError;
pub use target::KlpSymbol;
pub use verdict::exports as exports_verdict;

/// Why there is no livepatch, beside what is refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LivepatchError {
    /// An object cannot be read.
    #[error("cannot use {object}")]
    Object {
        /// Its path in the build.
        object: String,
        /// What is wrong with it.
        source: ElfError,
    },
    /// An object cannot be written.
    #[error("cannot write the livepatch's part of {object}: {why}")]
    Write {
        /// Its path in the build.
        object: String,
        /// What is wrong with it.
        why: String,
    },
}

/// A new function in the table of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TableEntry {
    /// Which of [`UnlinkedLivepatch::parts`].
    pub part: usize,
    /// Which of the table.
    pub entry: usize,
}

/// A function that the livepatch replaces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Its symbol in the kernel.
    pub name: String,
    /// Its position among those of its name; 0 for the only one.
    pub position: u64,
    /// The new function.
    pub function: TableEntry,
}

/// What the livepatch does to the kernel or to one module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatchedObject {
    /// Functions in the order of objects and places.
    pub functions: Vec<Replaced>,
    /// Callbacks: kind and function.
    pub callbacks: Vec<(CallbackKind, TableEntry)>,
}

impl PatchedObject {
    fn is_empty(&self) -> bool {
        self.functions.is_empty() && self.callbacks.is_empty()
    }
}

/// The code of a note about a risk that whoever makes the module takes.
pub const FORCED: &str = "forced";

/// A livepatch before it is linked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnlinkedLivepatch {
    /// The objects to link.
    pub parts: Vec<ModulePart>,
    /// By `vmlinux` or the module's name.
    pub objects: BTreeMap<String, PatchedObject>,
    /// The undefined symbols of `parts` that livepatch resolves.
    pub symbols: BTreeMap<String, KlpSymbol>,
    /// Changed constants that it brings with it.
    pub constants: BTreeSet<NamedConstant>,
    /// Objects in which no other constants without names differ than some that nothing refers to.
    pub unread: BTreeSet<String>,
    /// Functions of it that keep its module in memory for good; empty if it can be unloaded.
    pub stays: BTreeSet<String>,
    /// Why it must not be used; empty if it can.
    pub refused: Vec<Refused>,
    /// What the person should know.
    pub notes: Vec<Note>,
}

/// Names of functions by object.
pub type NamesByObject = BTreeMap<String, Vec<String>>;

/// What the builds as they are, and the user's rules, say about functions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedNames {
    /// These changed.
    pub changed: NamesByObject,
    /// These changed, and the running kernel keeps its own.
    pub ignored: NamesByObject,
}

/// How a livepatch is to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LivepatchOptions {
    /// What is only risky is a note.
    pub force: bool,
    /// It takes the place of all livepatches before it. Others that do not can come on top of it.
    pub replace: bool,
}

/// Makes a livepatch of `inputs`.
pub fn create(
    kernel: &LinkedKernel,
    inputs: &[TouchedObject<'_>],
    named: &ChangedNames,
    options: LivepatchOptions,
) -> Result<UnlinkedLivepatch, LivepatchError> {
    let mut sources = CorrelatedObjects::default();
    for input in inputs {
        let source = CorrelatedObject::of(input, named)
            .map_err(|source| LivepatchError::Object { object: input.object.to_owned(), source })?;
        sources.push(source);
    }
    let mut verdict = verdict::Verdict::new(options.force);
    identity::find(kernel, &mut sources);
    let moves = moved::find(kernel, &mut sources);
    let mut constants = constants::find(&mut sources, &mut verdict);
    callers::find(&mut sources, &mut verdict);
    constants.extend(constants::labels(&mut sources, &mut verdict));
    for source in &sources {
        let changed = named.changed.get(source.object).map(Vec::as_slice).unwrap_or_default();
        verdict.sections(source, changed);
        verdict.exports(kernel, source);
        for why in recompiled::other(source) {
            verdict.refused.add(Obstacle::Recompiled, source.object, source.object, why);
        }
        verdict.tell(boot::notes(source));
        verdict.tell(gathered::notes(source));
        verdict.tell(modprobe::notes(source));
        verdict.tell(threads::notes(source));
    }
    verdict.types(&sources);
    let mut replaced = extract::changed(&sources);
    replaced.retain(|it| verdict.function(kernel, &sources[it.object], it.function));
    let mut callbacks = BTreeMap::new();
    for (source, object) in sources.with_ids() {
        match callbacks::of(source) {
            Ok(found) if found.is_empty() => {}
            Ok(found) => {
                callbacks.insert(object, found);
            }
            Err(why) => verdict.refused.add(Obstacle::Callback, source.object, source.object, why),
        }
    }
    let called = callbacks.iter().flat_map(|(object, found)| {
        found.iter().map(|(_, function)| ExtractionRoot { object: *object, function: *function })
    });
    let roots: Vec<ExtractionRoot> = replaced.iter().copied().chain(called).collect();
    let extraction = extract::extract(kernel, &sources, &roots, !options.replace);
    let places = taken::places(&sources, &extraction);
    copied::judge(&sources, &extraction, &places, &mut verdict);
    verdict.renamed(&sources, &moves, &places, &extraction);
    for (source, object) in sources.with_ids() {
        verdict.missing(source, boot::missing(object, source, &extraction));
    }
    verdict.texts(&sources, freed_texts::find(&sources, &extraction));
    let outlives = outlives::notes(kernel, &sources, &extraction);
    let stays = stays::notes(kernel, &sources, &extraction, &outlives);
    let mut livepatch =
        assemble(kernel, &sources, &extraction, &replaced, &callbacks, &mut verdict)?;
    livepatch.constants = constants;
    livepatch.unread = unread::objects(&sources);
    livepatch.stays = stays.iter().map(|note| note.name.clone()).collect();
    verdict.tell(exchanged::notes(&sources));
    verdict.tell(twins::notes(&sources));
    verdict.tell(message_classes::notes(&sources));
    verdict.tell(outlives);
    verdict.tell(stays);
    verdict.finish(&mut livepatch, extraction);
    Ok(livepatch)
}

fn assemble(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    replaced: &[ExtractionRoot],
    callbacks: &BTreeMap<TouchedId, Vec<(CallbackKind, FunctionId)>>,
    verdict: &mut verdict::Verdict,
) -> Result<UnlinkedLivepatch, LivepatchError> {
    let mut livepatch = UnlinkedLivepatch::default();
    let shared = shared_pieces(sources, extraction, verdict);
    let defined: BTreeSet<String> = shared.values().map(|(name, _)| name.clone()).collect();
    let links = LinkNames::of(targets(extraction), &defined);
    for (source, object) in sources.with_ids() {
        if !extraction.copied.keys().any(|piece| piece.object == object) {
            continue;
        }
        let number = livepatch.parts.len();
        let own = replaced.iter().filter(|it| it.object == object);
        let mut table: Vec<(Piece, u64)> = Vec::new();
        let patched = livepatch.objects.entry(module_name(source.linked)).or_default();
        for root in own {
            match replaced_symbol(kernel, source, root.function) {
                Ok((name, position)) => {
                    let function = TableEntry { part: number, entry: table.len() };
                    patched.functions.push(Replaced { name, position, function });
                    table.push(extract::body_piece(source, *root));
                }
                Err((name, why)) => {
                    verdict.refused.add(Obstacle::Symbol, source.object, &name, why);
                }
            }
        }
        let called = table.len();
        for (kind, function) in callbacks.get(&object).into_iter().flatten() {
            if patched.callbacks.iter().any(|(other, _)| other == kind) {
                let why = format!("a second {} callback of {}", kind.field(), source.linked);
                verdict.refused.add(Obstacle::Callback, source.object, source.object, why);
            }
            patched.callbacks.push((*kind, TableEntry { part: number, entry: table.len() }));
            table.push(extract::body_piece(source, ExtractionRoot { object, function: *function }));
        }
        let linking = Linking { extraction, links: &links, shared: &shared };
        let part = linking
            .part(source, object, number, &table, called)
            .map_err(|why| LivepatchError::Write { object: source.object.to_owned(), why })?;
        livepatch.parts.push(part);
    }
    livepatch.symbols = links.into_symbols();
    // Livepatch resolves symbols for the objects that it is told of only; it always does so for vmlinux.
    livepatch.objects.retain(|_, object| !object.is_empty());
    let users = livepatch.symbols.values().map(|symbol| symbol.user.clone());
    for user in users.filter(|user| user != "vmlinux") {
        livepatch.objects.entry(user).or_default();
    }
    Ok(livepatch)
}

/// Everything of the kernel that the copied pieces refer to.
fn targets(extraction: &Extraction) -> BTreeSet<LinkTarget> {
    let relocs = extraction.copied.values().flat_map(|copied| &copied.relocs);
    let targets = relocs.filter_map(|reloc| match &reloc.link {
        Link::Kernel(target) => Some(target.clone()),
        _ => None,
    });
    targets.chain(extraction.keys.iter().map(|(_, key)| key.clone())).collect()
}

/// The pieces that another part refers to, each by a global symbol in it.
fn shared_pieces(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    verdict: &mut verdict::Verdict,
) -> SharedPieces {
    let mut shared = SharedPieces::new();
    for (from, copied) in &extraction.copied {
        let foreign = copied.relocs.iter().filter_map(|reloc| match reloc.link {
            Link::Piece(piece) if piece.object != from.object => Some(piece),
            _ => None,
        });
        for piece in foreign {
            let source = &sources[piece.object];
            let symbol = source.patched.analysis.elf.symbols.iter().find(|symbol| {
                !symbol.local
                    && symbol.place == Definition::Section(piece.section)
                    && (piece.start..piece.end).contains(&symbol.value)
            });
            if let Some(symbol) = symbol {
                let offset = symbol.value.saturating_sub(piece.start);
                shared.insert(piece, (symbol.name_lossy().into_owned(), offset));
            } else {
                let why = "another object refers to something of it that has no name";
                verdict.refused.add(Obstacle::Reference, source.object, source.object, why);
            }
        }
    }
    shared
}

/// Name and position of the original of the patched `function`.
fn replaced_symbol(
    kernel: &LinkedKernel,
    source: &CorrelatedObject<'_>,
    number: FunctionId,
) -> Result<(String, u64), (String, String)> {
    let name = source.name_of(number);
    let failed = |why: &str| (name.clone(), why.to_owned());
    let original = match source.fates[number] {
        Some(Fate::Changed(original)) => original,
        Some(Fate::Moved) => {
            let symbols = kernel.symbols_of(source.linked);
            let mut own = source.patched.symbols_of(number).filter(|(_, symbol)| !symbol.local);
            let (_, symbol) = own.next().ok_or_else(|| failed("it has no name"))?;
            return match symbols.and_then(|symbols| symbols.lasting_global(symbol.name)) {
                Some(Ok(position)) => Ok((symbol.name_lossy().into_owned(), position)),
                Some(Err(why)) => Err((name, why.to_string())),
                None => Err(failed("the kernel does not have it")),
            };
        }
        _ => return Err(failed("it has no original")),
    };
    let running = source.running().ok_or_else(|| failed("it has no original"))?;
    let function = source
        .running_function(original)
        .map(|id| &running.analysis.layout.functions[id])
        .ok_or_else(|| failed("its original is not in the object that was linked"))?;
    let elf = &running.analysis.elf;
    let mut named = function.symbols.iter().map(|id| (*id, elf.symbol(*id)));
    let living = named.find(|(_, symbol)| !source.is_dead(symbol));
    let (id, symbol) = living.ok_or_else(|| failed("its original has no name"))?;
    match kernel.position(source, id) {
        Ok(position) => Ok((symbol.name_lossy().into_owned(), position)),
        Err(why) => Err((name, why.to_string())),
    }
}
