//! How a structure or union lies in memory, and whether two of them are the same.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Size in bytes, and members in the order of the source. Those of types without a name that are part of it are
/// members of their own, such as `outer.inner`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TypeLayout {
    pub(super) size: u64,
    pub(super) members: Vec<TypeMember>,
}

/// Place and size in bits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TypeMember {
    pub(super) name: String,
    pub(super) start: u64,
    pub(super) size: u64,
    pub(super) shape: Rc<Shape>,
}

/// What bytes of a type mean, whatever it and its members are called.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Shape {
    /// Integers with and without sign, characters, truth values, enumerations.
    Number,
    Float,
    /// To whatever.
    Pointer,
    /// Place and size in bits, sorted.
    Compound(Vec<(u64, u64, Rc<Shape>)>),
    /// How many, the size of each in bytes, and what each is.
    Array(u64, u64, Rc<Shape>),
    /// A type without a name, of which each member is listed.
    Listed,
    /// None of these.
    Other,
}

impl TypeMember {
    fn what(&self) -> (u64, &Shape) {
        (self.size, &self.shape)
    }

    fn place(&self) -> String {
        if self.start.is_multiple_of(8) {
            format!("byte {}", self.start.div_euclid(8))
        } else {
            format!("bit {}", self.start)
        }
    }

    fn name(&self) -> &str {
        if self.name.is_empty() { "(unnamed)" } else { &self.name }
    }
}

/// How the members of `after` differ from those of `before`; nothing where one was given another name and
/// lies where it lay.
pub(super) fn differences(before: &TypeLayout, after: &TypeLayout) -> Vec<String> {
    let mut gone: Vec<&TypeMember> = Vec::new();
    let mut come: Vec<&TypeMember> = after.members.iter().collect();
    for member in &before.members {
        match come.iter().position(|other| *other == member) {
            Some(same) => drop(come.remove(same)),
            None => gone.push(member),
        }
    }
    let mut found = Vec::new();
    let mut moved = Vec::new();
    gone.retain(|was| {
        let Some(index) = come.iter().position(|is| is.name == was.name) else { return true };
        let is = come.remove(index);
        if is.what() == was.what() {
            moved.push(format!(
                "member {} moves from {} to {}",
                is.name(),
                was.place(),
                is.place()
            ));
        } else {
            found.push(format!("member {} is of another type", is.name()));
        }
        false
    });
    // A member that only gets another name. Of several of one kind it could be any.
    let mut renamed: BTreeMap<(u64, &Shape), Vec<(&TypeMember, &TypeMember)>> = BTreeMap::new();
    gone.retain(|was| {
        let place = come.iter().position(|is| is.start == was.start && is.what() == was.what());
        let Some(index) = place else { return true };
        renamed.entry(was.what()).or_default().push((was, come.remove(index)));
        false
    });
    for pairs in renamed.values().filter(|pairs| pairs.len() > 1) {
        let names = pairs.iter().map(|(was, is)| format!("{} is {}", was.name(), is.name()));
        let names: Vec<String> = names.collect();
        found.push(format!("members of one kind have other names ({})", names.join(", ")));
    }
    let new = come.iter().map(|is| format!("member {} is new at {}", is.name(), is.place()));
    let lost = gone.iter().map(|was| format!("member {} is gone from {}", was.name(), was.place()));
    new.chain(lost).chain(found).chain(moved).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(members: &[(&str, u64, u64)]) -> TypeLayout {
        let member = |(name, start, size): &(&str, u64, u64)| TypeMember {
            name: (*name).to_owned(),
            start: *start,
            size: *size,
            shape: Rc::new(Shape::Number),
        };
        TypeLayout { size: 16, members: members.iter().map(member).collect() }
    }

    #[test]
    fn names_places_and_kinds() {
        let before = layout(&[("a", 0, 32), ("b", 32, 32), ("flag", 64, 1)]);
        let how = |after: &[(&str, u64, u64)]| differences(&before, &layout(after)).join("; ");
        assert_eq!(how(&[("a", 0, 32), ("b", 32, 32), ("flag", 64, 1)]), "");
        assert_eq!(how(&[("a", 0, 32), ("other", 32, 32), ("flag", 64, 1)]), "");
        assert_eq!(how(&[("a", 0, 32), ("other", 32, 32), ("is_set", 64, 1)]), "");
        assert_eq!(
            how(&[("b", 0, 32), ("a", 32, 32), ("flag", 64, 1)]),
            "member a moves from byte 0 to byte 4; member b moves from byte 4 to byte 0"
        );
        assert_eq!(
            how(&[("c", 0, 32), ("d", 32, 32), ("flag", 64, 1)]),
            "members of one kind have other names (a is c, b is d)"
        );
        assert_eq!(
            how(&[("a", 0, 32), ("b", 32, 32), ("flag", 65, 1)]),
            "member flag moves from byte 8 to bit 65"
        );
        assert_eq!(
            how(&[("a", 0, 32), ("flag", 64, 1), ("new", 96, 8)]),
            "member new is new at byte 12; member b is gone from byte 4"
        );
        assert_eq!(how(&[("a", 0, 64), ("flag", 64, 1)]).split("; ").count(), 2);
    }
}
