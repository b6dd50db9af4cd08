//! The names under which the livepatch's objects refer to the kernel until the module is finished.
//!
//! A global keeps its own name, because objtool knows functions by theirs (those that do not return,
//! static call trampolines). What could be taken for something else gets a name of ours, without dots,
//! because modpost cuts numbers off behind them.

use std::collections::{BTreeMap, BTreeSet};

use super::target::{KlpSymbol, LinkTarget};

/// The static call trampolines of a module are called directly: objtool must not make a site of the
/// call, because its key is not there when the livepatch is loaded.
const TRAMPOLINE: &str = "__SCT__";

/// What fits into `struct modversion_info`: with `CONFIG_MODVERSIONS` modpost refuses longer names.
const LONGEST: usize = 55;

/// Names that the module's own code defines.
const RESERVED: &[&str] = &["init_module", "cleanup_module", "__this_module"];

/// A name for each target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LinkNames {
    names: BTreeMap<LinkTarget, String>,
}

impl LinkNames {
    /// Names for `targets`; `defined` are the globals that the livepatch defines itself.
    pub(super) fn of(targets: BTreeSet<LinkTarget>, defined: &BTreeSet<String>) -> Self {
        let mut taken: BTreeSet<String> =
            RESERVED.iter().map(ToString::to_string).chain(defined.iter().cloned()).collect();
        let exports = targets.iter().filter_map(|target| match target {
            LinkTarget::Export(name) => Some(name.clone()),
            LinkTarget::Livepatch(_) => None,
        });
        taken.extend(exports);
        let mut names = BTreeMap::new();
        for target in targets {
            let name = match &target {
                LinkTarget::Export(name) => name.clone(),
                LinkTarget::Livepatch(symbol) => free_name(symbol, &taken),
            };
            taken.insert(name.clone());
            names.insert(target, name);
        }
        Self { names }
    }

    /// The name of `target`.
    pub(super) fn name(&self, target: &LinkTarget) -> &str {
        self.names.get(target).map(String::as_str).unwrap_or_default()
    }

    /// The names that livepatch resolves.
    pub(super) fn into_symbols(self) -> BTreeMap<String, KlpSymbol> {
        let symbols = self.names.into_iter().filter_map(|(target, name)| match target {
            LinkTarget::Livepatch(symbol) => Some((name, symbol)),
            LinkTarget::Export(_) => None,
        });
        symbols.collect()
    }
}

fn free_name(symbol: &KlpSymbol, taken: &BTreeSet<String>) -> String {
    let of_module = symbol.object != "vmlinux" && symbol.name.starts_with(TRAMPOLINE);
    let name = &symbol.name;
    let fits = name.len() <= LONGEST && !name.contains('.') && !taken.contains(name);
    if symbol.global && !of_module && fits {
        return name.clone();
    }
    let mut names = (0usize..).map(|number| format!("klp_resolved_{number}"));
    names.find(|name| !taken.contains(name)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn symbol(user: &str, object: &str, name: &str, global: bool) -> LinkTarget {
        let (user, object, name) = (user.into(), object.into(), name.into());
        LinkTarget::Livepatch(KlpSymbol { user, object, name, position: 2, global })
    }

    #[test]
    fn no_two_targets_share_a_name() {
        let targets = [
            LinkTarget::Export("printk".into()),
            symbol("vmlinux", "vmlinux", "printk", false),
            symbol("ext4", "jbd2", "start", true),
            symbol("jbd2", "jbd2", "start", true),
            symbol("ext4", "ext4", "__this_module", true),
            symbol("ext4", "ext4", "__SCT__tp_func_x", true),
            symbol("vmlinux", "vmlinux", "__SCT__tp_func_y", true),
            symbol("vmlinux", "vmlinux", &"x".repeat(56), true),
        ];
        let links = LinkNames::of(targets.iter().cloned().collect(), &BTreeSet::new());
        let names: Vec<&str> = targets.iter().map(|target| links.name(target)).collect();
        let distinct: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(distinct.len(), targets.len());
        assert_eq!(links.name(&targets[0]), "printk");
        assert!(names.iter().all(|name| !name.contains('.')));
        assert!(!links.name(&targets[4]).starts_with("__this_module"));
        assert!(!links.name(&targets[5]).starts_with("__SCT__"));
        assert!(links.name(&targets[6]).starts_with("__SCT__"));
        assert!(names.iter().all(|name| name.len() <= LONGEST));
    }
}
