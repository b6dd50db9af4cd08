//! Types that have another layout after the patch, by the debug information (DWARF 5) of both objects.
//!
//! What the running kernel has of such a type stays as it is, and so does the code that does not change.

mod kinds;
mod layout;
mod read;
mod users;
mod variables;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use crate::elf::ElfObject;

pub(super) use users::TypeUser;

use layout::{TypeLayout, differences};
use variables::Variables;

/// A type that is in both objects, with another layout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ChangedType {
    /// For example `struct inode`.
    pub(super) name: String,
    /// What is other.
    pub(super) how: String,
    /// It has members that it did not have.
    pub(super) has_more: bool,
}

/// The types of an object.
#[derive(Debug, Default)]
pub(super) struct ObjectTypes {
    /// Structures and unions that are complete. Several can have one name.
    layouts: BTreeMap<String, BTreeSet<TypeLayout>>,
    /// The values of enumerators (of Rust's enumerations: of discriminants), by type.
    values: BTreeMap<String, BTreeMap<String, BTreeSet<i128>>>,
    /// Functions and variables by the types that they use.
    users: BTreeMap<String, BTreeSet<TypeUser>>,
    /// Variables that can be written, by the type that they, or their elements, are of.
    made_of: BTreeMap<String, BTreeSet<String>>,
    variables: Variables,
}

impl ObjectTypes {
    /// Those of `object`; none where it has no debug information.
    pub(super) fn of(object: &ElfObject<'_>) -> Result<Self, gimli::Error> {
        read::types(object)
    }

    /// What of the object uses the type `name`, directly or by a pointer.
    pub(super) fn users(&self, name: &str) -> impl Iterator<Item = &TypeUser> {
        self.users.get(name).into_iter().flatten()
    }

    /// The variables of the type `name`, and the arrays of it.
    pub(super) fn made_of(&self, name: &str) -> impl Iterator<Item = &String> {
        self.made_of.get(name).into_iter().flatten()
    }

    /// The variables that are of another type in `after`, and how.
    pub(super) fn retyped(&self, after: &Self) -> Vec<(String, String)> {
        variables::retyped(&self.variables, &after.variables)
    }

    /// Whether a variable of that name can be written.
    pub(super) fn has_variable(&self, name: &str) -> bool {
        self.variables.contains_key(name)
    }

    /// Whether all variables of that name are of one type, here and there.
    pub(super) fn is_one_type(&self, other: &Self, name: &str) -> bool {
        variables::are_one(&self.variables, &other.variables, name)
    }

    /// The types of which `after` has other ones.
    pub(super) fn changed(&self, after: &Self) -> Vec<ChangedType> {
        let layouts = self.layouts.iter().filter_map(|(name, before)| {
            let after = after.layouts.get(name)?;
            let how = how(before, after)?;
            let has_more = !members(after).is_subset(&members(before));
            Some(ChangedType { name: name.clone(), how, has_more })
        });
        let values = self.values.iter().filter_map(|(name, before)| {
            let how = other_values(before, after.values.get(name)?)?;
            Some(ChangedType { name: name.clone(), how, has_more: false })
        });
        layouts.chain(values).collect()
    }
}

/// What is other in the types of one name; none if they mean the same.
fn how(before: &BTreeSet<TypeLayout>, after: &BTreeSet<TypeLayout>) -> Option<String> {
    let gone = before.difference(after).collect::<Vec<_>>();
    let come = after.difference(before).collect::<Vec<_>>();
    if gone.is_empty() && come.is_empty() {
        return None;
    }
    if gone.len() != come.len() {
        return Some("there is another one of this name".to_owned());
    }
    gone.into_iter().zip(come).find_map(|(before, after)| {
        let members = differences(before, after);
        let size = if before.size != after.size {
            format!("{} bytes become {}", before.size, after.size)
        } else if members.is_empty() {
            return None;
        } else {
            format!("{} bytes as before", after.size)
        };
        Some(std::iter::once(size).chain(some_of(members)).collect::<Vec<_>>().join(", "))
    })
}

/// The names of members.
fn members(layouts: &BTreeSet<TypeLayout>) -> BTreeSet<&str> {
    let members = layouts.iter().flat_map(|layout| &layout.members);
    members.map(|member| member.name.as_str()).collect()
}

fn other_values(
    before: &BTreeMap<String, BTreeSet<i128>>,
    after: &BTreeMap<String, BTreeSet<i128>>,
) -> Option<String> {
    let both = before.iter().filter_map(|(name, was)| Some((name, was, after.get(name)?)));
    let other = both.filter(|(_, was, is)| was != is).map(|(name, was, is)| {
        let list = |values: &BTreeSet<i128>| {
            values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or ")
        };
        format!("{name} was {} and is {}", list(was), list(is))
    });
    let other: Vec<String> = other.collect();
    (!other.is_empty()).then(|| some_of(other).join(", "))
}

/// The first of `all`, and how many more there are.
pub(super) fn some_of(mut all: Vec<String>) -> Vec<String> {
    const SHOWN: usize = 3;
    let more = all.len().saturating_sub(SHOWN);
    all.truncate(SHOWN);
    all.extend((more > 0).then(|| format!("and {more} more")));
    all
}
