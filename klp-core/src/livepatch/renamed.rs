//! Functions under another name. Who compares a function's address with what the kernel keeps (in work, in a handler of an
//! interrupt) does not find the kernel's own any more, and what the kernel keeps leads to the old function, which nothing
//! replaces.

use std::collections::BTreeSet;

use crate::checksum::Digest;
use crate::layout::FunctionId;
use crate::name;

use super::callers::call_sites;
use super::extract::{self, ExtractionRoot};
use super::moved::{successors, word};
use super::side::ObjectSide;
use super::source::{CorrelatedObject, CorrelatedObjects, Fate, TouchedId};
use super::taken::{AddressTaken, TakenAddresses};

/// What the address of a function under another name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AddressUse {
    Compared,
    Stored,
    /// A function of the kernel gets it, and may keep it.
    Given,
}

/// A function that the patch adds, and that may be one that it takes away.
pub(super) struct Renamed {
    pub(super) object: TouchedId,
    pub(super) name: String,
    pub(super) was: String,
    pub(super) address: AddressUse,
}

impl Renamed {
    /// What is wrong with it.
    pub(super) fn why(&self) -> String {
        let taken = match self.address {
            AddressUse::Compared => "is compared",
            AddressUse::Stored => "is stored or returned",
            AddressUse::Given => "is handed to the kernel",
        };
        format!(
            "its address {taken}, and it may be {}, which the patch takes away: pointers that the kernel keeps lead to that \
             one, which stays as it is; leave its name as it is",
            self.was
        )
    }
}

/// Those whose address is used at one of `places`.
pub(super) fn functions(sources: &CorrelatedObjects<'_>, places: &TakenAddresses) -> Vec<Renamed> {
    let mut found = Vec::new();
    for (source, object) in sources.with_ids() {
        let added = source.fates.with_ids();
        for (_, function) in added.filter(|(fate, _)| **fate == Some(Fate::Added)) {
            let (piece, offset) = extract::body_piece(source, ExtractionRoot { object, function });
            let taken = places.get(&(piece, offset.cast_signed()));
            let Some(address) = taken.and_then(address) else { continue };
            let name = source.name_of(function);
            let users = users(&source.patched, &name);
            let own = sources.iter().filter(|other| other.linked == source.linked);
            let was = own.flat_map(pointed).find(|was| {
                !successors(sources, source.linked, was.users.clone()).is_disjoint(&users)
            });
            let digest = source.patched.record(function).checksum;
            // Who runs the old one where it is the same does what the patch does.
            let was = was.filter(|was| {
                address == AddressUse::Compared || digest.is_none() || was.digest != digest
            });
            found.extend(was.map(|LostFunction { name: was, .. }| Renamed {
                object,
                name,
                was,
                address,
            }));
        }
    }
    found
}

fn address(taken: &BTreeSet<AddressTaken>) -> Option<AddressUse> {
    let is_any = |all: &[AddressTaken]| all.iter().any(|it| taken.contains(it));
    if is_any(&[AddressTaken::Compared]) {
        Some(AddressUse::Compared)
    } else if is_any(&[AddressTaken::Stored, AddressTaken::Returned]) {
        Some(AddressUse::Stored)
    } else {
        is_any(&[AddressTaken::Given]).then_some(AddressUse::Given)
    }
}

/// A function of the original that the patched object does not have and whose address something takes.
struct LostFunction {
    name: String,
    digest: Option<Digest>,
    /// What refers to it.
    users: BTreeSet<String>,
}

fn pointed(source: &CorrelatedObject<'_>) -> Vec<LostFunction> {
    let Some(original) = &source.original else { return Vec::new() };
    let kept: BTreeSet<FunctionId> =
        source.fates.iter().flatten().filter_map(|fate| fate.original()).collect();
    let functions = original.analysis.layout.functions.with_ids().map(|(_, id)| id);
    let gone = functions
        .filter(|number| !kept.contains(number) && !original.is_freed(*number))
        .filter(|number| call_sites(original, *number).is_none());
    gone.map(|number| {
        let record = original.record(number);
        let name = record.name.to_owned();
        let users = users(original, &name);
        LostFunction { name, digest: record.checksum, users }
    })
    .collect()
}

/// The functions that refer to it, to a table that has its address, or to one that leads to such a table.
fn users(side: &ObjectSide<'_>, name: &str) -> BTreeSet<String> {
    let own = |name: &str| name::base(name.as_bytes()).into_owned();
    let mut names = BTreeSet::from([own(name)]);
    loop {
        let tables = side.tables_of(|it| names.contains(&own(it)));
        let new: Vec<_> = tables.map(|it| own(&it)).filter(|it| !names.contains(it)).collect();
        if new.is_empty() {
            return side
                .callers_of(|it| names.contains(&own(it)))
                .map(|user| word(&user))
                .collect();
        }
        names.extend(new);
    }
}
