//! Structures and unions that have another layout after the patch, by the debug information (DWARF 5)
//! of both objects.
//!
//! Only sizes and places of members count, not their names and types: what the running kernel has of
//! such a type stays as it is.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use gimli::{
    AttributeValue, Dwarf, DwarfSections, EndianSlice, EntriesTreeNode, LittleEndian, Unit,
    UnitOffset, constants,
};

use crate::elf::ElfObject;

type Reader<'a> = EndianSlice<'a, LittleEndian>;
type Entry<'u, 'a> = gimli::DebuggingInformationEntry<'u, 'u, Reader<'a>>;

/// No type is nested deeper.
const DEEPEST: u32 = 64;

/// A type that is in both objects, with another layout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Changed {
    /// For example `struct inode`.
    pub(super) name: String,
    /// What is other.
    pub(super) how: String,
}

/// Size in bytes, and members in the order of the source.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Layout {
    size: u64,
    members: Vec<Member>,
}

/// Place and size in bits.
#[derive(Debug, Clone, Eq)]
struct Member {
    name: String,
    start: u64,
    size: u64,
}

impl PartialEq for Member {
    fn eq(&self, other: &Self) -> bool {
        (self.start, self.size) == (other.start, other.size)
    }
}

impl PartialOrd for Member {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Member {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.start, self.size).cmp(&(other.start, other.size))
    }
}

type Types = BTreeMap<String, BTreeSet<Layout>>;

/// The types that changed; none where one of the objects has no debug information.
pub(super) fn changed(
    original: &ElfObject<'_>,
    patched: &ElfObject<'_>,
) -> Result<Vec<Changed>, gimli::Error> {
    let (before, after) = (types(original)?, types(patched)?);
    let both = before.iter().filter_map(|(name, before)| Some((name, before, after.get(name)?)));
    Ok(both
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| Changed { name: name.clone(), how: how(before, after) })
        .collect())
}

fn how(before: &BTreeSet<Layout>, after: &BTreeSet<Layout>) -> String {
    let (Some(before), Some(after)) =
        (before.difference(after).next(), after.difference(before).next())
    else {
        return "there is another one of this name".to_owned();
    };
    let pairs = before.members.iter().map(Some).chain(std::iter::repeat(None));
    let first = pairs.zip(&after.members).find(|(before, after)| *before != Some(*after));
    let member =
        first.map(|(_, member)| format!(", from member {} on", member.name)).unwrap_or_default();
    if before.size == after.size {
        format!("{} bytes as before{member}", after.size)
    } else {
        format!("{} bytes become {}{member}", before.size, after.size)
    }
}

/// All named structures and unions that are complete.
fn types(object: &ElfObject<'_>) -> Result<Types, gimli::Error> {
    let sections = DwarfSections::load(|id| Ok::<_, gimli::Error>(content(object, id.name())))?;
    let dwarf = sections.borrow(|bytes| EndianSlice::new(bytes, LittleEndian));
    let mut types = Types::new();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let mut entries = unit.entries();
        while let Some((_, entry)) = entries.next_dfs()? {
            let kind = match entry.tag() {
                constants::DW_TAG_structure_type => "struct",
                constants::DW_TAG_union_type => "union",
                _ => continue,
            };
            let is_declaration = entry.attr(constants::DW_AT_declaration)?.is_some();
            let Some(name) = name(&dwarf, &unit, entry)?.filter(|_| !is_declaration) else {
                continue;
            };
            let layout = Walk { dwarf: &dwarf, unit: &unit }.layout(entry.offset())?;
            types.entry(format!("{kind} {name}")).or_default().insert(layout);
        }
    }
    Ok(types)
}

/// The bytes of a section of debug information, its references to others of them filled in.
fn content(object: &ElfObject<'_>, name: &str) -> Vec<u8> {
    let found = object.sections.iter().find(|section| section.name == name.as_bytes());
    let Some(section) = found else { return Vec::new() };
    let mut bytes = section.data.to_vec();
    for reloc in section.relocs.iter() {
        let Some(symbol) = object.symbol(reloc.symbol) else { continue };
        let value = symbol.value.wrapping_add_signed(reloc.addend).to_le_bytes();
        let width = usize::try_from(reloc.kind.width()).unwrap_or(0);
        let start = usize::try_from(reloc.offset).unwrap_or(usize::MAX);
        let field = bytes.get_mut(start..start.saturating_add(width));
        if let (Some(field), Some(value)) = (field, value.get(..width)) {
            field.copy_from_slice(value);
        }
    }
    bytes
}

fn name(
    dwarf: &Dwarf<Reader<'_>>,
    unit: &Unit<Reader<'_>>,
    entry: &Entry<'_, '_>,
) -> Result<Option<String>, gimli::Error> {
    let Some(value) = entry.attr_value(constants::DW_AT_name)? else { return Ok(None) };
    let text = dwarf.attr_string(unit, value)?;
    Ok(Some(text.to_string_lossy().into_owned()))
}

struct Walk<'w, 'a> {
    dwarf: &'w Dwarf<Reader<'a>>,
    unit: &'w Unit<Reader<'a>>,
}

impl<'a> Walk<'_, 'a> {
    fn layout(&self, offset: UnitOffset) -> Result<Layout, gimli::Error> {
        let mut members = Vec::new();
        self.members(offset, 0, 0, &mut members)?;
        Ok(Layout { size: self.size(offset, 0)?, members })
    }

    /// Adds the members of the type at `offset`, those of types without a name that are part of it
    /// included.
    fn members(
        &self,
        offset: UnitOffset,
        base: u64,
        depth: u32,
        members: &mut Vec<Member>,
    ) -> Result<(), gimli::Error> {
        if depth > DEEPEST {
            return Ok(());
        }
        let mut tree = self.unit.entries_tree(Some(offset))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            if child.entry().tag() == constants::DW_TAG_member {
                self.member(&child, base, depth, members)?;
            }
        }
        Ok(())
    }

    fn member(
        &self,
        node: &EntriesTreeNode<'_, '_, '_, Reader<'a>>,
        base: u64,
        depth: u32,
        members: &mut Vec<Member>,
    ) -> Result<(), gimli::Error> {
        let entry = node.entry();
        let number = |attribute| -> Result<Option<u64>, gimli::Error> {
            Ok(entry.attr_value(attribute)?.and_then(|value| value.udata_value()))
        };
        let start = match number(constants::DW_AT_data_bit_offset)? {
            Some(bits) => bits,
            None => number(constants::DW_AT_data_member_location)?.unwrap_or(0).saturating_mul(8),
        };
        let start = start.saturating_add(base);
        let Some(kind) = type_of(entry)? else { return Ok(()) };
        let size = match number(constants::DW_AT_bit_size)? {
            Some(bits) => bits,
            None => self.size(kind, 0)?.saturating_mul(8),
        };
        let name = name(self.dwarf, self.unit, entry)?.unwrap_or_default();
        members.push(Member { name, start, size });
        let depth = depth.saturating_add(1);
        if let Some(inner) = self.unnamed(kind, depth)? {
            self.members(inner, start, depth, members)?;
        }
        Ok(())
    }

    /// The structure or union without a name that a type is, or is an array of.
    fn unnamed(&self, offset: UnitOffset, depth: u32) -> Result<Option<UnitOffset>, gimli::Error> {
        let entry = self.unit.entry(offset)?;
        match entry.tag() {
            constants::DW_TAG_structure_type | constants::DW_TAG_union_type => {
                Ok(Some(offset)
                    .filter(|_| entry.attr(constants::DW_AT_name).ok().flatten().is_none()))
            }
            tag if depth < DEEPEST
                && (is_qualifier(tag) || tag == constants::DW_TAG_array_type) =>
            {
                match type_of(&entry)? {
                    Some(inner) => self.unnamed(inner, depth.saturating_add(1)),
                    None => Ok(None),
                }
            }
            _ => Ok(None),
        }
    }

    /// The size of a type in bytes.
    fn size(&self, offset: UnitOffset, depth: u32) -> Result<u64, gimli::Error> {
        const POINTER: u64 = 8;
        let entry = self.unit.entry(offset)?;
        let given = entry.attr_value(constants::DW_AT_byte_size)?;
        if let Some(size) = given.and_then(|value| value.udata_value()) {
            return Ok(size);
        }
        let inner = match type_of(&entry)? {
            Some(inner) if depth < DEEPEST => self.size(inner, depth.saturating_add(1))?,
            _ => 0,
        };
        Ok(match entry.tag() {
            constants::DW_TAG_pointer_type => POINTER,
            constants::DW_TAG_array_type => inner.saturating_mul(self.count(offset)?),
            tag if is_qualifier(tag) => inner,
            _ => 0,
        })
    }

    /// How many elements an array has.
    fn count(&self, offset: UnitOffset) -> Result<u64, gimli::Error> {
        let mut tree = self.unit.entries_tree(Some(offset))?;
        let mut children = tree.root()?.children();
        let mut count = 1u64;
        while let Some(child) = children.next()? {
            let entry = child.entry();
            if entry.tag() != constants::DW_TAG_subrange_type {
                continue;
            }
            let number = |attribute| -> Result<Option<u64>, gimli::Error> {
                Ok(entry.attr_value(attribute)?.and_then(|value| value.udata_value()))
            };
            // A flexible array has neither.
            let last = number(constants::DW_AT_upper_bound)?;
            let bound = last.map_or(0, |last| last.saturating_add(1));
            let own = number(constants::DW_AT_count)?.unwrap_or(bound);
            count = count.saturating_mul(own);
        }
        Ok(count)
    }
}

fn type_of(entry: &Entry<'_, '_>) -> Result<Option<UnitOffset>, gimli::Error> {
    Ok(match entry.attr_value(constants::DW_AT_type)? {
        Some(AttributeValue::UnitRef(offset)) => Some(offset),
        _ => None,
    })
}

fn is_qualifier(tag: gimli::DwTag) -> bool {
    matches!(
        tag,
        constants::DW_TAG_typedef
            | constants::DW_TAG_const_type
            | constants::DW_TAG_volatile_type
            | constants::DW_TAG_restrict_type
            | constants::DW_TAG_atomic_type
    )
}
