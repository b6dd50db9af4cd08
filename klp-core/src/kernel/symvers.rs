//! `Module.symvers`: what the kernel and its modules export.
//!
//! One export a line: CRC, name, module, kind and, since Linux 5.4, namespace, separated by tabs
//! (scripts/mod/modpost.c, Documentation/kbuild/modules.rst). Since 6.16 the namespace `module:a,b` is an export to these modules only
//! (`EXPORT_SYMBOL_FOR_MODULES`).

use std::collections::{BTreeMap, BTreeSet};

use super::KernelError;

/// All exports of a kernel build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symvers {
    exports: BTreeMap<String, Export>,
}

/// One exported symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The CRC of its type; 0 without `CONFIG_MODVERSIONS`.
    pub crc: u32,
    /// `vmlinux`, or the path of a module without suffix.
    pub module: String,
    /// For example `EXPORT_SYMBOL_GPL`.
    pub kind: String,
    /// Empty for everyone.
    pub namespace: String,
}

impl Export {
    /// Whether any module can link to it when it is loaded.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.module == "vmlinux" && self.namespace.is_empty()
    }
}

impl Symvers {
    /// Parses the file.
    pub fn parse(text: &str) -> Result<Self, KernelError> {
        let mut exports = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let wrong = || KernelError::line(number, line);
            let fields: Vec<&str> = line.split('\t').collect();
            let [crc, name, module, kind, rest @ ..] = fields.as_slice() else {
                return Err(wrong());
            };
            let crc = crc.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let export = Export {
                crc: crc.ok_or_else(wrong)?,
                module: (*module).to_owned(),
                kind: (*kind).to_owned(),
                namespace: rest.first().copied().unwrap_or_default().to_owned(),
            };
            exports.insert((*name).to_owned(), export);
        }
        Ok(Self { exports })
    }

    /// The export of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Export> {
        self.exports.get(name)
    }

    /// What exports something: `vmlinux`, and the paths of modules without suffix, each once.
    pub fn modules(&self) -> impl Iterator<Item = &str> {
        let modules: BTreeSet<&str> =
            self.exports.values().map(|export| export.module.as_str()).collect();
        modules.into_iter()
    }

    /// Whether the kernel was built with `CONFIG_MODVERSIONS`.
    #[must_use]
    pub fn has_crcs(&self) -> bool {
        self.exports.values().any(|export| export.crc != 0)
    }

    /// The file for modpost: what any module can link to, and `resolved_later` as if it were
    /// exported, because livepatch resolves it when the module is loaded.
    pub fn for_livepatch<'a>(&self, resolved_later: impl Iterator<Item = &'a str>) -> String {
        let open = self.exports.iter().filter(|(_, export)| export.is_open());
        let lines = open.map(|(name, export)| {
            format!("{:#010x}\t{name}\tvmlinux\t{}\t\n", export.crc, export.kind)
        });
        let later = resolved_later
            .map(|name| format!("0x00000000\t{name}\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"));
        lines.chain(later).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "0x00000000\tseq_printf\tvmlinux\tEXPORT_SYMBOL\t\n\
        0x12345678\tmb_cache_create\tfs/mbcache\tEXPORT_SYMBOL\t\n\
        0x00000000\t__kernel_write\tvmlinux\tEXPORT_SYMBOL_GPL\tmodule:autofs4\n\
        0x00000000\told_style\tvmlinux\tEXPORT_SYMBOL\n";

    #[test]
    fn only_open_exports_of_the_kernel_can_be_linked_to() {
        let symvers = Symvers::parse(TEXT).unwrap();
        assert!(symvers.has_crcs());
        let text = symvers.for_livepatch(["show"].into_iter());
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("0x00000000\told_style\tvmlinux\tEXPORT_SYMBOL\t\n"));
        assert!(text.contains("0x00000000\tshow\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"));
        assert!(!text.contains("mb_cache_create") && !text.contains("__kernel_write"));
    }

    #[test]
    fn rubbish_is_named() {
        let error = Symvers::parse("0x0\ta\tvmlinux\tEXPORT_SYMBOL\t\nrubbish\n").unwrap_err();
        assert!(matches!(error, KernelError::Line { line: 2, .. }), "{error}");
        assert!(Symvers::parse("0x0\tfoo\n").is_err());
        assert!(Symvers::parse("crc\tfoo\tvmlinux\tEXPORT_SYMBOL\n").is_err());
    }
}
