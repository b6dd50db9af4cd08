//! The sections with debug information, unpacked, and in a file that is not linked with their relocations applied.

use std::borrow::Cow;
use std::collections::BTreeMap;

use gimli::{Dwarf, DwarfSections, EndianSlice, LittleEndian, Unit};

use super::compressed::{is_compressed, unpacked};
use super::space::Space;
use super::{DebugError, budget};
use crate::arch::{Arch as _, RelocKind, for_machine};
use crate::elf::SectionId;
use crate::ids::{Id, List};
use crate::module::{RawElf, RawRela, RawSection, SymbolPlace};

/// Bytes of debug information.
pub(super) type DwarfReader<'a> = EndianSlice<'a, LittleEndian>;

/// What `dwz` and `objcopy --add-gnu-debuglink` leave in place of debug information.
const LINKS: [&str; 2] = [".gnu_debugaltlink", ".gnu_debuglink"];

/// Sections of debug information, and where code is.
pub(super) struct Sections<'data> {
    content: DwarfSections<Cow<'data, [u8]>>,
    space: Space,
    size: usize,
}

impl<'data> Sections<'data> {
    /// Those of `elf`.
    pub(super) fn of(elf: &RawElf<'data>) -> Result<Self, DebugError> {
        let space = Space::of(elf);
        let names: BTreeMap<&[u8], SectionId> =
            elf.sections.with_ids().map(|(section, id)| (section.name, id)).collect();
        if !names.contains_key(&b".debug_info"[..]) {
            if names.contains_key(&b".zdebug_info"[..]) {
                let how = "the old way of GNU, .zdebug".to_owned();
                return Err(DebugError::Compressed(".zdebug_info".to_owned(), how));
            }
            let link = LINKS.iter().find_map(|name| elf.section_named(name));
            return Err(link.map_or(DebugError::Missing, elsewhere));
        }
        if let Some(link) = elf.section_named(LINKS[0]) {
            return Err(elsewhere(link));
        }
        let mut size = 0_usize;
        let content = DwarfSections::load(|id| {
            let Some(index) = names.get(id.name().as_bytes()) else { return Ok(Cow::default()) };
            let bytes = bytes_of(elf, *index, &space)?;
            size = size.saturating_add(bytes.len());
            Ok::<_, DebugError>(bytes)
        })?;
        Ok(Self { content, space, size })
    }

    /// What they say.
    pub(super) fn dwarf(&self) -> Dwarf<DwarfReader<'_>> {
        self.content.borrow(|bytes| EndianSlice::new(bytes, LittleEndian))
    }

    /// Where code is.
    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    /// How many bytes they have together.
    pub(super) fn size(&self) -> usize {
        self.size
    }
}

/// The file that a section of a link names.
fn elsewhere(link: &RawSection<'_>) -> DebugError {
    let name = link.data.split(|byte| *byte == 0).next().unwrap_or_default();
    DebugError::Elsewhere(String::from_utf8_lossy(name).into_owned())
}

/// The bytes of a section.
fn bytes_of<'data>(
    elf: &RawElf<'data>,
    id: SectionId,
    space: &Space,
) -> Result<Cow<'data, [u8]>, DebugError> {
    let section = elf.section(id);
    let mut bytes = if is_compressed(section) {
        Cow::Owned(unpacked(section)?)
    } else {
        Cow::Borrowed(section.data)
    };
    if elf.is_relocatable() {
        for rela in elf.relas_of(id) {
            let kind = for_machine!(elf.machine, A => A::relocation(rela.kind));
            if kind == RelocKind::None {
                continue;
            }
            let name = || section.name_lossy().into_owned();
            if kind.is_relative() || kind.width() == 0 {
                return Err(DebugError::Relocation(name(), rela.kind));
            }
            let value = target(elf, &rela, space).wrapping_add_signed(rela.addend);
            let width = usize::try_from(kind.width()).unwrap_or(usize::MAX);
            let start = usize::try_from(rela.offset).unwrap_or(usize::MAX);
            let field = bytes.to_mut().get_mut(start..start.saturating_add(width));
            // One that is behind the section would be applied to nothing.
            let (Some(field), Some(value)) =
                (field, value.to_le_bytes().get(..width).map(<[u8]>::to_vec))
            else {
                return Err(DebugError::Relocation(name(), rela.kind));
            };
            field.copy_from_slice(&value);
        }
    }
    Ok(bytes)
}

/// The address of a symbol; what is not here is at 0.
fn target(elf: &RawElf<'_>, rela: &RawRela, space: &Space) -> u64 {
    match elf.symbol_of(rela) {
        Some(symbol) => match symbol.place {
            SymbolPlace::Section(section) => space.start(section).wrapping_add(symbol.value),
            SymbolPlace::Absolute => symbol.value,
            _ => 0,
        },
        None => 0,
    }
}

/// What was compiled together.
pub(super) type UnitId = Id<Unit<DwarfReader<'static>>>;

/// All units, in their order.
pub(super) fn units<'a>(
    dwarf: &Dwarf<DwarfReader<'a>>,
) -> Result<List<UnitId, Unit<DwarfReader<'a>>>, DebugError> {
    let mut headers = dwarf.units();
    let mut units = List::default();
    while let Some(header) = headers.next()? {
        let unit = dwarf.unit(header)?;
        if let Some(name) = unit.dwo_name()? {
            let name = dwarf.attr_string(&unit, name)?;
            return Err(DebugError::Elsewhere(name.to_string_lossy().into_owned()));
        }
        units.push(unit);
    }
    Ok(units)
}

/// Takes what a text takes.
pub(super) fn text(
    text: DwarfReader<'_>,
    budget: &mut budget::Budget,
) -> Result<String, DebugError> {
    budget.take(text.len())?;
    Ok(text.to_string_lossy().into_owned())
}
