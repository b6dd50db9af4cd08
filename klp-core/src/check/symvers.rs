//! `Module.symvers`: a line for each exported symbol, with CRC, name, module, kind of export and
//! namespace between tabs (Documentation/kbuild/modules.rst).

use std::collections::BTreeMap;

/// An exported symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its CRC; 0 without `CONFIG_MODVERSIONS`.
    pub crc: u32,
    /// `vmlinux`, or the path of the module without suffix.
    pub module: String,
    /// Whether only modules with a GPL-compatible licence may use it.
    pub gpl_only: bool,
    /// Its namespace, empty if it is in none; `module:NAME,…` is for these modules only.
    pub namespace: String,
}

/// All exported symbols of a build, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Symvers {
    exports: BTreeMap<String, Export>,
}

/// A line that is none of `Module.symvers`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} is none of a Module.symvers: {text}")]
pub struct SymversError {
    /// Counted from 1.
    pub line: usize,
    /// Its start.
    pub text: String,
}

impl Symvers {
    /// Reads the text of the file.
    pub fn parse(text: &str) -> Result<Self, SymversError> {
        let mut exports = BTreeMap::new();
        for (line, number) in text.lines().zip(1usize..) {
            let wrong = || SymversError { line: number, text: line.chars().take(60).collect() };
            let mut fields = line.split('\t');
            let mut next = || fields.next().ok_or_else(wrong);
            let (crc, name, module, kind) = (next()?, next()?, next()?, next()?);
            let crc = crc.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok());
            let export = Export {
                crc: crc.ok_or_else(wrong)?,
                module: module.to_owned(),
                gpl_only: kind.ends_with("_GPL"),
                namespace: fields.next().unwrap_or_default().to_owned(),
            };
            exports.insert(name.to_owned(), export);
        }
        Ok(Self { exports })
    }

    /// The export of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Export> {
        self.exports.get(name)
    }

    /// Whether the kernel was built with `CONFIG_MODVERSIONS`.
    #[must_use]
    pub fn has_crcs(&self) -> bool {
        self.exports.values().any(|export| export.crc != 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let text = "0x12ab34cd\tfoo\tvmlinux\tEXPORT_SYMBOL_GPL\t\n\
                    0x00000000\tbar\tfs/jbd2/jbd2\tEXPORT_SYMBOL\tNS\n";
        let symvers = Symvers::parse(text).unwrap();
        let foo = symvers.get("foo").unwrap();
        assert_eq!((foo.crc, foo.gpl_only, foo.namespace.as_str()), (0x12ab_34cd, true, ""));
        let bar = symvers.get("bar").unwrap();
        assert_eq!((bar.module.as_str(), bar.namespace.as_str()), ("fs/jbd2/jbd2", "NS"));
        assert!(symvers.has_crcs());
        assert_eq!(Symvers::parse("0x0\tfoo\n").unwrap_err().line, 1);
    }
}
