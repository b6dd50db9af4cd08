//! The running kernel as a livepatch sees it: what it can link to when it is loaded, and what
//! livepatch resolves for it, by name and position.

use crate::elf::SymbolId;
use crate::kernel::{Export, Kallsyms, KernelSymbol, LinkedKernel, Region, module_name};

use super::position::PositionError;
use super::source::CorrelatedObject;
use super::why::ReasonText;

/// What a reference of the livepatch is linked to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LinkTarget {
    /// An open export of vmlinux.
    Export(String),
    /// A symbol that livepatch resolves.
    Livepatch(KlpSymbol),
}

/// A symbol that livepatch resolves, and when: as soon as `user` is loaded.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KlpSymbol {
    /// The object with the function that refers to it: `vmlinux`, or a module's name.
    pub user: String,
    /// The object that defines it.
    pub object: String,
    /// Its name.
    pub name: String,
    /// Its position among those of its name; 0 for the only one.
    pub position: u64,
    /// Whether linkers know it by its name.
    pub(super) global: bool,
}

impl LinkTarget {
    /// Its name in the kernel.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Export(name) => name,
            Self::Livepatch(symbol) => &symbol.name,
        }
    }
}

impl KlpSymbol {
    /// Its name in the module: `.klp.sym.OBJECT.NAME,POSITION` (Documentation/livepatch/module-elf-format.rst).
    #[must_use]
    pub fn elf_name(&self) -> String {
        format!(".klp.sym.{}.{},{}", self.object, self.name, self.position)
    }
}

impl LinkedKernel {
    /// What the global symbol `name` is for code linked into `linked`; none where there is none that lasts.
    pub(super) fn global(
        &self,
        linked: &str,
        name: &[u8],
    ) -> Option<Result<LinkTarget, ReasonText>> {
        let text = String::from_utf8_lossy(name).into_owned();
        let user = module_name(linked);
        let symbol = |user: &str, object: &str, position: Result<u64, PositionError>| {
            let position = position.map_err(|why| format!("{text}: {why}"))?;
            let (user, object) = (user.to_owned(), object.to_owned());
            Ok(LinkTarget::Livepatch(KlpSymbol {
                user,
                object,
                name: text.clone(),
                position,
                global: true,
            }))
        };
        if linked != "vmlinux"
            && let Some(module) = self.modules.get(linked)
            && let Some(position) = module.lasting_global(name)
        {
            return Some(symbol(&user, &user, position));
        }
        let export = self.symvers.get(&text);
        if export.is_some_and(Export::is_open) {
            return Some(Ok(LinkTarget::Export(text)));
        }
        if let Some(export) = export.filter(|export| export.module != "vmlinux") {
            if linked == "vmlinux" {
                return None;
            }
            return self.of_other_module(linked, &export.module, name);
        }
        if linked != "vmlinux" && export.is_none() {
            return None;
        }
        self.unexported(name)
    }

    /// The global symbol `name` of module `home`, exported or not, for code of module `linked`; none where there is none
    /// that lasts.
    fn of_other_module(
        &self,
        linked: &str,
        home: &str,
        name: &[u8],
    ) -> Option<Result<LinkTarget, ReasonText>> {
        let text = String::from_utf8_lossy(name).into_owned();
        let (user, object) = (module_name(linked), module_name(home));
        let Some(module) = self.modules.get(home) else {
            return Some(Err(format!("the symbols of module {home} are not known")));
        };
        let position = module.lasting_global(name)?;
        if let Err(why) = self.has_loaded(linked, home, name) {
            return Some(Err(why));
        }
        Some(position.map_err(|why| format!("{text}: {why}")).map(|position| {
            LinkTarget::Livepatch(KlpSymbol { user, object, name: text, position, global: true })
        }))
    }

    /// That `home`, which has `name`, is there when code of module `linked` is.
    pub(super) fn has_loaded(
        &self,
        linked: &str,
        home: &str,
        name: &[u8],
    ) -> Result<(), ReasonText> {
        if home == "vmlinux" || self.comes_with(linked, home) {
            return Ok(());
        }
        Err(format!(
            "{} is in module {}, which {} does not need in the running kernel: it may not be loaded",
            String::from_utf8_lossy(name),
            module_name(home),
            module_name(linked)
        ))
    }

    /// What code of module `linked` gets when the patch makes `home` export its global symbol `name`.
    pub(super) fn newly_exported(
        &self,
        linked: &str,
        home: &str,
        name: &[u8],
    ) -> Option<Result<LinkTarget, ReasonText>> {
        if home == "vmlinux" {
            self.unexported(name)
        } else {
            self.of_other_module(linked, home, name)
        }
    }

    /// The global symbol `name` of vmlinux, exported or not; none where there is none that lasts.
    pub(super) fn unexported(&self, name: &[u8]) -> Option<Result<LinkTarget, ReasonText>> {
        let name_of = || String::from_utf8_lossy(name).into_owned();
        let position = self.vmlinux.lasting_global(name)?;
        Some(position.map_err(|why| format!("{}: {why}", name_of())).map(|position| {
            let (user, object) = ("vmlinux".to_owned(), "vmlinux".to_owned());
            LinkTarget::Livepatch(KlpSymbol {
                user,
                object,
                name: name_of(),
                position,
                global: true,
            })
        }))
    }

    /// Whether `linked` has a global `name` that is not there any more after boot.
    pub(super) fn is_freed(&self, linked: &str, name: &[u8]) -> bool {
        let listed = self.symbols_of(linked).map(|symbols| symbols.named(name)).unwrap_or_default();
        listed.iter().any(|listed| listed.global && listed.region == Region::Freed)
    }

    /// The symbols of what `linked` names: of vmlinux or of a module.
    pub(super) fn symbols_of(&self, linked: &str) -> Option<&Kallsyms> {
        match linked {
            "vmlinux" => Some(&self.vmlinux),
            module => self.modules.get(module),
        }
    }

    /// What `target` is in the kernel.
    pub(super) fn listed(&self, target: &LinkTarget) -> Option<&KernelSymbol> {
        match target {
            LinkTarget::Export(name) => {
                self.vmlinux.named(name.as_bytes()).iter().find(|listed| listed.global)
            }
            LinkTarget::Livepatch(symbol) => {
                let symbols = if symbol.object == "vmlinux" {
                    Some(&self.vmlinux)
                } else {
                    let mut modules = self.modules.iter();
                    modules.find(|(path, _)| module_name(path) == symbol.object).map(|(_, own)| own)
                };
                let index =
                    usize::try_from(symbol.position.saturating_sub(1)).unwrap_or(usize::MAX);
                symbols.and_then(|symbols| symbols.named(symbol.name.as_bytes()).get(index))
            }
        }
    }

    /// Whether a call through a pointer to `target` traps.
    pub(super) fn is_sealed(&self, target: &LinkTarget) -> bool {
        self.listed(target).is_some_and(|listed| listed.sealed)
    }

    /// The key of the static call whose trampoline `target` is, where the kernel itself has it.
    pub(super) fn static_call_key(&self, linked: &str, target: &LinkTarget) -> Option<LinkTarget> {
        if let LinkTarget::Livepatch(symbol) = target
            && symbol.object != "vmlinux"
        {
            return None;
        }
        let key = format!("__SCK__{}", target.name().strip_prefix("__SCT__")?);
        self.global(linked, key.as_bytes())?.ok()
    }

    /// The position of the symbol `index` of what runs of `source`, among those of its name.
    pub(super) fn position(
        &self,
        source: &CorrelatedObject<'_>,
        index: SymbolId,
    ) -> Result<u64, PositionError> {
        let symbols = self.symbols_of(source.linked).ok_or(PositionError::Missing)?;
        let object = &source.running().ok_or(PositionError::Missing)?.analysis.elf;
        let symbol = object.symbol(index);
        if source.is_whole && symbol.local {
            symbols.of_whole(object, index)
        } else if symbol.local || symbol.weak && !source.is_whole {
            symbols.of_object(object, symbol)
        } else {
            symbols.global(symbol.name).unwrap_or(Err(PositionError::Missing))
        }
    }

    /// What the local symbol `index` of what runs of `source` is.
    pub(super) fn local(
        &self,
        source: &CorrelatedObject<'_>,
        index: SymbolId,
    ) -> Result<LinkTarget, ReasonText> {
        let running = source.running().ok_or("an object without original")?;
        let symbol = running.analysis.elf.symbol(index);
        let name = symbol.name_lossy().into_owned();
        let position = self.position(source, index).map_err(|why| format!("{name}: {why}"))?;
        let user = module_name(source.linked);
        let target = LinkTarget::Livepatch(KlpSymbol {
            object: user.clone(),
            user,
            name,
            position,
            global: !symbol.local,
        });
        match self.listed(&target) {
            Some(listed) if listed.region == Region::Freed => {
                Err(format!("{} is freed after boot", target.name()))
            }
            _ => Ok(target),
        }
    }
}
