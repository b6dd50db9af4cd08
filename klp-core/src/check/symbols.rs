//! What livepatch finds by name and position (`klp_find_object_symbol` in kernel/livepatch/core.c).

use std::collections::BTreeMap;

use super::{CheckError, Kernel, Report, Topic, klp_name};
use crate::module::{RawElf, RawSection, SymbolPlace};

/// The symbols of vmlinux as the kernel's own table has them: ascending addresses for each name
/// (scripts/kallsyms.c).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kallsyms {
    addresses: BTreeMap<Vec<u8>, Vec<u64>>,
}

/// `STT_SECTION` and `STT_FILE`, which `nm` does not list.
const UNLISTED: [u8; 2] = [3, 4];

impl Kallsyms {
    /// Those of a linked kernel. `all` is `CONFIG_KALLSYMS_ALL`: without it only code is listed.
    pub fn of(vmlinux: &RawElf<'_>, all: bool) -> Result<Self, CheckError> {
        if vmlinux.is_relocatable() {
            return Err(CheckError::NotKernel("_stext"));
        }
        if vmlinux.symbols.is_empty() {
            return Err(CheckError::Stripped);
        }
        let mut addresses: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        for symbol in vmlinux.symbols.iter().skip(1) {
            let listed = match symbol.place {
                SymbolPlace::Section(section) => {
                    all || vmlinux.section(section).is_some_and(RawSection::is_code)
                }
                SymbolPlace::Absolute => all,
                _ => false,
            };
            if listed && !symbol.name.is_empty() && !UNLISTED.contains(&symbol.kind) {
                addresses.entry(symbol.name.to_vec()).or_default().push(symbol.value);
            }
        }
        if !addresses.contains_key(&b"_stext"[..]) {
            return Err(CheckError::NotKernel("_stext"));
        }
        Ok(Self::sorted(addresses))
    }

    /// Those of a `System.map`: address, type and name on each line.
    #[must_use]
    pub fn of_system_map(text: &str) -> Self {
        let mut addresses: BTreeMap<Vec<u8>, Vec<u64>> = BTreeMap::new();
        for line in text.lines() {
            let mut words = line.split_whitespace();
            let (Some(address), Some(_), Some(name)) = (words.next(), words.next(), words.next())
            else {
                continue;
            };
            if let Ok(address) = u64::from_str_radix(address, 16) {
                addresses.entry(name.as_bytes().to_vec()).or_default().push(address);
            }
        }
        Self::sorted(addresses)
    }

    fn sorted(mut addresses: BTreeMap<Vec<u8>, Vec<u64>>) -> Self {
        for list in addresses.values_mut() {
            list.sort_unstable();
        }
        Self { addresses }
    }

    fn find(&self, name: &str, position: u64) -> Result<u64, String> {
        let found = self.addresses.get(name.as_bytes()).map(Vec::as_slice).unwrap_or_default();
        choose(found, position)
    }
}

/// The address that livepatch takes of those with the name, and why it takes none.
fn choose(addresses: &[u64], position: u64) -> Result<u64, String> {
    let found = match (position, addresses) {
        (_, []) => return Err("not found".to_owned()),
        (0, [address]) => *address,
        (0, several) => {
            return Err(format!(
                "there are {} of that name, and no position is given",
                several.len()
            ));
        }
        (position, several) => {
            let index = usize::try_from(position).ok().and_then(|position| position.checked_sub(1));
            let address = index.and_then(|index| several.get(index)).copied();
            address.ok_or_else(|| {
                format!("position {position}, but there are {} of that name", several.len())
            })?
        }
    };
    if found == 0 {
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
    kernel: &Kernel<'_>,
) -> Result<(), String> {
    if object == "vmlinux" {
        return kernel.kallsyms.find(name, position).map(drop);
    }
    let Some(module) = kernel.modules.get(object) else {
        return Err(format!("module {object} was not built"));
    };
    // A module lists its symbols in the order of its symbol table; those of its initialization only
    // until it has run. The livepatch can be loaded before or after that.
    let places = |with_init: bool| -> Vec<(usize, u64)> {
        let listed = |symbol: &&(usize, &crate::module::RawSymbol<'_>)| {
            symbol.1.name == name.as_bytes() && is_listed(module, symbol.1.place, with_init)
        };
        let symbols: Vec<_> = module.symbols.iter().enumerate().collect();
        symbols.iter().filter(listed).map(|(index, symbol)| (*index, symbol.value)).collect()
    };
    // The index stands for the address, which a module has only once it is loaded.
    let chosen = |with_init| {
        let found: Vec<u64> = places(with_init)
            .into_iter()
            .map(|(index, _)| u64::try_from(index).unwrap_or(u64::MAX))
            .collect();
        choose(&found, position)
    };
    match (chosen(true)?, chosen(false)) {
        (_, Err(why)) => Err(format!("{why} once the module is initialized")),
        (early, Ok(late)) if early != late => {
            Err("another symbol before the module is initialized than after".to_owned())
        }
        _ => Ok(()),
    }
}

fn is_listed(module: &RawElf<'_>, place: SymbolPlace, with_init: bool) -> bool {
    match place {
        SymbolPlace::Section(index) => module.section(index).is_some_and(|section| {
            with_init || (section.is_allocated() && !section.name.starts_with(b".init"))
        }),
        SymbolPlace::Undefined => false,
        _ => with_init,
    }
}

pub(super) fn check(elf: &RawElf<'_>, kernel: &Kernel<'_>, report: &mut Report) {
    for symbol in &elf.symbols {
        let is_livepatch = symbol.place == SymbolPlace::Livepatch;
        if !is_livepatch && !symbol.name.starts_with(b".klp.sym.") {
            continue;
        }
        let text = symbol.name_lossy();
        if !is_livepatch {
            report.error(Topic::Symbol, text, "its section index is not SHN_LIVEPATCH");
            continue;
        }
        report.symbols = report.symbols.saturating_add(1);
        match klp_name::symbol(symbol.name) {
            Err(why) => report.error(Topic::Symbol, text, why),
            Ok(found) => {
                if let Err(why) = resolve(found.object, found.name, found.position, kernel) {
                    report.error(Topic::Symbol, text, why);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_in_ascending_order() {
        let map = Kallsyms::of_system_map("30 t f\n10 t f\n20 T g\n00 A zero\n");
        assert_eq!(map.find("f", 1), Ok(0x10));
        assert_eq!(map.find("f", 2), Ok(0x30));
        assert!(map.find("f", 0).unwrap_err().contains("no position"));
        assert!(map.find("f", 3).is_err());
        assert_eq!(map.find("g", 0), Ok(0x20));
        assert_eq!(map.find("g", 1), Ok(0x20));
        assert!(map.find("zero", 0).is_err());
        assert!(map.find("h", 0).is_err());
    }
}
