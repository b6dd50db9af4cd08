//! `Module.symvers`: what the kernel and its modules export.
//!
//! One export a line: CRC, name, module, kind and, since Linux 5.4, namespace, separated by tabs
//! (scripts/mod/modpost.c). Since 6.16 the namespace `module:a,b` is an export to these modules only
//! (`EXPORT_SYMBOL_FOR_MODULES`).

use std::collections::BTreeMap;

/// Why a text is no `Module.symvers`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is no export: `{text}`")]
pub struct SymversError {
    /// Counted from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

/// All exports of a kernel build.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symvers {
    exports: BTreeMap<String, Export>,
}

/// One exported symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// The CRC of its type, as the file has it; zeros without `CONFIG_MODVERSIONS`.
    pub crc: String,
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
    pub fn parse(text: &str) -> Result<Self, SymversError> {
        let mut exports = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let fields: Vec<&str> = line.split('\t').collect();
            let [crc, name, module, kind, rest @ ..] = fields.as_slice() else {
                return Err(SymversError { line: number, text: line.to_owned() });
            };
            let export = Export {
                crc: (*crc).to_owned(),
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

    /// All names with their exports.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Export)> {
        self.exports.iter().map(|(name, export)| (name.as_str(), export))
    }

    /// The file for modpost: what any module can link to, and `resolved_later` as if it were
    /// exported, because livepatch resolves it when the module is loaded.
    pub fn for_livepatch<'a>(&self, resolved_later: impl Iterator<Item = &'a str>) -> String {
        let open = self.exports.iter().filter(|(_, export)| export.is_open());
        let lines = open
            .map(|(name, export)| format!("{}\t{name}\tvmlinux\t{}\t\n", export.crc, export.kind));
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
        let open: Vec<&str> =
            symvers.iter().filter(|(_, export)| export.is_open()).map(|(name, _)| name).collect();
        assert_eq!(open, ["old_style", "seq_printf"]);
        let text = symvers.for_livepatch(["show"].into_iter());
        assert_eq!(text.lines().count(), 3);
        assert!(text.contains("0x00000000\tshow\tvmlinux\tEXPORT_SYMBOL_GPL\t\n"));
        assert!(!text.contains("mb_cache_create") && !text.contains("__kernel_write"));
    }

    #[test]
    fn rubbish_is_named() {
        let error = Symvers::parse("0x0\ta\tvmlinux\tEXPORT_SYMBOL\t\nrubbish\n").unwrap_err();
        assert_eq!(error, SymversError { line: 2, text: "rubbish".into() });
    }
}
