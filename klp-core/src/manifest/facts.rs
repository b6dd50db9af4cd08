//! What an object says about its symbols to linkers and loaders, which no digest holds.

use std::collections::BTreeSet;

use bitcode::{Decode, Encode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::elf::{Definition, ElfObject, Place, Section, SectionId, Symbol, SymbolKind};

/// One such thing. Those of an object are sorted.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema, Encode, Decode,
)]
#[serde(rename_all = "kebab-case")]
pub struct Fact {
    /// What it is about, the code of the note that says that it changed: `binding`, `export`, `license` or `seal`.
    pub about: String,
    /// A symbol; empty for the object.
    pub name: String,
    /// What is said.
    pub says: String,
}

/// Entries of `.ibt_endbr_seal`: functions whose ENDBR the kernel takes away, since nothing has their address.
pub(crate) const SEAL: &str = "seal";
/// Whether a definition or a reference is weak.
pub(crate) const BINDING: &str = "binding";
/// Licence and name space of an exported symbol.
pub(crate) const EXPORT: &str = "export";
/// Licence of a module.
pub(crate) const LICENSE: &str = "license";

impl Fact {
    pub(crate) fn new(about: &str, name: &str, says: &str) -> Self {
        Self { about: about.to_owned(), name: name.to_owned(), says: says.to_owned() }
    }

    /// Those of `elf`.
    pub(crate) fn of(elf: &ElfObject<'_>) -> Vec<Self> {
        let mut facts = BTreeSet::new();
        for symbol in elf.symbols.iter().filter(|symbol| symbol.weak) {
            let says = match symbol.place {
                Definition::Undefined => "weak reference",
                _ => "weak definition",
            };
            facts.insert(Self::new(BINDING, &symbol.name_lossy(), says));
        }
        for (section, index) in elf.sections.with_ids() {
            match section.name {
                b".ibt_endbr_seal" => facts.extend(sealed(elf, section)),
                b".export_symbol" => facts.extend(exports(elf, section, index)),
                b".modinfo" => facts.extend(licenses(section)),
                name => facts.extend(old_export(name)),
            }
        }
        facts.into_iter().collect()
    }
}

/// `.ibt_endbr_seal`: 4 bytes an entry, the distance to the ENDBR at a function's start.
fn sealed<'a>(elf: &'a ElfObject<'_>, section: &'a Section<'_>) -> impl Iterator<Item = Fact> + 'a {
    let places: BTreeSet<Place> =
        section.relocs.iter().filter_map(|reloc| elf.place_of(&reloc)).collect();
    let is_sealed = move |symbol: &&Symbol<'_>| match symbol.place {
        Definition::Section(section) => {
            symbol.kind == SymbolKind::Function && places.contains(&section.at(symbol.value))
        }
        _ => false,
    };
    let functions = elf.symbols.iter().filter(is_sealed);
    functions.map(|symbol| Fact::new(SEAL, &symbol.name_lossy(), ""))
}

/// `.export_symbol` (`include/linux/export.h`, 6.5 and later): at `__export_symbol_NAME` licence and name space, each
/// with a NUL behind it.
fn exports<'a>(
    elf: &'a ElfObject<'_>,
    section: &'a Section<'_>,
    index: SectionId,
) -> impl Iterator<Item = Fact> + 'a {
    elf.symbols.iter().filter(move |symbol| symbol.place == Definition::Section(index)).filter_map(
        |symbol| {
            let name = symbol.name.strip_prefix(b"__export_symbol_")?;
            let text = section.data.get(usize::try_from(symbol.value).ok()?..)?;
            let mut strings = text.split(|byte| *byte == 0).map(String::from_utf8_lossy);
            let (license, namespace) = (strings.next()?, strings.next()?);
            let says = format!("{license} {namespace}");
            Some(Fact::new(EXPORT, &String::from_utf8_lossy(name), says.trim()))
        },
    )
}

/// Before, each exported symbol has a section of its own: `___ksymtab+NAME` or `___ksymtab_gpl+NAME`.
fn old_export(section: &[u8]) -> Option<Fact> {
    let (name, says) = match section.strip_prefix(b"___ksymtab_gpl+") {
        Some(name) => (name, "GPL"),
        None => (section.strip_prefix(b"___ksymtab+")?, ""),
    };
    Some(Fact::new(EXPORT, &String::from_utf8_lossy(name), says))
}

fn licenses<'a>(section: &'a Section<'_>) -> impl Iterator<Item = Fact> + 'a {
    let entries = section.data.split(|byte| *byte == 0);
    let licenses = entries.filter_map(|entry| entry.strip_prefix(b"license="));
    licenses.map(|license| Fact::new(LICENSE, "", &String::from_utf8_lossy(license)))
}
