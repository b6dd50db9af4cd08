//! The layout of one type of a unit of debug information.

use std::collections::BTreeMap;
use std::rc::Rc;

use gimli::{Dwarf, EntriesTreeNode, Unit, UnitOffset, constants};

use super::kinds::{
    DEEPEST, TypeDie, TypeReader, compound, is_qualifier, name, number, type_of, value,
};
use super::layout::{Shape, TypeLayout, TypeMember};

/// Walks the types of `unit`.
pub(super) struct TypeWalk<'w, 'a> {
    pub(super) dwarf: &'w Dwarf<TypeReader<'a>>,
    pub(super) unit: &'w Unit<TypeReader<'a>>,
    shapes: BTreeMap<usize, Rc<Shape>>,
}

/// What is found of a type.
#[derive(Default)]
pub(super) struct FoundType {
    pub(super) members: Vec<TypeMember>,
    /// Types without a name that are behind a pointer, by member.
    pub(super) pointed: Vec<(String, UnitOffset)>,
    /// Discriminants of Rust's enumerations, by variant.
    pub(super) values: Vec<(String, i128)>,
}

impl<'w, 'a> TypeWalk<'w, 'a> {
    pub(super) fn new(dwarf: &'w Dwarf<TypeReader<'a>>, unit: &'w Unit<TypeReader<'a>>) -> Self {
        Self { dwarf, unit, shapes: BTreeMap::new() }
    }

    /// The layout of the structure or union at `offset`, and what else is found in it.
    pub(super) fn layout(
        &mut self,
        offset: UnitOffset,
    ) -> Result<(TypeLayout, FoundType), gimli::Error> {
        let mut found = FoundType::default();
        self.members(offset, "", 0, 0, &mut found)?;
        let members = std::mem::take(&mut found.members);
        Ok((TypeLayout { size: self.size(offset, 0)?, members }, found))
    }

    fn members(
        &mut self,
        offset: UnitOffset,
        prefix: &str,
        base: u64,
        depth: u32,
        found: &mut FoundType,
    ) -> Result<(), gimli::Error> {
        if depth > DEEPEST {
            return Ok(());
        }
        let mut tree = self.unit.entries_tree(Some(offset))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            match child.entry().tag() {
                constants::DW_TAG_member => {
                    self.member(child.entry(), prefix, base, depth, found)?;
                }
                constants::DW_TAG_variant_part => {
                    self.variants(child, prefix, base, depth, found)?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// The variants of an enumeration of Rust.
    fn variants(
        &mut self,
        part: EntriesTreeNode<'_, '_, TypeReader<'a>>,
        prefix: &str,
        base: u64,
        depth: u32,
        found: &mut FoundType,
    ) -> Result<(), gimli::Error> {
        let mut variants = part.children();
        while let Some(variant) = variants.next()? {
            if variant.entry().tag() == constants::DW_TAG_member {
                self.member(variant.entry(), prefix, base, depth, found)?;
                continue;
            }
            let discriminant = value(variant.entry(), constants::DW_AT_discr_value);
            let mut members = variant.children();
            while let Some(member) = members.next()? {
                if member.entry().tag() != constants::DW_TAG_member {
                    continue;
                }
                if let (Some(value), Some(name)) =
                    (discriminant, name(self.dwarf, self.unit, member.entry())?)
                {
                    found.values.push((name, value));
                }
                self.member(member.entry(), prefix, base, depth, found)?;
            }
        }
        Ok(())
    }

    fn member(
        &mut self,
        entry: &TypeDie<'a>,
        prefix: &str,
        base: u64,
        depth: u32,
        found: &mut FoundType,
    ) -> Result<(), gimli::Error> {
        let Some(kind) = type_of(entry) else { return Ok(()) };
        let start = start(entry).saturating_add(base);
        let own = name(self.dwarf, self.unit, entry)?.unwrap_or_default();
        let name = format!("{prefix}{own}");
        let depth = depth + 1;
        if let Some(pointed) = self.unnamed(kind, true, depth)? {
            found.pointed.push((name.clone(), pointed));
        }
        let Some(inner) = self.unnamed(kind, false, depth)? else {
            let (size, shape) = (self.bits(entry, kind)?, self.shape(kind, depth)?);
            found.members.push(TypeMember { name, start, size, shape });
            return Ok(());
        };
        if own.is_empty() {
            return self.members(inner, prefix, start, depth, found);
        }
        let (size, shape) = (self.bits(entry, kind)?, Rc::new(Shape::Listed));
        let prefix = format!("{name}.");
        found.members.push(TypeMember { name, start, size, shape });
        self.members(inner, &prefix, start, depth, found)
    }

    fn bits(&self, entry: &TypeDie<'a>, kind: UnitOffset) -> Result<u64, gimli::Error> {
        if let Some(bits) = number(entry, constants::DW_AT_bit_size) {
            return Ok(bits);
        }
        Ok(self.size(kind, 0)?.saturating_mul(8))
    }

    /// The structure or union without any name that a type is, is an array of, or, with `pointed`, points to.
    pub(super) fn unnamed(
        &self,
        offset: UnitOffset,
        pointed: bool,
        depth: u32,
    ) -> Result<Option<UnitOffset>, gimli::Error> {
        let entry = self.unit.entry(offset)?;
        let tag = entry.tag();
        if compound(tag).is_some() {
            let has_name = entry.attr(constants::DW_AT_name).is_some();
            return Ok(Some(offset).filter(|_| !pointed && !has_name));
        }
        let is_pointer = tag == constants::DW_TAG_pointer_type;
        let goes_on =
            is_qualifier(tag) || tag == constants::DW_TAG_array_type || (pointed && is_pointer);
        match type_of(&entry) {
            Some(inner) if goes_on && depth < DEEPEST => {
                self.unnamed(inner, pointed && !is_pointer, depth.saturating_add(1))
            }
            _ => Ok(None),
        }
    }

    pub(super) fn shape(
        &mut self,
        offset: UnitOffset,
        depth: u32,
    ) -> Result<Rc<Shape>, gimli::Error> {
        if let Some(known) = self.shapes.get(&offset.0) {
            return Ok(Rc::clone(known));
        }
        if depth > DEEPEST {
            return Ok(Rc::new(Shape::Other));
        }
        let deeper = depth.saturating_add(1);
        let entry = self.unit.entry(offset)?;
        let inner = type_of(&entry);
        let shape = match entry.tag() {
            constants::DW_TAG_base_type
                if entry.attr_value(constants::DW_AT_encoding)
                    == Some(gimli::AttributeValue::Encoding(constants::DW_ATE_float)) =>
            {
                Rc::new(Shape::Float)
            }
            constants::DW_TAG_base_type | constants::DW_TAG_enumeration_type => {
                Rc::new(Shape::Number)
            }
            constants::DW_TAG_pointer_type | constants::DW_TAG_reference_type => {
                Rc::new(Shape::Pointer)
            }
            constants::DW_TAG_array_type => match inner {
                Some(inner) => {
                    let (count, size) = (self.count(offset)?, self.size(inner, 0)?);
                    Rc::new(Shape::Array(count, size, self.shape(inner, deeper)?))
                }
                None => Rc::new(Shape::Other),
            },
            tag if compound(tag).is_some() => {
                let mut found = FoundType::default();
                self.members(offset, "", 0, deeper, &mut found)?;
                let members =
                    found.members.into_iter().filter(|member| *member.shape != Shape::Listed);
                let mut members: Vec<_> =
                    members.map(|member| (member.start, member.size, member.shape)).collect();
                members.sort();
                Rc::new(Shape::Compound(members))
            }
            tag if is_qualifier(tag) || tag == constants::DW_TAG_typedef => match inner {
                Some(inner) => self.shape(inner, deeper)?,
                None => Rc::new(Shape::Other),
            },
            _ => Rc::new(Shape::Other),
        };
        self.shapes.insert(offset.0, Rc::clone(&shape));
        Ok(shape)
    }

    /// The size of a type in bytes.
    pub(super) fn size(&self, offset: UnitOffset, depth: u32) -> Result<u64, gimli::Error> {
        const POINTER: u64 = 8;
        let entry = self.unit.entry(offset)?;
        if let Some(size) = number(&entry, constants::DW_AT_byte_size) {
            return Ok(size);
        }
        let inner = match type_of(&entry) {
            Some(inner) if depth < DEEPEST => self.size(inner, depth.saturating_add(1))?,
            _ => 0,
        };
        Ok(match entry.tag() {
            constants::DW_TAG_pointer_type => POINTER,
            constants::DW_TAG_array_type => inner.saturating_mul(self.count(offset)?),
            tag if is_qualifier(tag) || tag == constants::DW_TAG_typedef => inner,
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
            // A flexible array has neither.
            let last = number(entry, constants::DW_AT_upper_bound);
            let bound = last.map_or(0, |last| last.saturating_add(1));
            let own = number(entry, constants::DW_AT_count).unwrap_or(bound);
            count = count.saturating_mul(own);
        }
        Ok(count)
    }
}

/// Where a member starts, in bits.
fn start(entry: &TypeDie<'_>) -> u64 {
    if let Some(bits) = number(entry, constants::DW_AT_data_bit_offset) {
        return bits;
    }
    let bytes = number(entry, constants::DW_AT_data_member_location);
    bytes.unwrap_or(0).saturating_mul(8)
}
