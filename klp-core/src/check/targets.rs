//! The functions that a livepatch replaces, as far as its own tables tell: arrays `functions_N` of
//! `struct klp_func` and an array `objects` of `struct klp_object` (include/linux/livepatch.h).

use std::collections::BTreeMap;

use super::{CheckReport, Topic, symbols};
use crate::elf::Place;
use crate::kernel::LinkedKernel;
use crate::module::{RawElf, RawRela, RawSymbol, SymbolPlace};

/// `R_X86_64_64`.
const ADDRESS: u32 = 1;
/// Where `old_sympos` stands in `struct klp_func`, behind `old_name` and `new_func`.
const POSITION: u64 = 16;

/// A function that is replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReplacedFunction {
    /// The module; none for vmlinux.
    pub(super) object: Option<String>,
    name: String,
    position: u64,
}

pub(super) fn check(elf: &RawElf<'_>, kernel: &LinkedKernel, report: &mut CheckReport) {
    let (functions, unread) = functions(elf);
    for place in unread {
        report.error(Topic::Function, place, "it names no function, and leads to none");
    }
    for function in functions {
        report.functions += 1;
        let object = function.object.as_deref().unwrap_or("vmlinux");
        if let Err(why) = symbols::resolve(object, &function.name, function.position, kernel) {
            report.error(Topic::Function, format!("{} of {object}", function.name), why);
        }
    }
}

/// The functions of all tables that are found, and the places in them that lead to nothing that is a name or code.
pub(super) fn functions(elf: &RawElf<'_>) -> (Vec<ReplacedFunction>, Vec<String>) {
    let relocations = addresses(elf);
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for symbol in &elf.symbols {
        let SymbolPlace::Section(section) = symbol.place else { continue };
        if !is_table(symbol) {
            continue;
        }
        let (start, end) = (section.at(symbol.value), section.at(symbol.end()));
        let object = object_of(elf, &relocations, start);
        for (at, rela) in relocations.range(start..end) {
            let to = elf.place_of(rela);
            if to.is_some_and(|to| elf.section(to.section).is_code()) {
                continue;
            }
            let Some(name) = string(elf, rela) else {
                unread.push(format!("{}+{:#x}", symbol.name_lossy(), at.offset - symbol.value));
                continue;
            };
            let position = at
                .offset
                .checked_add(POSITION)
                .and_then(|offset| usize::try_from(offset).ok())
                .and_then(|offset| elf.section(section).data.get(offset..)?.first_chunk::<8>())
                .map_or(0, |bytes| u64::from_le_bytes(*bytes));
            found.push(ReplacedFunction { object: object.clone(), name, position });
        }
    }
    (found, unread)
}

fn is_table(symbol: &RawSymbol<'_>) -> bool {
    symbol.size > 0
        && symbol
            .name
            .strip_prefix(b"functions_")
            .is_some_and(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// Fields that hold addresses, by section and offset.
fn addresses(elf: &RawElf<'_>) -> BTreeMap<Place, RawRela> {
    let tables = elf.sections.iter().filter(|section| section.is_rela());
    let fields = tables.filter_map(|table| Some((elf.relocated_by(table)?, table)));
    let fields = fields
        .flat_map(|(target, table)| table.relas().map(move |rela| (target.at(rela.offset), rela)));
    fields.filter(|(_, rela)| rela.kind == ADDRESS).collect()
}

/// The name in the entry of `objects` whose next field points to the table.
fn object_of(
    elf: &RawElf<'_>,
    relocations: &BTreeMap<Place, RawRela>,
    table: Place,
) -> Option<String> {
    let pointer = relocations.iter().find(|(_, rela)| elf.place_of(rela) == Some(table));
    let (at, _) = pointer?;
    let name = relocations.get(&at.section.at(at.offset.checked_sub(8)?))?;
    string(elf, name)
}

/// The string that a field points to.
fn string(elf: &RawElf<'_>, rela: &RawRela) -> Option<String> {
    let Place { section, offset } = elf.place_of(rela)?;
    let data = elf.section(section).data.get(usize::try_from(offset).ok()?..)?;
    let text = data.split(|byte| *byte == 0).next()?;
    let is_name = !text.is_empty() && text.iter().all(u8::is_ascii_graphic);
    is_name.then(|| String::from_utf8_lossy(text).into_owned())
}
