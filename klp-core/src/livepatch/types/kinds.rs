//! What a debugging information entry says of itself.

use gimli::{AttributeValue, Dwarf, EndianSlice, LittleEndian, Unit, UnitOffset, constants};

pub(super) type TypeReader<'a> = EndianSlice<'a, LittleEndian>;
pub(super) type TypeDie<'a> = gimli::DebuggingInformationEntry<TypeReader<'a>>;

/// No type is nested deeper.
pub(super) const DEEPEST: u32 = 64;

pub(super) fn name(
    dwarf: &Dwarf<TypeReader<'_>>,
    unit: &Unit<TypeReader<'_>>,
    entry: &TypeDie<'_>,
) -> Result<Option<String>, gimli::Error> {
    let Some(value) = entry.attr_value(constants::DW_AT_name) else { return Ok(None) };
    let text = dwarf.attr_string(unit, value)?;
    Ok(Some(text.to_string_lossy().into_owned()))
}

pub(super) fn reference(entry: &TypeDie<'_>, attribute: gimli::DwAt) -> Option<UnitOffset> {
    match entry.attr_value(attribute) {
        Some(AttributeValue::UnitRef(offset)) => Some(offset),
        _ => None,
    }
}

pub(super) fn type_of(entry: &TypeDie<'_>) -> Option<UnitOffset> {
    reference(entry, constants::DW_AT_type)
}

pub(super) fn number(entry: &TypeDie<'_>, attribute: gimli::DwAt) -> Option<u64> {
    entry.attr_value(attribute).and_then(|value| value.udata_value())
}

/// A value of an enumerator or of a discriminant.
pub(super) fn value(entry: &TypeDie<'_>, attribute: gimli::DwAt) -> Option<i128> {
    entry.attr_value(attribute).and_then(|value| {
        value.udata_value().map(i128::from).or_else(|| value.sdata_value().map(i128::from))
    })
}

/// `struct` or `union`, for an entry of one.
pub(super) fn compound(tag: gimli::DwTag) -> Option<&'static str> {
    match tag {
        constants::DW_TAG_structure_type => Some("struct"),
        constants::DW_TAG_union_type => Some("union"),
        _ => None,
    }
}

/// What changes nothing of the type behind it, and has no name.
pub(super) fn is_qualifier(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_const_type
            | constants::DW_TAG_volatile_type
            | constants::DW_TAG_restrict_type
            | constants::DW_TAG_atomic_type
    )
}
