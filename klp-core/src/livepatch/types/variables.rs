//! What the bytes of variables mean. A variable of the running kernel keeps them when the patch gives it another type.

use std::collections::{BTreeMap, BTreeSet};

use gimli::{AttributeValue, UnitOffset, constants};

use super::kinds::{DEEPEST, TypeDie, compound, is_qualifier, name, reference, type_of};
use super::layout::Shape;
use super::walk::TypeWalk;

/// Start of an expression that is an address, or the number of one (clang): the variable is there all of the time.
const ADDRESSES: [u8; 2] = [constants::DW_OP_addr.0, constants::DW_OP_addrx.0];

/// By name: several functions can have one of a name.
pub(super) type Variables = BTreeMap<String, BTreeSet<Variable>>;

/// The type of a variable that can be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Variable {
    size: u64,
    parts: BTreeSet<Scalar>,
    /// The structure or union that it, or each of its elements, points to.
    behind: Option<(String, BTreeSet<Scalar>)>,
}

/// A number or pointer in a type: place and size in bits, the arrays that it is in as how many of how many bytes, and what
/// it is.
type Scalar = (u64, u64, Vec<(u64, u64)>, Shape);

/// The variables of one name that are of another type after the patch, and how.
pub(super) fn retyped(before: &Variables, after: &Variables) -> Vec<(String, String)> {
    let both = before.iter().filter_map(|(name, was)| Some((name, was, after.get(name)?)));
    let other = both.filter_map(|(name, was, is)| {
        let (gone, come) = (was.difference(is), is.difference(was));
        let how = gone.zip(come).find_map(|(was, is)| how(was, is))?;
        Some((name.clone(), how))
    });
    other.collect()
}

/// Whether all variables of that name are of one type.
pub(super) fn are_one(before: &Variables, after: &Variables, name: &str) -> bool {
    let both = before.get(name).zip(after.get(name));
    both.is_some_and(|(was, is)| {
        let mut pairs = was.iter().flat_map(|was| is.iter().map(move |is| (was, is)));
        pairs.all(|(was, is)| was.size == is.size && how(was, is).is_none())
    })
}

fn how(was: &Variable, is: &Variable) -> Option<String> {
    // Of another size it is changed data.
    if was.size != is.size {
        return None;
    }
    if was.parts != is.parts {
        return Some(format!("{} bytes as before, which mean something else", is.size));
    }
    let (was, is) = was.behind.as_ref().zip(is.behind.as_ref())?;
    let is_other = was.0 != is.0 && was.1 != is.1;
    is_other.then(|| format!("it pointed to {} and points to {}", was.0, is.0))
}

impl<'a> TypeWalk<'_, 'a> {
    /// The name and the type of what `entry` defines, if it lasts and can be written; and where its type is, or that of its
    /// elements.
    pub(super) fn variable(
        &mut self,
        entry: &TypeDie<'a>,
    ) -> Result<Option<(String, UnitOffset, Variable)>, gimli::Error> {
        let Some(AttributeValue::Exprloc(place)) = entry.attr_value(constants::DW_AT_location)
        else {
            return Ok(None);
        };
        if !place.0.slice().first().is_some_and(|first| ADDRESSES.contains(first)) {
            return Ok(None);
        }
        // What was declared before has name and type there.
        let declared = reference(entry, constants::DW_AT_specification);
        let (own, kind) = match declared.map(|offset| self.unit.entry(offset)).transpose()? {
            Some(declared) => (name(self.dwarf, self.unit, &declared)?, type_of(&declared)),
            None => (name(self.dwarf, self.unit, entry)?, type_of(entry)),
        };
        // A definition can complete the type of its declaration: `int list[];`.
        let (Some(own), Some(kind)) = (own, type_of(entry).or(kind)) else { return Ok(None) };
        let (element, is_constant) = self.element(kind)?;
        if is_constant {
            return Ok(None);
        }
        let parts = self.parts(kind)?;
        let pointed = match self.unit.entry(element)? {
            pointer if pointer.tag() == constants::DW_TAG_pointer_type => type_of(&pointer),
            _ => None,
        };
        let behind = pointed.map(|pointed| self.behind(pointed)).transpose()?.flatten();
        Ok(Some((own, element, Variable { size: self.size(kind, 0)?, parts, behind })))
    }

    /// What a type is an array of, or else the type itself, behind its names; and whether that is constant.
    fn element(&self, kind: UnitOffset) -> Result<(UnitOffset, bool), gimli::Error> {
        let (mut at, mut is_constant) = (kind, false);
        for _ in 0..DEEPEST {
            let entry = self.unit.entry(at)?;
            let tag = entry.tag();
            is_constant |= tag == constants::DW_TAG_const_type;
            let goes_on = is_qualifier(tag)
                || matches!(tag, constants::DW_TAG_typedef | constants::DW_TAG_array_type);
            match type_of(&entry) {
                Some(inner) if goes_on => at = inner,
                _ => break,
            }
        }
        Ok((at, is_constant))
    }

    /// The structure or union that a type is, if it is complete.
    fn behind(
        &mut self,
        kind: UnitOffset,
    ) -> Result<Option<(String, BTreeSet<Scalar>)>, gimli::Error> {
        let (at, _) = self.element(kind)?;
        let entry = self.unit.entry(at)?;
        let own = name(self.dwarf, self.unit, &entry)?;
        let is_declaration = entry.attr(constants::DW_AT_declaration).is_some();
        let (Some(kind), Some(own)) = (compound(entry.tag()), own) else { return Ok(None) };
        if is_declaration {
            return Ok(None);
        }
        Ok(Some((format!("{kind} {own}"), self.parts(at)?)))
    }

    fn parts(&mut self, kind: UnitOffset) -> Result<BTreeSet<Scalar>, gimli::Error> {
        let mut parts = BTreeSet::new();
        let bits = self.size(kind, 0)?.saturating_mul(8);
        let shape = self.shape(kind, 0)?;
        part(&shape, 0, bits, &[], &mut parts);
        Ok(parts)
    }
}

fn part(shape: &Shape, start: u64, size: u64, arrays: &[(u64, u64)], parts: &mut BTreeSet<Scalar>) {
    match shape {
        Shape::Compound(members) => {
            for (at, size, member) in members {
                part(member, start.saturating_add(*at), *size, arrays, parts);
            }
        }
        Shape::Array(count, each, inner) => {
            let arrays = [arrays, &[(*count, *each)]].concat();
            part(inner, start, each.saturating_mul(8), &arrays, parts);
        }
        _ => {
            parts.insert((start, size, arrays.to_vec(), shape.clone()));
        }
    }
}
