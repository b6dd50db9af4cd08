//! The kernel's `.config`.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use thiserror::Error;

/// What a kernel was configured with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    values: BTreeMap<String, String>,
}

/// Why a configuration cannot be read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// There is none.
    #[error("no kernel configuration at `{path}`")]
    Missing {
        /// Where it should be.
        path: Utf8PathBuf,
    },
    /// A line is not of the format.
    #[error("line {line} of `{path}` is not a configuration line: `{text}`")]
    Malformed {
        /// The file.
        path: Utf8PathBuf,
        /// Counted from 1.
        line: usize,
        /// The line.
        text: String,
    },
    /// The file system refused.
    #[error("cannot read the kernel configuration `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl ConfigError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Missing { .. } => Some(
                "run `make defconfig` in the kernel tree (with O=, if you use it), or copy your \
                 kernel's configuration there"
                    .to_owned(),
            ),
            Self::Malformed { .. } => {
                Some("run `make olddefconfig` to have it rewritten".to_owned())
            }
            Self::Io { .. } => None,
        }
    }
}

impl Config {
    /// Reads a `.config` file.
    pub fn read(path: &Utf8Path) -> Result<Self, ConfigError> {
        let bytes = fs::read(path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => {
                ConfigError::Missing { path: path.to_owned() }
            }
            _ => ConfigError::Io { path: path.to_owned(), source },
        })?;
        Self::parse(&String::from_utf8_lossy(&bytes), path)
    }

    /// Takes the text of such a file, which is from `path`.
    pub fn parse(text: &str, path: &Utf8Path) -> Result<Self, ConfigError> {
        let mut values = BTreeMap::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim_end();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (name, value) = line
                .split_once('=')
                .filter(|(name, _)| name.starts_with("CONFIG_"))
                .ok_or_else(|| ConfigError::Malformed {
                    path: path.to_owned(),
                    line: index.saturating_add(1),
                    text: line.to_owned(),
                })?;
            values.insert(name.to_owned(), unquote(value));
        }
        Ok(Self { values })
    }

    /// The value of an option, quotes removed. Options that are not set have none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The names of all options that are set.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// Whether an option is built in (`=y`).
    #[must_use]
    pub fn is_enabled(&self, name: &str) -> bool {
        self.get(name) == Some("y")
    }

    /// Whether an option is a module (`=m`).
    #[must_use]
    pub fn is_module(&self, name: &str) -> bool {
        self.get(name) == Some("m")
    }
}

/// Removes the quotes of a string value, and the backslashes before `"` and `\`.
fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut result = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => result.extend(characters.next()),
            other => result.push(other),
        }
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values() {
        let text = "#\n# Automatically generated\nCONFIG_SMP=y\nCONFIG_EXT4_FS=m\n\
                    # CONFIG_RUST is not set\nCONFIG_LOCALVERSION=\"-a\\\"b=c\"\nCONFIG_HZ=250\n";
        let config = Config::parse(text, Utf8Path::new(".config")).unwrap();
        assert!(config.is_enabled("CONFIG_SMP"));
        assert!(!config.is_module("CONFIG_SMP"));
        assert!(config.is_module("CONFIG_EXT4_FS"));
        assert!(!config.is_enabled("CONFIG_EXT4_FS"));
        assert_eq!(config.get("CONFIG_RUST"), None);
        assert_eq!(config.get("CONFIG_LOCALVERSION"), Some("-a\"b=c"));
        assert_eq!(config.get("CONFIG_HZ"), Some("250"));
    }

    #[test]
    fn errors() {
        let error = Config::read(Utf8Path::new("/nonexistent/.config")).unwrap_err();
        assert!(matches!(error, ConfigError::Missing { .. }));
        assert!(error.hint().unwrap().contains("make defconfig"));
        let error = Config::parse("CONFIG_A=y\nrubbish\n", Utf8Path::new("c")).unwrap_err();
        assert!(matches!(error, ConfigError::Malformed { line: 2, .. }));
    }
}
