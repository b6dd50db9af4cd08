//! `.modinfo`: what a module says about itself, as NUL-terminated `key=value` strings
//! (include/linux/moduleparam.h, scripts/mod/modpost.c).

use super::RawElf;
use crate::elf::ElfError;

/// The strings of a module's `.modinfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModInfo {
    entries: Vec<(String, String)>,
}

impl ModInfo {
    /// Reads those of the module with these bytes; none where it has no such section.
    pub fn read(bytes: &[u8]) -> Result<Self, ElfError> {
        Ok(Self::of(&RawElf::parse(bytes)?))
    }

    /// Those of a module.
    #[must_use]
    pub fn of(module: &RawElf<'_>) -> Self {
        let data = module.section_named(".modinfo").map_or(&[][..], |section| section.data);
        let entries = data.split(|byte| *byte == 0).filter_map(|entry| {
            let text = String::from_utf8_lossy(entry);
            let (key, value) = text.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        });
        Self { entries: entries.collect() }
    }

    /// The first value of `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.all(key).next()
    }

    /// All values of `key`.
    pub fn all(&self, key: &str) -> impl Iterator<Item = &str> {
        self.entries.iter().filter(move |(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Whether the module loader treats it as a livepatch (`livepatch=Y`).
    #[must_use]
    pub fn is_livepatch(&self) -> bool {
        self.get("livepatch").is_some()
    }

    /// The modules that have to be loaded before it (`depends`), by the names that the kernel gives them: a dash in the
    /// name of a file is an underscore there.
    pub fn depends(&self) -> impl Iterator<Item = String> {
        let names = self.all("depends").flat_map(|list| list.split(','));
        names.filter(|name| !name.is_empty()).map(|name| name.replace('-', "_"))
    }

    /// The modules or aliases that should be loaded before it where they are there
    /// (`softdep=pre: …`).
    pub fn wants(&self) -> impl Iterator<Item = &str> {
        let lists = self.all("softdep").flat_map(|list| {
            let mut before = false;
            list.split_whitespace().filter(move |word| {
                match *word {
                    "pre:" => before = true,
                    "post:" => before = false,
                    _ => return before,
                }
                false
            })
        });
        lists.filter(|name| !name.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::ModInfo;

    fn info(entries: &[(&str, &str)]) -> ModInfo {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        ModInfo { entries: entries.iter().map(owned).collect() }
    }

    #[test]
    fn lists() {
        let info =
            info(&[("depends", "jbd2,snd-pcm"), ("softdep", "pre: crc32c a post: b pre: c")]);
        assert_eq!(info.depends().collect::<Vec<_>>(), ["jbd2", "snd_pcm"]);
        assert_eq!(info.wants().collect::<Vec<_>>(), ["crc32c", "a", "c"]);
        assert!(!info.is_livepatch());
    }

    #[test]
    fn an_empty_list_names_nothing() {
        assert_eq!(info(&[("depends", "")]).depends().count(), 0);
    }
}
