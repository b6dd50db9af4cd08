//! The proof that an object is what a kernel or a module that somebody else built was linked from.
//!
//! Where the object's sections were put is told by the symbols of both sides, then by what proven code refers to.
//! Then each byte of each section is compared, relocated: a field has to lead where the object's relocation leads,
//! to the same symbol, to the same place of a section, or to a string of the same content. What is not equal has to
//! be explained by a rule with a name.
//!
//! It is written from the formats (System V ABI, x86-64 supplement, chapter 4.4), and shares with digests and
//! extraction nothing but the reader of ELF files.

mod compare;
mod field;
mod merged;
mod placed;
mod rules;
mod shipped;
mod tables;
mod x86_64;

use crate::elf::ElfError;
use crate::module::{RawElf, SymbolPlace};

use compare::SectionComparison;
pub use rules::RULES;
pub use shipped::ShippedImage;

/// What of an object is what was shipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShippedProof {
    /// How many functions the object has.
    pub functions: usize,
    /// Those that are not equal, sorted by name.
    pub different: Vec<Different>,
    /// How many variables and constants with a name were compared.
    pub data: usize,
    /// Those that are not equal.
    pub different_data: Vec<Different>,
}

/// Something of the object that is not what was shipped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Different {
    /// Its name.
    pub name: String,
    /// Where it differs first, in bytes from its start; none if it is not there at all.
    pub offset: Option<u64>,
    /// The same in its section, such as `.text+0x1c4`.
    pub place: Option<String>,
    /// What is there.
    pub why: String,
}

impl Different {
    /// What differs where, for people.
    #[must_use]
    pub fn text(&self) -> String {
        let Self { why, place, offset, .. } = self;
        match offset.zip(place.as_ref()) {
            Some((offset, place)) => format!("{why} at +{offset:#x} ({place})"),
            None => why.clone(),
        }
    }
}

/// Compares `object` with what was shipped.
pub fn prove(object: &[u8], shipped: &ShippedImage<'_>) -> Result<ShippedProof, ElfError> {
    let object = RawElf::parse(object)?;
    let comparison = SectionComparison::of(&object, shipped);
    let mut proof = ShippedProof::default();
    for symbol in &object.symbols {
        let SymbolPlace::Section(section) = symbol.place else { continue };
        let is_object = symbol.kind == object::elf::STT_OBJECT.0;
        let header = object.section(section);
        if symbol.size == 0 || !(symbol.is_function() || is_object) {
            continue;
        }
        let range = symbol.value..symbol.end();
        let found = comparison.first_difference(section, &range);
        let count = if is_object { &mut proof.data } else { &mut proof.functions };
        *count += 1;
        if let Some((offset, why)) = found {
            let section = header.name_lossy();
            let place = offset.map(|offset| format!("{section}+{offset:#x}"));
            let offset = offset.map(|offset| offset.saturating_sub(symbol.value));
            let name = symbol.name_lossy().into_owned();
            let different = Different { name, offset, place, why };
            let list = if is_object { &mut proof.different_data } else { &mut proof.different };
            list.push(different);
        }
    }
    proof.different.sort();
    proof.different_data.sort();
    Ok(proof)
}
