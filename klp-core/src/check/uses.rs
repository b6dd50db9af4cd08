//! What a livepatch shares with the running kernel: everything that it does not bring along itself.

use super::{CheckError, klp_name, livepatch};
use crate::module::SymbolPlace;

/// A symbol of the running kernel that a livepatch uses.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SymbolUse {
    /// The symbol.
    pub symbol: String,
    /// `vmlinux` or the module that has it, and which of its symbols of that name is meant, from 1; 0 where there is only
    /// one. None for an export, which the module loader finds.
    pub place: Option<(String, u64)>,
}

/// What the livepatch `module` uses of the running kernel, sorted by name.
pub fn uses(module: &[u8]) -> Result<Vec<SymbolUse>, CheckError> {
    let elf = livepatch(module)?;
    let symbols = elf.symbols.iter().filter(|symbol| !symbol.name.is_empty());
    let mut uses: Vec<SymbolUse> = symbols
        .filter_map(|symbol| match symbol.place {
            SymbolPlace::Undefined => {
                Some(SymbolUse { symbol: symbol.name_lossy().into_owned(), place: None })
            }
            SymbolPlace::Livepatch => {
                // A name that livepatch cannot read is a finding of `check`.
                let name = klp_name::symbol(symbol.name).ok()?;
                let place = Some((name.object.to_owned(), name.position));
                Some(SymbolUse { symbol: name.name.to_owned(), place })
            }
            _ => None,
        })
        .collect();
    uses.sort();
    uses.dedup();
    Ok(uses)
}
