//! Pointers into the module that the kernel can keep: a timer, work, a notifier, a list, operations. They are
//! used when the livepatch is disabled and its module is unloaded.

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::Section;
use crate::kernel::{LinkedKernel, Region};
use crate::name;
use crate::record::Note;

use super::copy::Link;
use super::extract::{self, Extraction, ExtractionRoot};
use super::pieces::{self, Piece};
use super::source::{CorrelatedObject, CorrelatedObjects, Fate, TouchedId};
use super::taken::{AddressTaken, addresses};
use super::types::ObjectTypes;

/// The code of the notes about it.
pub(super) const OUTLIVES: &str = "outlives";

/// The notes about addresses that copied functions hand out.
pub(super) fn notes(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> Vec<Note> {
    let entries = added(sources);
    let linked = linked(kernel, sources, extraction);
    let mut users: BTreeMap<(Piece, Option<String>), BTreeSet<String>> = BTreeMap::new();
    for (from, copied) in &extraction.copied {
        let source = &sources[from.object];
        let is_code = section(source, *from).is_code();
        for (reloc, taken) in
            if is_code { addresses(source, *from, &copied.relocs) } else { Vec::new() }
        {
            let Link::Piece(to) = reloc.link else { continue };
            let is_kept = match taken {
                // Whoever updates the call is handed both and keeps neither. Its sites name them, in tables of their modules.
                _ if name::is_of_static_call(extract::owner_name(source, to).as_bytes()) => false,
                // Who handles a warning reads its entry and forgets it.
                _ if pieces::is_table(section(source, to).name) => false,
                _ if entries.contains_key(&(to, reloc.addend)) => true,
                AddressTaken::Stored | AddressTaken::Returned
                    if is_variable(sources, to) || is_constant(sources, to) =>
                {
                    true
                }
                AddressTaken::Held | AddressTaken::Passed if linked.contains(&to) => true,
                AddressTaken::Given if is_constant(sources, to) => {
                    calls_back(kernel, extraction, to)
                }
                _ => !functions_behind(to, extraction, &entries).is_empty(),
            };
            if is_kept && to != *from {
                let what = (to, text(sources, to, reloc.addend));
                users.entry(what).or_default().insert(extract::owner_name(source, *from));
            }
        }
    }
    let notes = users.into_iter().map(|((piece, text), users)| {
        let source = &sources[piece.object];
        let functions: Vec<String> =
            functions_behind(piece, extraction, &entries).into_iter().collect();
        let leads = match functions.as_slice() {
            [] => String::new(),
            names => format!(", which leads to {}", names.join(", ")),
        };
        let users: Vec<String> = users.into_iter().collect();
        let why = format!(
            "{} hands out its address{leads}: where the kernel keeps that (in a timer, work, a notifier, a list), it \
             is used even after the livepatch is disabled or replaced. Do not unload the module then; or undo it in a \
             pre-unpatch or post-unpatch callback, which livepatch calls when this livepatch is disabled, but not \
             when another one replaces it",
            users.join(", ")
        );
        let name = text.unwrap_or_else(|| extract::owner_name(source, piece));
        Note::new(OUTLIVES, source.object, &name, why)
    });
    notes.collect()
}

/// What stands `addend` bytes behind the start of `piece`, in quotes, where that is a text.
pub(super) fn text(sources: &CorrelatedObjects<'_>, piece: Piece, addend: i64) -> Option<String> {
    let section = section(&sources[piece.object], piece);
    let start = piece.start.checked_add_signed(addend).filter(|_| section.is_strings())?;
    let rest = section.bytes(start, section.size.checked_sub(start)?)?;
    let text = rest.split(|byte| *byte == 0).next()?;
    Some(format!("\"{}\"", String::from_utf8_lossy(text).escape_debug()))
}

/// Variables that are made to be kept by others: one that points to itself is the head of a list or can be in one, and
/// one that points to a function of the kernel is for somebody to call it.
fn linked(
    kernel: &LinkedKernel,
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> BTreeSet<Piece> {
    let mut linked = BTreeSet::new();
    for (piece, copied) in &extraction.copied {
        let source = &sources[piece.object];
        if section(source, *piece).is_code() {
            for (reloc, taken) in addresses(source, *piece, &copied.relocs) {
                if let (Link::Piece(to), AddressTaken::Linked(holder)) = (&reloc.link, taken)
                    && *to == holder
                {
                    linked.insert(holder);
                }
            }
        } else if copied.relocs.iter().any(|reloc| match &reloc.link {
            Link::Piece(to) => to == piece,
            Link::Kernel(target) => {
                kernel.listed(target).is_some_and(|listed| listed.region == Region::Text)
            }
            Link::Number => false,
        }) {
            linked.insert(*piece);
        }
    }
    linked.retain(|piece| is_variable(sources, *piece));
    let objects: BTreeSet<TouchedId> = linked.iter().map(|piece| piece.object).collect();
    let locks: BTreeMap<TouchedId, BTreeSet<String>> =
        objects.into_iter().map(|object| (object, locks(&sources[object]))).collect();
    linked.retain(|piece| {
        let name = extract::owner_name(&sources[piece.object], *piece);
        let own = name::of_source(name.as_bytes());
        let locks = locks.get(&piece.object);
        !locks.is_some_and(|locks| locks.iter().any(|lock| lock.as_bytes() == own))
    });
    linked
}

/// The variables of an object that are locks with a list of those who wait (mutexes of Linux 6.1): they are gone
/// from it when they return, which livepatch waits for. None without debug information.
fn locks(source: &CorrelatedObject<'_>) -> BTreeSet<String> {
    const TYPES: &[&str] = &["struct mutex", "struct rw_semaphore", "struct semaphore"];
    let objects = source.typed().into_iter();
    let read: Vec<ObjectTypes> =
        objects.filter_map(|(_, _, after)| ObjectTypes::of(after).ok()).collect();
    let variables = read.iter().flat_map(|types| TYPES.iter().flat_map(|name| types.made_of(name)));
    variables.cloned().collect()
}

/// Where functions start that the patch adds: piece, offset in it, and name.
fn added(sources: &CorrelatedObjects<'_>) -> BTreeMap<(Piece, i64), String> {
    let mut entries = BTreeMap::new();
    for (source, object) in sources.with_ids() {
        for (fate, function) in source.fates.with_ids() {
            if fate.is_some_and(Fate::is_new) {
                let (piece, offset) =
                    extract::body_piece(source, ExtractionRoot { object, function });
                let name = source.name_of(function);
                entries.insert((piece, offset.cast_signed()), name);
            }
        }
    }
    entries
}

/// The added functions that the data in `piece` points to, and the data that it points to, and so on.
fn functions_behind(
    piece: Piece,
    extraction: &Extraction,
    entries: &BTreeMap<(Piece, i64), String>,
) -> BTreeSet<String> {
    let (mut seen, mut open) = (BTreeSet::from([piece]), vec![piece]);
    let mut functions = BTreeSet::new();
    while let Some(piece) = open.pop() {
        // Code: a function that is handed out itself.
        if entries.keys().any(|(entry, _)| *entry == piece) {
            continue;
        }
        for reloc in extraction.copied.get(&piece).into_iter().flat_map(|copied| &copied.relocs) {
            let Link::Piece(to) = reloc.link else { continue };
            if let Some(name) = entries.get(&(to, reloc.addend)) {
                functions.insert(format!("{name}()"));
            } else if seen.insert(to) {
                open.push(to);
            }
        }
    }
    functions
}

/// Whether a constant, or one that it leads to, has the address of a function of the kernel: somebody is to call that.
fn calls_back(kernel: &LinkedKernel, extraction: &Extraction, piece: Piece) -> bool {
    let (mut seen, mut open) = (BTreeSet::from([piece]), vec![piece]);
    while let Some(piece) = open.pop() {
        for reloc in extraction.copied.get(&piece).into_iter().flat_map(|copied| &copied.relocs) {
            match &reloc.link {
                Link::Kernel(target) => {
                    let region = kernel.listed(target).map(|listed| listed.region);
                    if region == Some(Region::Text) {
                        return true;
                    }
                }
                Link::Piece(to) if seen.insert(*to) => open.push(*to),
                Link::Piece(_) | Link::Number => {}
            }
        }
    }
    false
}

/// A variable, beside those that belong to one call site: of messages that are printed once or not too often.
fn is_variable(sources: &CorrelatedObjects<'_>, piece: Piece) -> bool {
    let source = &sources[piece.object];
    let name = extract::owner_name(source, piece);
    let section = section(source, piece);
    section.is_writable()
        && !section.is_code()
        && !name::is_own_variable(name.as_bytes(), section.name)
        && piece.len() > 0
}

/// Constants, beside the tables that belong to code.
pub(super) fn is_constant(sources: &CorrelatedObjects<'_>, piece: Piece) -> bool {
    let section = section(&sources[piece.object], piece);
    !section.is_code() && !section.is_writable() && !pieces::is_table(section.name)
}

pub(super) fn section<'s, 'a>(source: &'s CorrelatedObject<'a>, piece: Piece) -> &'s Section<'a> {
    source.patched.analysis.elf.section(piece.section)
}
