//! Globs.

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A glob for object paths or for function names.
#[derive(Debug, Clone)]
pub struct Pattern {
    paths: GlobMatcher,
    names: GlobMatcher,
}

impl Pattern {
    /// Compiles a glob.
    pub fn new(glob: &str) -> Result<Self, globset::Error> {
        let compile = |separator| {
            let glob = GlobBuilder::new(glob).literal_separator(separator).build();
            glob.map(|glob| glob.compile_matcher())
        };
        Ok(Self { paths: compile(true)?, names: compile(false)? })
    }

    /// The glob as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.paths.glob().glob()
    }

    /// Whether it matches the path of an object.
    #[must_use]
    pub fn is_object(&self, path: &str) -> bool {
        self.paths.is_match(path)
    }

    /// Whether it matches the name of a function.
    #[must_use]
    pub fn is_function(&self, name: &str) -> bool {
        self.names.is_match(name)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() {
            return Err(serde::de::Error::custom("an empty glob matches nothing"));
        }
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
