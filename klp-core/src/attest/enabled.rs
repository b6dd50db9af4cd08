//! What the module asks livepatch to do: its `struct klp_patch`, and what its init code writes into it before
//! `klp_enable_patch` (`include/linux/livepatch.h`; the first fields are the same from Linux 5.1 to 7.2).

use std::collections::{BTreeMap, BTreeSet};

use super::view::{FieldUse, FileView, SymbolOffset};
use super::x86_64::{Register, RegisterStep, instructions};
use crate::elf::{Definition, Place, SectionId, SymbolKind};

/// A function that livepatch is told to replace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Replacement {
    /// `vmlinux`, or the name of a module.
    pub(super) object: String,
    pub(super) name: String,
    pub(super) position: u64,
    pub(super) by: Place,
}

/// All that it is told.
#[derive(Debug, Default)]
pub(super) struct EnabledPatch {
    /// What it is told of: `vmlinux`, and names of modules.
    pub(super) objects: BTreeSet<String>,
    pub(super) replacements: Vec<Replacement>,
    pub(super) callbacks: Vec<Place>,
    /// The tables themselves: section, start, end.
    pub(super) tables: Vec<(SectionId, u64, u64)>,
}

/// Offsets in `struct klp_patch`, `klp_object` and `klp_func`.
const PATCH_OBJECTS: u64 = 8;
const OBJECT_FUNCTIONS: u64 = 8;
const OBJECT_CALLBACKS: [u64; 4] = [16, 24, 32, 40];
const FUNCTION_NEW: u64 = 8;
const FUNCTION_POSITION: u64 = 16;

/// What a register holds.
#[derive(Debug, Clone, Copy)]
enum RegisterContent {
    Address(Place),
    /// What is at the place in memory.
    Loaded(Place),
}

/// What the init code does before it enables the patch.
#[derive(Debug, Default)]
struct Init {
    patch: Option<Place>,
    /// By where it is written.
    stores: BTreeMap<Place, Place>,
}

/// Reads what `module` asks for; else what cannot be understood.
pub(super) fn enabled(module: &FileView<'_>) -> Result<EnabledPatch, String> {
    let init = init(module)?;
    let patch = init.patch.ok_or("its init code does not call klp_enable_patch")?;
    let objects =
        pointer(module, patch.plus(PATCH_OBJECTS))?.ok_or("its struct klp_patch has no objects")?;
    let mut enabled = EnabledPatch::default();
    let mut used = 0usize;
    enabled.tables.extend([table(module, patch)?, table(module, objects)?]);
    for entry in entries(module, objects, OBJECT_FUNCTIONS)? {
        let object = match pointer(module, entry)? {
            None => "vmlinux".to_owned(),
            Some(name) => string(module, name).ok_or("an object without a readable name")?,
        };
        enabled.objects.insert(object.clone());
        let functions = pointer(module, entry.plus(OBJECT_FUNCTIONS))?.ok_or("no functions")?;
        enabled.tables.push(table(module, functions)?);
        for callback in OBJECT_CALLBACKS {
            let field = entry.plus(callback);
            if let Some(from) = init.stores.get(&field) {
                used += 1;
                enabled.tables.push((from.section, from.offset, from.offset.saturating_add(8)));
                let to = pointer(module, *from)?.ok_or("a callback that is nowhere")?;
                enabled.callbacks.push(to);
            } else if let Some(to) = pointer(module, field)? {
                enabled.callbacks.push(to);
            }
        }
        for function in entries(module, functions, 0)? {
            let name = pointer(module, function)?.and_then(|name| string(module, name));
            let name = name.ok_or("a function without a readable name")?;
            let field = function.plus(FUNCTION_NEW);
            let by = match init.stores.get(&field) {
                Some(from) => {
                    used += 1;
                    enabled.tables.push((from.section, from.offset, from.offset.saturating_add(8)));
                    pointer(module, *from)?
                }
                None => pointer(module, field)?,
            };
            let by = by.ok_or_else(|| format!("`{name}` is replaced by nothing"))?;
            let position = number(module, function.plus(FUNCTION_POSITION))
                .ok_or_else(|| format!("`{name}` has no position"))?;
            enabled.replacements.push(Replacement { object: object.clone(), name, position, by });
        }
    }
    if used != init.stores.len() {
        return Err("its init code writes to something else than its tables".to_owned());
    }
    Ok(enabled)
}

/// Follows the init code, which is straight.
fn init(module: &FileView<'_>) -> Result<Init, String> {
    let start = module.named(b"init_module").first().map(|index| module.symbol(*index));
    let start = start.ok_or("it has no init_module")?;
    let Definition::Section(index) = start.place else { return Err("no init_module".into()) };
    let section = module.section(index);
    let code = section.bytes(start.value, start.size).ok_or("no init_module")?;
    let mut registers: BTreeMap<Register, RegisterContent> = BTreeMap::new();
    let mut found = Init::default();
    for instruction in instructions(code, start.value) {
        let next = instruction.next;
        let reloc = section.relocs.within(instruction.start, next).next();
        let aimed = reloc.map(|reloc| {
            let behind = next.saturating_sub(reloc.offset);
            SymbolOffset::of(&reloc, FieldUse { behind, ..Default::default() })
        });
        let place = aimed.and_then(|aim| module.place(aim));
        let place =
            place.and_then(|(section, offset)| Some(section.at(u64::try_from(offset).ok()?)));
        match instruction.step {
            RegisterStep::Load(first) => {
                registers.remove(&first);
                if let Some(place) = place {
                    registers.insert(first, RegisterContent::Loaded(place));
                }
            }
            RegisterStep::Address(first) => {
                registers.remove(&first);
                if let Some(place) = place {
                    registers.insert(first, RegisterContent::Address(place));
                }
            }
            RegisterStep::Store(source) => {
                let (Some(to), Some(RegisterContent::Loaded(from))) =
                    (place, registers.get(&source))
                else {
                    return Err("its init code writes what cannot be followed".to_owned());
                };
                found.stores.insert(to, *from);
            }
            RegisterStep::Other(first) => {
                let callee = aimed.map(|aim| module.symbol(aim.symbol));
                if callee.is_some_and(|callee| callee.name == b"klp_enable_patch") {
                    if let Some(RegisterContent::Address(patch)) =
                        registers.get(&Register::FIRST_ARGUMENT)
                    {
                        found.patch = Some(*patch);
                    }
                    return Ok(found);
                }
                if let Some(first) = first {
                    registers.remove(&first);
                }
            }
        }
    }
    Ok(found)
}

/// The starts of the entries of an array, the last of which is empty. `field` is the field that all others have.
fn entries(module: &FileView<'_>, start: Place, field: u64) -> Result<Vec<Place>, String> {
    let (section, from, to) = table(module, start)?;
    let header = module.section(section);
    let mut relocs = header.relocs.within(from, to).peekable();
    let is_named = |offset: u64| header.relocs.at(offset).is_some();
    let Some(first) = relocs.peek() else { return Ok(Vec::new()) };
    if !is_named(from.saturating_add(field)) {
        return Err(format!("a table that starts with a field at {:#x}", first.offset));
    }
    let size = to.saturating_sub(from);
    // The sizes of the structures differ with the configuration; each entry has the field, the last one not.
    let fits = |count: &u64| {
        let Some(step) = size.checked_div(count.saturating_add(1)) else { return false };
        size.checked_rem(count.saturating_add(1)) == Some(0)
            && step > FUNCTION_POSITION
            && step.checked_rem(8) == Some(0)
            && (0..=*count).all(|number| {
                let offset = from.saturating_add(step.saturating_mul(number)).saturating_add(field);
                is_named(offset) == (number < *count)
            })
    };
    let most = u64::try_from(relocs.count()).unwrap_or(u64::MAX);
    let count = (1..=most).rev().find(fits).ok_or("a table whose entries cannot be told apart")?;
    let step = size.checked_div(count.saturating_add(1)).unwrap_or(size);
    Ok((0..count)
        .map(|number| section.at(from.saturating_add(step.saturating_mul(number))))
        .collect())
}

/// The variable that starts at a place.
fn table(module: &FileView<'_>, at: Place) -> Result<(SectionId, u64, u64), String> {
    let symbol = module.elf.symbols.iter().find(|symbol| {
        symbol.place == Definition::Section(at.section)
            && symbol.value == at.offset
            && symbol.kind == SymbolKind::Object
            && symbol.size > 0
    });
    let symbol = symbol.ok_or("a table without a symbol")?;
    Ok((at.section, at.offset, at.offset.saturating_add(symbol.size)))
}

/// Where the pointer at a place leads to in the module; none if it is NULL.
pub(super) fn pointer(module: &FileView<'_>, at: Place) -> Result<Option<Place>, String> {
    let reloc = module.section(at.section).relocs.at(at.offset);
    let Some(reloc) = reloc else { return Ok(None) };
    let place = module.place(SymbolOffset::of(&reloc, FieldUse::default()));
    let place = place.and_then(|(section, offset)| Some(section.at(u64::try_from(offset).ok()?)));
    place.map(Some).ok_or_else(|| "a pointer to something outside of the module".to_owned())
}

fn number(module: &FileView<'_>, at: Place) -> Option<u64> {
    let section = Some(module.section(at.section))
        .filter(|section| section.relocs.at(at.offset).is_none())?;
    Some(u64::from_le_bytes(*section.bytes(at.offset, 8)?.first_chunk()?))
}

fn string(module: &FileView<'_>, at: Place) -> Option<String> {
    let data = module.section(at.section).data.get(usize::try_from(at.offset).ok()?..)?;
    let text = data.split(|byte| *byte == 0).next().filter(|text| !text.is_empty())?;
    Some(String::from_utf8_lossy(text).into_owned())
}
