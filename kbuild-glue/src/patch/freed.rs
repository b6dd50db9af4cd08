//! Functions that a patch takes `__init` or `__exit` off. A declaration in a header can keep them in their section, so
//! that no object differs.

use std::collections::BTreeSet;

use super::FileChange;

impl FileChange {
    /// The names of these functions.
    #[must_use]
    pub fn kept_after_boot(&self) -> BTreeSet<String> {
        let old = functions(self.old.as_deref().unwrap_or_default());
        let new = functions(self.new.as_deref().unwrap_or_default());
        let freed = |functions: &[(&str, bool)]| -> BTreeSet<String> {
            let freed = functions.iter().filter(|(_, freed)| *freed);
            freed.map(|(name, _)| (*name).to_owned()).collect()
        };
        let stay = freed(&new);
        let mut taken = freed(&old);
        taken.retain(|name| !stay.contains(name) && new.iter().any(|(other, _)| other == name));
        taken
    }
}

/// The functions that are named on lines that start with a word, as definitions do, and whether the line says that they
/// are freed.
fn functions(source: &[u8]) -> Vec<(&str, bool)> {
    let text = std::str::from_utf8(source).unwrap_or_default();
    let lines =
        text.lines().filter(|line| line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'));
    let function = |line| -> Option<(&str, bool)> {
        let (before, _) = str::split_once(line, '(')?;
        let mut words = before.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').rev();
        let name = words.next().filter(|name| !name.is_empty())?;
        Some((name, words.any(|word| word == "__init" || word == "__exit")))
    };
    lines.filter_map(function).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_their_definitions() {
        let change = |old: &str, new: &str| {
            let bytes = |text: &str| Some(text.as_bytes().to_vec());
            FileChange { path: "fs/a.c".into(), old: bytes(old), new: bytes(new), mode: None }
        };
        let kept = |old: &str, new: &str| {
            change(old, new).kept_after_boot().into_iter().collect::<Vec<_>>()
        };
        assert_eq!(kept("int __init list(char *buf)\n{\n", "int list(char *buf)\n{\n"), ["list"]);
        assert_eq!(kept("int __init list(char *buf)\n", "int __init list(int n)\n"), [""; 0]);
        // It is gone, or was none before.
        assert_eq!(kept("int __init list(void)\n", "int other(void)\n\tlist();\n"), [""; 0]);
        assert_eq!(kept("int list(void)\n", "int __init list(void)\n"), [""; 0]);
    }
}
