//! Where a function stands in the text of the sources, for objects that do not know their lines.

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::BuildVersion;

use super::blocks::Block;
use super::called::defines;
use super::instances::Instance;
use super::reach::HunkReach;

impl HunkReach<'_> {
    /// The functions that compilers call `symbol`: those in the source of the object, else in the first other one that it
    /// is made from. `kernel/sched/build_utility.c` does nothing but include others.
    pub(super) fn defined(&self, symbol: &str, version: BuildVersion) -> Vec<Instance> {
        let is_other = |file: &&Utf8PathBuf| {
            file.extension() == Some("c") && Some(*file) != self.source.as_ref()
        };
        let mut files = self.source.iter().chain(self.files.iter().filter(is_other));
        let found = files.find_map(|file| {
            Some(self.defined_in(file, symbol, version)).filter(|found| !found.is_empty())
        });
        found.unwrap_or_default()
    }

    fn defined_in(&self, file: &Utf8Path, symbol: &str, version: BuildVersion) -> Vec<Instance> {
        let blocks = self.sources.blocks(file, version);
        let instance = |block: &Block| {
            let name = block.names.first().cloned().unwrap_or_default();
            Instance { chain: Vec::new(), name, file: file.to_owned(), line: block.first }
        };
        blocks.blocks.iter().filter(|block| defines(block, symbol)).map(instance).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::why::sources::Sources;

    #[test]
    fn a_source_can_include_another() {
        let guard = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(guard.path()).unwrap();
        let texts = [
            ("a.c", "#include \"b.c\"\nint own(int n)\n{\n\treturn n;\n}\n"),
            ("b.c", "int early(void);\n\nint clock(int n)\n{\n\treturn n + 1;\n}\n"),
        ];
        for (name, text) in texts {
            fs_err::write(root.join(name), text).unwrap();
        }
        let sources = Sources::new(root.to_owned(), Vec::new());
        let reach = HunkReach {
            hunks: &[],
            sources: &sources,
            source: Some("a.c".into()),
            files: ["a.c".into(), "b.c".into()].into(),
            only: Default::default(),
            behind: &BTreeSet::default(),
            objects: [None, None],
            about: &[],
            macros: &Default::default(),
        };
        let found = |symbol| {
            let found = reach.defined(symbol, BuildVersion::Original).into_iter();
            found.map(|it| format!("{}:{} {}", it.file, it.line, it.name)).collect::<Vec<_>>()
        };
        assert_eq!(found("own"), ["a.c:2 own"]);
        assert_eq!(found("clock.constprop.0"), ["b.c:3 clock"]);
        assert!(found("early").is_empty());
    }
}
