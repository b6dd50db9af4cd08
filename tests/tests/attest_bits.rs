//! What the second opinion says of modules that were altered: each bit of code, each relocation, files that are cut.

use anyhow::{Context as _, Result, ensure};
use klp_core::module::{RawElf, RawSection};
use klp_tests::small::for_each_compiler;
use klp_tests::tools::compilers;

use crate::attest::{passes, right};

const CLANG: &str = "clang-19";

/// Where a section is in the file.
fn range(module: &[u8], section: &RawSection<'_>) -> Result<std::ops::Range<usize>> {
    let start = (section.data.as_ptr() as usize).checked_sub(module.as_ptr() as usize);
    let start = start.context("a section outside of the file")?;
    Ok(start..start + section.data.len())
}

/// The places of all relocations of the sections that `wanted` says.
fn relocations(module: &[u8], wanted: impl Fn(&[u8]) -> bool) -> Result<Vec<usize>> {
    let elf = RawElf::parse(module)?;
    let mut places = Vec::new();
    for section in elf.sections.iter().filter(|section| section.is_rela()) {
        let holder = elf.section(elf.relocated_by(section).context("no section")?);
        if wanted(holder.name) {
            places.extend(range(module, section)?.step_by(24));
        }
    }
    Ok(places)
}

#[test]
fn every_bit_of_code_and_every_relocation_counts() -> Result<()> {
    for_each_compiler("every_bit_of_code_and_every_relocation_counts", |compiler| {
        let made = right().make(compiler)?;
        passes(&made, &made.module)?;
        let is_code = |name: &[u8]| name.starts_with(b".text.show");
        let mut mutants = Vec::new();
        let elf = RawElf::parse(&made.module)?;
        let code = elf.sections.iter().find(|section| is_code(section.name)).context("no code")?;
        for place in range(&made.module, code)? {
            let mut mutant = made.module.clone();
            mutant[place] ^= 0x40;
            mutants.push((format!("code {place:#x}"), mutant));
        }
        let places = relocations(&made.module, is_code)?;
        ensure!(places.len() > 4, "{places:?}");
        for place in places {
            let mut addend = made.module.clone();
            addend[place + 16] ^= 8;
            mutants.push((format!("addend {place:#x}"), addend));
            let mut field = made.module.clone();
            field[place] ^= 1;
            mutants.push((format!("field {place:#x}"), field));
            for symbol in 1..u8::try_from(elf.symbols.len())? {
                let mut other = made.module.clone();
                if other[place + 12] != symbol {
                    other[place + 12] = symbol;
                    mutants.push((format!("symbol {symbol} at {place:#x}"), other));
                }
            }
        }
        for (what, mutant) in mutants {
            ensure!(!made.classes(&mutant)?.is_empty(), "{what} is not found");
        }
        Ok(())
    })
}

/// With kCFI, callers compare the type in front of a function.
#[test]
fn the_type_in_front_of_a_function_counts() -> Result<()> {
    if !compilers("the_type_in_front_of_a_function_counts").contains(&CLANG) {
        return Ok(());
    }
    let mut case = right();
    case.flags = vec!["-fsanitize=kcfi"];
    let made = case.make(CLANG)?;
    passes(&made, &made.module)?;
    let elf = RawElf::parse(&made.module)?;
    let named = |name: &[u8]| elf.symbols.iter().find(|symbol| symbol.name == name);
    let (kind, show) =
        (named(b"__cfi_show").context("no type")?, named(b"show").context("no show")?);
    let code =
        elf.sections.iter().find(|section| section.name == b".text.show").context("no code")?;
    let start = range(&made.module, code)?.start;
    for place in usize::try_from(kind.value)?..usize::try_from(show.value)? {
        let mut mutant = made.module.clone();
        mutant[start + place] ^= 4;
        ensure!(!made.classes(&mutant)?.is_empty(), "the type's byte {place} is not found");
    }
    case.module_flags = vec!["-fno-sanitize=kcfi"];
    let made = case.make(CLANG)?;
    let report = made.opinion(&made.module)?;
    let said = report.findings.iter().any(|finding| finding.what.contains("not in front of it"));
    ensure!(said, "{:#?}", report.findings);
    Ok(())
}

#[test]
fn a_module_that_cannot_be_read_is_no_module() -> Result<()> {
    let made = right().make("gcc")?;
    for length in (0..made.module.len()).step_by(97) {
        let cut = made.module.get(..length).context("no such length")?;
        if let Ok(report) = made.opinion(cut) {
            ensure!(!report.findings.is_empty(), "{length} bytes pass");
        }
    }
    Ok(())
}
