//! Variables that a compiler gave one name and that are different things: all users of the one are still
//! there and use it no more, and all users of the other were there and did not.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use rayon::prelude::*;

use crate::ids::{List, Pair};
use crate::manifest::{DataId, FunctionId, ManifestObject};
use crate::name;
use crate::slices::SliceParts as _;

use super::symbols::{MeantUnit, ReferencedSymbols};
use super::{BothObjects, unit};

/// What tells such variables of two objects.
pub(super) struct Strangers<'a> {
    original: &'a ManifestObject,
    patched: &'a ManifestObject,
    before: FunctionsByData,
    after: FunctionsByData,
    /// The partner of each original function.
    forth: List<FunctionId, Option<FunctionId>>,
    /// Which patched functions have one.
    has_partner: List<FunctionId, bool>,
    /// What Rust names that several variables of one object have in common.
    shared: OnceLock<BTreeSet<String>>,
}

impl<'a> Strangers<'a> {
    /// `pairs` are those of functions.
    pub(super) fn of(both: &BothObjects<'a>, pairs: &[Pair<FunctionId>]) -> Self {
        let (original, patched) = (both.original, both.patched);
        let (before, after) = rayon::join(
            || FunctionsByData::of(original, &both.old),
            || FunctionsByData::of(patched, &both.new),
        );
        let mut forth: List<FunctionId, _> = original.functions.alongside();
        let mut has_partner: List<FunctionId, bool> = patched.functions.alongside();
        for pair in pairs {
            forth[pair.original] = Some(pair.patched);
            has_partner[pair.patched] = true;
        }
        let shared = OnceLock::new();
        Self { original, patched, before, after, forth, has_partner, shared }
    }

    /// Whether these data objects are different things.
    pub(super) fn are(&self, Pair { original, patched }: Pair<DataId>) -> bool {
        let (then, now) = (self.before.of_data(original), self.after.of_data(patched));
        let uses_now = |user: FunctionId| now.binary_search(&(patched, user)).is_ok();
        let mut successors = then.iter().map(|(_, user)| self.forth[*user]);
        !then.is_empty()
            && !now.is_empty()
            && self.have_one_base(original, patched)
            && now.iter().all(|(_, user)| self.has_partner[*user])
            && successors.all(|user| user.is_some_and(|user| !uses_now(user)))
    }

    /// Whether their names differ at most in what a compiler chose, and that may have told different things apart: the
    /// path of a Rust static names its function as well, so that one alone is always the same one.
    fn have_one_base(&self, original: DataId, patched: DataId) -> bool {
        let (then, now) = (name(self.original, original), name(self.patched, patched));
        let base = unit::base(then);
        let are_alike = base == unit::base(now);
        let is_rust = name::is_rust(then.as_bytes()) && name::is_rust(now.as_bytes());
        are_alike && (!is_rust || self.shared().contains(base.as_ref()))
    }

    fn shared(&self) -> &BTreeSet<String> {
        self.shared.get_or_init(|| {
            let several = [self.original, self.patched].into_iter().flat_map(|object| {
                let names = object.data.iter().filter_map(|data| data.name);
                let rust = names.filter(|name| name::is_rust(name.as_bytes()));
                let mut bases: Vec<String> =
                    rust.map(|name| unit::base(name).into_owned()).collect();
                bases.sort_unstable();
                let twice = bases.windows(2).filter(|pair| pair[0] == pair[1]);
                twice.map(|pair| pair[0].clone()).collect::<Vec<String>>()
            });
            several.collect()
        })
    }
}

/// The functions that use each data object whose name a compiler chose, sorted.
struct FunctionsByData(Vec<(DataId, FunctionId)>);

impl FunctionsByData {
    fn of(object: &ManifestObject, symbols: &ReferencedSymbols<'_>) -> Self {
        let functions = object.functions.par_with_ids().with_min_len(1024);
        let mut users: Vec<(DataId, FunctionId)> = functions
            .flat_map_iter(|(function, id)| {
                let used = function.references.iter().chain(function.behind);
                used.filter_map(move |symbol| match symbols.numbered(*symbol)? {
                    MeantUnit::Data(data) => Some((data, id)),
                    MeantUnit::Function(_) => None,
                })
            })
            .collect();
        users.sort_unstable();
        users.dedup();
        Self(users)
    }

    /// Those of one data object.
    fn of_data(&self, data: DataId) -> &[(DataId, FunctionId)] {
        let from = self.0.partition_point(|(other, _)| *other < data);
        let rest = self.0.starting(from);
        rest.ending(rest.partition_point(|(other, _)| *other == data))
    }
}

fn name(object: &ManifestObject, data: DataId) -> &str {
    object.data.get(data).name.unwrap_or_default()
}
