//! Which member of a variable is at an offset of it.

use gimli::{AttributeValue, Dwarf, Unit, UnitOffset, constants};

use super::DebugError;
use super::budget::Budget;
use super::origin::Die;
use super::sections::{DwarfReader, Sections, units};
use crate::module::RawElf;

/// Types that are nested deeper, or names of names, are not followed.
const DEEPEST: u32 = 64;

/// A member of a variable, or an element of it, that has no members of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariableMember {
    /// Its path in the variable, for example `.ops[3].name`; empty for a variable that is no structure and no array.
    pub path: String,
    /// Bytes in front of it in the variable.
    pub start: u64,
    /// Its bytes.
    pub size: u64,
    /// Whether it is text: an array of characters.
    pub is_text: bool,
}

/// The members that are at `offsets` of the variable `name` of the file with these `bytes`; none for what no debug information
/// tells, such as room between members.
pub fn members(
    bytes: &[u8],
    name: &str,
    offsets: &[u64],
) -> Result<Vec<Option<VariableMember>>, DebugError> {
    let elf = RawElf::parse(bytes)?;
    let sections = Sections::of(&elf)?;
    let dwarf = sections.dwarf();
    let mut budget = Budget::of_size(sections.size().saturating_add(bytes.len()));
    for unit in &units(&dwarf)? {
        let types = UnitTypes { dwarf: &dwarf, unit };
        if let Some(kind) = types.variable(name, &mut budget)? {
            let at = |offset: &u64| types.member(kind, *offset, &mut budget);
            return offsets.iter().map(at).collect();
        }
    }
    Ok(vec![None; offsets.len()])
}

/// The types of a unit.
struct UnitTypes<'d, 'a> {
    dwarf: &'d Dwarf<DwarfReader<'a>>,
    unit: &'d Unit<DwarfReader<'a>>,
}

impl<'a> UnitTypes<'_, 'a> {
    /// The type of the variable of that name, if it lasts.
    fn variable(&self, name: &str, budget: &mut Budget) -> Result<Option<UnitOffset>, DebugError> {
        let mut entries = self.unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            budget.take(1)?;
            if entry.tag() != constants::DW_TAG_variable {
                continue;
            }
            let is_placed = matches!(
                entry.attr_value(constants::DW_AT_location),
                Some(AttributeValue::Exprloc(_))
            );
            let declared = match entry.attr_value(constants::DW_AT_specification) {
                Some(AttributeValue::UnitRef(offset)) => Some(self.unit.entry(offset)?),
                _ => None,
            };
            let is_it = |entry: &Die<'a>| -> Result<bool, DebugError> {
                Ok(self.name(entry)?.is_some_and(|own| own.slice() == name.as_bytes()))
            };
            let is_named = is_it(entry)? || declared.as_ref().map(is_it).transpose()? == Some(true);
            if is_placed && is_named {
                return Ok(type_of(entry).or_else(|| declared.as_ref().and_then(type_of)));
            }
        }
        Ok(None)
    }

    /// What is at `offset` of something of type `kind`.
    fn member(
        &self,
        kind: UnitOffset,
        offset: u64,
        budget: &mut Budget,
    ) -> Result<Option<VariableMember>, DebugError> {
        let (mut kind, mut path, mut start) = (kind, String::new(), 0_u64);
        for _ in 0..DEEPEST {
            budget.take(1)?;
            let entry = self.unit.entry(kind)?;
            let within = offset.saturating_sub(start);
            match entry.tag() {
                constants::DW_TAG_structure_type
                | constants::DW_TAG_class_type
                | constants::DW_TAG_union_type => {
                    let Some((name, at, inner)) = self.inner(&entry, within, budget)? else {
                        return Ok(None);
                    };
                    if !name.is_empty() {
                        path = format!("{path}.{name}");
                    }
                    (kind, start) = (inner, start.saturating_add(at));
                }
                constants::DW_TAG_array_type => {
                    let Some(inner) = type_of(&entry) else { return Ok(None) };
                    let each = self.size(inner)?;
                    if self.is_character(inner)? {
                        let size = self.size(kind)?;
                        return Ok(Some(VariableMember { path, start, size, is_text: true }));
                    }
                    let Some(number) = within.checked_div(each) else { return Ok(None) };
                    let index = self.index(&entry, number)?;
                    path = format!("{path}{index}");
                    (kind, start) = (inner, start.saturating_add(number.saturating_mul(each)));
                }
                tag if is_name(tag) => match type_of(&entry) {
                    Some(inner) => kind = inner,
                    None => return Ok(None),
                },
                _ => {
                    let size = self.size(kind)?;
                    let is_there = within < size;
                    return Ok(is_there.then_some(VariableMember {
                        path,
                        start,
                        size,
                        is_text: false,
                    }));
                }
            }
        }
        Ok(None)
    }

    /// The member of a structure or union that is at `within` of it: name, place and type. Of several the first.
    fn inner(
        &self,
        entry: &Die<'a>,
        within: u64,
        budget: &mut Budget,
    ) -> Result<Option<(String, u64, UnitOffset)>, DebugError> {
        let mut tree = self.unit.entries_tree(Some(entry.offset()))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            budget.take(1)?;
            let member = child.entry();
            let (tag, kind) = (member.tag(), type_of(member));
            let Some(kind) = kind.filter(|_| tag == constants::DW_TAG_member) else { continue };
            // Bits are told by the bytes that they are in.
            let bits = number(member, constants::DW_AT_data_bit_offset);
            let at = number(member, constants::DW_AT_data_member_location)
                .or(bits.map(|bits| bits.div_euclid(8)))
                .unwrap_or(0);
            if within >= at && within.saturating_sub(at) < self.size(kind)? {
                let name = self.name(member)?.map(|name| name.to_string_lossy().into_owned());
                return Ok(Some((name.unwrap_or_default(), at, kind)));
            }
        }
        Ok(None)
    }

    /// The indices of element `number` of an array, which can have several dimensions.
    fn index(&self, array: &Die<'a>, number: u64) -> Result<String, DebugError> {
        let counts = self.counts(array)?;
        let mut rest = number;
        let mut indices = Vec::new();
        for count in counts.iter().skip(1).rev() {
            let Some(index) = rest.checked_rem(*count) else { break };
            indices.push(index);
            rest = rest.div_euclid(*count);
        }
        indices.push(rest);
        let indices: Vec<String> = indices.iter().rev().map(|index| format!("[{index}]")).collect();
        Ok(indices.concat())
    }

    /// How many elements each dimension of an array has; 0 where nothing says.
    fn counts(&self, array: &Die<'a>) -> Result<Vec<u64>, DebugError> {
        let mut tree = self.unit.entries_tree(Some(array.offset()))?;
        let mut children = tree.root()?.children();
        let mut counts = Vec::new();
        while let Some(child) = children.next()? {
            let range = child.entry();
            if range.tag() == constants::DW_TAG_subrange_type {
                let last = number(range, constants::DW_AT_upper_bound);
                let count = number(range, constants::DW_AT_count);
                let count = count.or(last.map(|last| last.wrapping_add(1)));
                counts.push(count.unwrap_or(0));
            }
        }
        Ok(counts)
    }

    /// The size of a type in bytes; 0 where nothing says.
    fn size(&self, kind: UnitOffset) -> Result<u64, DebugError> {
        let (mut kind, mut times) = (kind, 1_u64);
        for _ in 0..DEEPEST {
            let entry = self.unit.entry(kind)?;
            if let Some(size) = number(&entry, constants::DW_AT_byte_size) {
                return Ok(size.saturating_mul(times));
            }
            match (entry.tag(), type_of(&entry)) {
                (constants::DW_TAG_array_type, Some(inner)) => {
                    let counts = self.counts(&entry)?;
                    let count = counts.into_iter().fold(1, u64::saturating_mul);
                    (kind, times) = (inner, times.saturating_mul(count));
                }
                (tag, Some(inner)) if is_name(tag) => kind = inner,
                (constants::DW_TAG_pointer_type, _) => return Ok(8_u64.saturating_mul(times)),
                _ => return Ok(0),
            }
        }
        Ok(0)
    }

    fn is_character(&self, kind: UnitOffset) -> Result<bool, DebugError> {
        let mut kind = kind;
        for _ in 0..DEEPEST {
            let entry = self.unit.entry(kind)?;
            match type_of(&entry) {
                Some(inner) if is_name(entry.tag()) => kind = inner,
                _ => {
                    let own = self.name(&entry)?;
                    return Ok(own.is_some_and(|own| own.slice() == b"char"));
                }
            }
        }
        Ok(false)
    }

    fn name(&self, entry: &Die<'a>) -> Result<Option<DwarfReader<'a>>, DebugError> {
        let value = entry.attr_value(constants::DW_AT_name);
        Ok(value.map(|value| self.dwarf.attr_string(self.unit, value)).transpose()?)
    }
}

/// Whether a type is another one under a name, or with a qualifier.
fn is_name(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_typedef
            | constants::DW_TAG_const_type
            | constants::DW_TAG_volatile_type
            | constants::DW_TAG_restrict_type
            | constants::DW_TAG_atomic_type
    )
}

fn type_of(entry: &Die<'_>) -> Option<UnitOffset> {
    match entry.attr_value(constants::DW_AT_type) {
        Some(AttributeValue::UnitRef(offset)) => Some(offset),
        _ => None,
    }
}

fn number(entry: &Die<'_>, attribute: gimli::DwAt) -> Option<u64> {
    entry.attr_value(attribute).and_then(|value| value.udata_value())
}
