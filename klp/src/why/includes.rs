//! Hunks that take a header in or leave it out: they reach what uses its macros, types and inlined functions.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildVersion, TracedHunk};

use super::about::in_its_sense;
use super::blocks::BlockKind;
use super::reach::{Evidence, HunkReach, HunkReason, ReachKind};
use super::uses::UsedWords;

impl HunkReach<'_> {
    /// Those hunks of which `uses`, the words of a function, name something that a header of theirs defines.
    pub(super) fn includes(&self, uses: &UsedWords, version: BuildVersion) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for (number, hunk) in self.hunks.iter().enumerate().filter(|(_, it)| self.can_read(it)) {
            let header = self.headers(hunk, version).into_iter().find_map(|header| {
                let through = self.defined_by(&header, uses, version)?;
                Some([vec![header.into_string()], through].concat())
            });
            let (how, evidence) = (ReachKind::Include, Evidence::Text);
            found.extend(header.map(|through| HunkReason { hunk: number, how, through, evidence }));
        }
        found
    }

    /// The headers of which `hunk` has the `#include` in this version, and those that come with them; none that both versions
    /// of the object are made from.
    fn headers(&self, hunk: &TracedHunk, version: BuildVersion) -> BTreeSet<Utf8PathBuf> {
        let sign = if version == BuildVersion::Original { '-' } else { '+' };
        let lines = hunk.text.iter().filter_map(|line| line.strip_prefix(sign));
        let mut open: Vec<Utf8PathBuf> = lines
            .filter_map(included)
            .filter_map(|it| self.header(it, &hunk.file, version))
            .collect();
        let mut found = BTreeSet::new();
        while let Some(header) = open.pop() {
            let text = self.sources.bytes(&header, version).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            let inner = text.lines().filter_map(included);
            open.extend(
                inner
                    .filter_map(|it| self.header(it, &header, version))
                    .filter(|inner| !found.contains(inner) && *inner != header),
            );
            found.insert(header);
        }
        found
    }

    /// The header that only this version of the object is made from, and that an `#include` of `path` in `file` names.
    fn header(&self, path: &str, file: &Utf8Path, version: BuildVersion) -> Option<Utf8PathBuf> {
        let only = self.only.get(usize::from(version == BuildVersion::Patched))?;
        let beside = file.parent().map(|directory| directory.join(path));
        let mut all = only.iter().filter(|it| it.ends_with(path));
        only.iter().find(|it| Some(*it) == beside.as_ref()).or_else(|| all.next()).cloned()
    }

    /// What `header` defines and `uses` names.
    fn defined_by(
        &self,
        header: &Utf8Path,
        uses: &UsedWords,
        version: BuildVersion,
    ) -> Option<Vec<String>> {
        let blocks = self.sources.blocks(header, version);
        let defined = blocks.blocks.iter().filter(|block| {
            matches!(block.kind, BlockKind::Macro | BlockKind::Type | BlockKind::Function)
        });
        let mut names = defined.flat_map(|block| in_its_sense(block, &blocks, true));
        names.find_map(|name| uses.through(&name))
    }
}

/// The path of an `#include`.
fn included(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix('#')?.trim_start().strip_prefix("include")?;
    let path = rest.trim_start().strip_prefix(['<', '"'])?;
    path.split(['>', '"']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_of_headers() {
        assert_eq!(included("#include <linux/a.h>"), Some("linux/a.h"));
        assert_eq!(included(" # include \"b.h\" /* b */"), Some("b.h"));
        assert_eq!(included("#include HEADER"), None);
        assert_eq!(included("int include;"), None);
    }
}
