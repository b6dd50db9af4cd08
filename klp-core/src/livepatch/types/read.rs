//! Reads the types of an object from its debug information.

use std::collections::{BTreeMap, BTreeSet};

use gimli::{
    AttributeValue, DwarfSections, EndianSlice, LittleEndian, Unit, UnitOffset, constants,
};

use crate::elf::ElfObject;

use super::ObjectTypes;
use super::kinds::{TypeDie, TypeReader, compound, name, reference, type_of, value};
use super::users::TypeUser;
use super::walk::TypeWalk;

/// Enumerators of a type without a name.
const UNNAMED_ENUM: &str = "enum without a name";

/// Where an entry is.
enum TypeScope {
    /// In a namespace, or in a type of Rust.
    Path(String),
    /// In a function with code.
    Function(String),
    /// In a function without.
    Abstract,
}

pub(super) fn types(object: &ElfObject<'_>) -> Result<ObjectTypes, gimli::Error> {
    let sections = DwarfSections::load(|id| Ok::<_, gimli::Error>(content(object, id.name())))?;
    let dwarf = sections.borrow(|bytes| EndianSlice::new(bytes, LittleEndian));
    let mut types = ObjectTypes::default();
    let mut units = dwarf.units();
    while let Some(header) = units.next()? {
        let unit = dwarf.unit(header)?;
        let walk = TypeWalk::new(&dwarf, &unit);
        let reading = TypesReading {
            walk,
            types: &mut types,
            is_rust: is_rust(&unit)?,
            scopes: Vec::new(),
            names: BTreeMap::new(),
            uses: BTreeSet::new(),
            made_of: BTreeSet::new(),
        };
        reading.all()?;
    }
    Ok(types)
}

/// The bytes of a section of debug information, its references to others of them filled in.
pub(super) fn content(object: &ElfObject<'_>, name: &str) -> Vec<u8> {
    let found = object.sections.iter().find(|section| section.name == name.as_bytes());
    let Some(section) = found else { return Vec::new() };
    let mut bytes = section.data.to_vec();
    for reloc in section.relocs.iter() {
        let symbol = object.symbol(reloc.symbol);
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

fn is_rust(unit: &Unit<TypeReader<'_>>) -> Result<bool, gimli::Error> {
    let mut entries = unit.entries();
    let Some(root) = entries.next_dfs()? else { return Ok(false) };
    let language = root.attr_value(constants::DW_AT_language);
    Ok(language == Some(AttributeValue::Language(constants::DW_LANG_Rust)))
}

struct TypesReading<'r, 'w, 'a> {
    walk: TypeWalk<'w, 'a>,
    types: &'r mut ObjectTypes,
    is_rust: bool,
    /// With the depth of each.
    scopes: Vec<(isize, TypeScope)>,
    /// The types of the unit that have a name here.
    names: BTreeMap<usize, String>,
    /// Base types of what functions and variables are declared with.
    uses: BTreeSet<(usize, TypeUser)>,
    /// Types of variables, or of their elements, with the name of each.
    made_of: BTreeSet<(usize, String)>,
}

impl<'a> TypesReading<'_, '_, 'a> {
    fn all(mut self) -> Result<(), gimli::Error> {
        let unit = self.walk.unit;
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs()? {
            let depth = entry.depth();
            while self.scopes.last().is_some_and(|(at, _)| *at >= depth) {
                self.scopes.pop();
            }
            self.entry(entry, depth)?;
        }
        for (offset, user) in self.uses {
            if let Some(name) = self.names.get(&offset) {
                self.types.users.entry(name.clone()).or_default().insert(user);
            }
        }
        for (offset, variable) in self.made_of {
            if let Some(name) = self.names.get(&offset) {
                self.types.made_of.entry(name.clone()).or_default().insert(variable);
            }
        }
        Ok(())
    }

    fn entry(&mut self, entry: &TypeDie<'a>, depth: isize) -> Result<(), gimli::Error> {
        let own = name(self.walk.dwarf, self.walk.unit, entry)?;
        match entry.tag() {
            constants::DW_TAG_namespace => {
                self.scopes.push((depth, TypeScope::Path(own.unwrap_or_default())));
            }
            constants::DW_TAG_subprogram => {
                let scope = self.function(entry, own)?;
                self.scopes.push((depth, scope));
            }
            constants::DW_TAG_structure_type | constants::DW_TAG_union_type => {
                let is_declaration = entry.attr(constants::DW_AT_declaration).is_some();
                let Some(own) = own else { return Ok(()) };
                let kind = compound(entry.tag()).unwrap_or_default();
                let name = format!("{kind} {}", self.path(&own));
                if !is_declaration {
                    self.compound(name.clone(), entry.offset())?;
                }
                self.names.insert(entry.offset().0, name);
                if self.is_rust {
                    self.scopes.push((depth, TypeScope::Path(own)));
                }
            }
            constants::DW_TAG_typedef => {
                let Some(inner) = type_of(entry) else { return Ok(()) };
                if let (Some(own), Some(unnamed)) = (own, self.walk.unnamed(inner, false, 0)?) {
                    let name = self.path(&own);
                    self.names.insert(unnamed.0, name.clone());
                    self.compound(name, unnamed)?;
                }
            }
            constants::DW_TAG_enumeration_type => self.enumeration(entry, own)?,
            constants::DW_TAG_variable | constants::DW_TAG_formal_parameter => {
                self.declared(entry, own)?;
                // Rust's debug information does not say what is constant.
                if !self.is_rust
                    && let Some((name, element, variable)) = self.walk.variable(entry)?
                {
                    self.made_of.insert((element.0, name.clone()));
                    self.types.variables.entry(name).or_default().insert(variable);
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// `own` with the namespaces that it is in.
    fn path(&self, own: &str) -> String {
        let outer = self.scopes.iter().filter_map(|(_, scope)| match scope {
            TypeScope::Path(path) => Some(path.as_str()),
            _ => None,
        });
        outer.chain([own]).collect::<Vec<_>>().join("::")
    }

    fn function(
        &self,
        entry: &TypeDie<'a>,
        own: Option<String>,
    ) -> Result<TypeScope, gimli::Error> {
        let has_code = entry.attr(constants::DW_AT_low_pc).is_some()
            || entry.attr(constants::DW_AT_ranges).is_some();
        if !has_code {
            return Ok(TypeScope::Abstract);
        }
        let TypeWalk { dwarf, unit, .. } = self.walk;
        let own = match (own, reference(entry, constants::DW_AT_abstract_origin)) {
            (None, Some(origin)) => name(dwarf, unit, &unit.entry(origin)?)?,
            (own, _) => own,
        };
        Ok(TypeScope::Function(own.unwrap_or_default()))
    }

    /// The structure or union at `offset`, and those without a name that it points to.
    fn compound(&mut self, name: String, offset: UnitOffset) -> Result<(), gimli::Error> {
        // What a closure keeps is no type that others see, and its number is the compiler's.
        if name.contains("{closure") {
            return Ok(());
        }
        let (layout, found) = self.walk.layout(offset)?;
        for (variant, value) in found.values {
            let values = self.types.values.entry(name.clone()).or_default();
            values.entry(variant).or_default().insert(value);
        }
        for (member, pointed) in found.pointed {
            let (layout, _) = self.walk.layout(pointed)?;
            let name = format!("what {member} of {name} points to");
            self.types.layouts.entry(name).or_default().insert(layout);
        }
        self.types.layouts.entry(name).or_default().insert(layout);
        Ok(())
    }

    fn enumeration(
        &mut self,
        entry: &TypeDie<'a>,
        own: Option<String>,
    ) -> Result<(), gimli::Error> {
        let name = match own {
            Some(own) => format!("enum {}", self.path(&own)),
            None => UNNAMED_ENUM.to_owned(),
        };
        let TypeWalk { dwarf, unit, .. } = self.walk;
        let mut tree = unit.entries_tree(Some(entry.offset()))?;
        let mut children = tree.root()?.children();
        while let Some(child) = children.next()? {
            let entry = child.entry();
            let own = self::name(dwarf, unit, entry)?;
            if let (Some(own), Some(value)) = (own, value(entry, constants::DW_AT_const_value)) {
                let values = self.types.values.entry(name.clone()).or_default();
                values.entry(own).or_default().insert(value);
            }
        }
        self.names.insert(entry.offset().0, name);
        Ok(())
    }

    /// A variable or parameter: what uses its type, and its type where that has no name.
    fn declared(&mut self, entry: &TypeDie<'a>, own: Option<String>) -> Result<(), gimli::Error> {
        let function = self.scopes.iter().rev().find_map(|(_, scope)| match scope {
            TypeScope::Function(name) => Some(Some(name)),
            TypeScope::Abstract => Some(None),
            TypeScope::Path(_) => None,
        });
        let user = match (function, &own) {
            (Some(Some(function)), _) => TypeUser::Function(function.clone()),
            (None, Some(own)) => TypeUser::Variable(self.path(own)),
            _ => return Ok(()),
        };
        if let Some(base) = self.walk.base_type(entry.offset())? {
            self.uses.insert((base.0, user));
        }
        let inner = type_of(entry).map(|inner| self.walk.unnamed(inner, false, 0)).transpose()?;
        if let (Some(own), Some(unnamed)) = (own, inner.flatten()) {
            self.compound(format!("the type of {}", self.path(&own)), unnamed)?;
        }
        Ok(())
    }
}
