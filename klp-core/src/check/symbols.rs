//! What livepatch finds by name and position (`klp_find_object_symbol` in kernel/livepatch/core.c).

use std::collections::BTreeSet;

use super::{CheckReport, Topic, klp_name};
use crate::elf::SymbolId;
use crate::kernel::{KernelSymbol, LinkedKernel, module_name};
use crate::module::{RawElf, RawSection, SymbolPlace};

/// `R_X86_64_64`, `R_X86_64_32` and `R_X86_64_32S`.
const ADDRESSES: [u32; 3] = [1, 10, 11];

/// The symbol that livepatch takes of those with the name, and why it takes none.
fn choose(listed: &[KernelSymbol], position: u64) -> Result<KernelSymbol, String> {
    let found = match (position, listed) {
        (_, []) => return Err("not found".to_owned()),
        (0, [only]) => *only,
        (0, several) => {
            return Err(format!(
                "there are {} of that name, and no position is given",
                several.len()
            ));
        }
        (position, several) => {
            let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
            let listed = index.and_then(|index| several.get(index)).copied();
            listed.ok_or_else(|| {
                format!("position {position}, but there are {} of that name", several.len())
            })?
        }
    };
    if found.section.is_none() && found.value == 0 {
        Err("its address is 0, which livepatch takes for not found".to_owned())
    } else {
        Ok(found)
    }
}

/// Resolves a symbol as livepatch does.
pub(super) fn resolve(
    object: &str,
    name: &str,
    position: u64,
    kernel: &LinkedKernel,
) -> Result<KernelSymbol, String> {
    if object == "vmlinux" {
        return choose(kernel.vmlinux.named(name.as_bytes()), position);
    }
    let module = kernel.modules.iter().find(|(path, _)| module_name(path) == object);
    let Some((_, module)) = module else {
        return Err(format!("module {object} was not built"));
    };
    // The livepatch can be loaded before or after the module has been initialized.
    let early = module.named(name.as_bytes());
    let late: Vec<KernelSymbol> = early.iter().filter(|listed| listed.lasting).copied().collect();
    match (choose(early, position)?, choose(&late, position)) {
        (_, Err(why)) => Err(format!("{why} once the module is initialized")),
        (early, Ok(late)) if early != late => {
            Err("another symbol before the module is initialized than after".to_owned())
        }
        (early, _) => Ok(early),
    }
}

pub(super) fn check(elf: &RawElf<'_>, kernel: &LinkedKernel, report: &mut CheckReport) {
    let tables = elf.sections.iter().filter(|section| section.is_rela());
    let relas = tables.flat_map(RawSection::relas);
    let addresses = relas.filter(|rela| ADDRESSES.contains(&rela.kind));
    let pointed_to: BTreeSet<SymbolId> =
        addresses.filter_map(|rela| elf.symbol_id_of(&rela)).collect();
    for (symbol, index) in elf.symbols.with_ids() {
        let is_livepatch = symbol.place == SymbolPlace::Livepatch;
        if !is_livepatch && !symbol.name.starts_with(b".klp.sym.") {
            continue;
        }
        let text = symbol.name_lossy();
        if !is_livepatch {
            report.error(Topic::Symbol, text, "its section index is not SHN_LIVEPATCH");
            continue;
        }
        report.symbols += 1;
        match klp_name::symbol(symbol.name) {
            Err(why) => report.error(Topic::Symbol, text, why),
            Ok(found) => match resolve(found.object, found.name, found.position, kernel) {
                Err(why) => report.error(Topic::Symbol, text, why),
                Ok(listed) if listed.sealed && pointed_to.contains(&index) => {
                    let what = "a pointer to a function whose ENDBR is sealed: calls of it trap";
                    report.error(Topic::Symbol, text, what);
                }
                Ok(_) => {}
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::Kallsyms;

    #[test]
    fn positions_count_from_one_in_ascending_order() {
        let listed =
            |value| KernelSymbol { value, global: true, lasting: true, ..KernelSymbol::default() };
        let symbols = [("f", 0x10), ("g", 0x20), ("f", 0x30), ("zero", 0)];
        let map: Kallsyms = symbols
            .map(|(name, value)| (name.as_bytes().to_vec(), listed(value)))
            .into_iter()
            .collect();
        let find = |name: &str, position| {
            choose(map.named(name.as_bytes()), position).map(|listed| listed.value)
        };
        assert_eq!(find("f", 1), Ok(0x10));
        assert_eq!(find("f", 2), Ok(0x30));
        assert!(find("f", 0).unwrap_err().contains("no position"));
        assert!(find("f", 3).is_err());
        assert_eq!(find("g", 0), Ok(0x20));
        assert_eq!(find("g", 1), Ok(0x20));
        assert!(find("zero", 0).is_err());
        assert!(find("h", 0).is_err());
    }
}
