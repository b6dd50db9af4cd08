//! What uses a type.

use std::fmt;

use gimli::{UnitOffset, constants};

use super::kinds::{DEEPEST, compound, is_qualifier, reference, type_of};
use super::walk::TypeWalk;

/// A function or variable of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(in super::super) enum TypeUser {
    Function(String),
    Variable(String),
}

impl fmt::Display for TypeUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Function(name) => write!(f, "{name}()"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

impl TypeWalk<'_, '_> {
    /// The type of the parameter or variable at `offset`, without pointers and the like.
    pub(super) fn base_type(&self, offset: UnitOffset) -> Result<Option<UnitOffset>, gimli::Error> {
        let mut entry = self.unit.entry(offset)?;
        if let Some(origin) = reference(&entry, constants::DW_AT_abstract_origin) {
            entry = self.unit.entry(origin)?;
        }
        for _ in 0..DEEPEST {
            let Some(inner) = type_of(&entry) else { return Ok(None) };
            entry = self.unit.entry(inner)?;
            let tag = entry.tag();
            let goes_on = is_qualifier(tag)
                || matches!(
                    tag,
                    constants::DW_TAG_pointer_type
                        | constants::DW_TAG_array_type
                        | constants::DW_TAG_typedef
                );
            if compound(tag).is_some() || tag == constants::DW_TAG_enumeration_type {
                return Ok(Some(inner));
            }
            if !goes_on {
                return Ok(None);
            }
        }
        Ok(None)
    }
}
