//! Hunks that can be the reason of a function where nothing tells: the object is made from the file, or compiled as it says.

use camino::Utf8Path;
use klp_core::record::ChangedFunction;

use super::about::about;
use super::named::bare;
use super::reach::{Evidence, HunkReach, HunkReason, ReachKind, VERSIONS};

/// Where Makefiles and scripts are about objects elsewhere.
const EVERYWHERE: [&str; 3] = ["include", "scripts", "tools"];

/// How the names of files begin that say how objects are compiled.
const BUILD: [&str; 3] = ["Makefile", "Kbuild", "Kconfig"];

impl HunkReach<'_> {
    /// Hunks that change a macro, a type or data in a file that the object is made from.
    pub(super) fn files(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for version in VERSIONS {
            for (hunk, traced) in self.hunks.iter().enumerate() {
                let file = traced.file.file_name().unwrap_or_default();
                if BUILD.iter().any(|start| file.starts_with(start)) {
                    if !self.is_below(function, &traced.file) {
                        continue;
                    }
                    let (how, through) = (ReachKind::Build, vec![traced.file.to_string()]);
                    found.push(HunkReason { hunk, how, through, evidence: Evidence::File });
                    continue;
                }
                let is_read = self.files.contains(&traced.file);
                // In assembly no functions are told apart.
                if is_read && traced.file.extension() == Some("S") {
                    let (how, through) = (ReachKind::Direct, vec![traced.file.to_string()]);
                    found.push(HunkReason { hunk, how, through, evidence: Evidence::File });
                    continue;
                }
                let blocks = self.sources.blocks(&traced.file, version);
                let about = about(&blocks, traced, version).into_iter().find(|_| is_read);
                found.extend(about.map(|(how, name)| HunkReason {
                    hunk,
                    how,
                    through: vec![bare(&name).to_owned()],
                    evidence: Evidence::File,
                }));
            }
        }
        found
    }

    /// Whether what `rules`, a Makefile, say can be about the object of `function`. What stands in the directory of an object
    /// is about those in it and below.
    fn is_below(&self, function: &ChangedFunction, rules: &Utf8Path) -> bool {
        let directory = rules.parent().unwrap_or(Utf8Path::new(""));
        let is_for_all = directory.as_str().is_empty()
            || EVERYWHERE.iter().any(|top| directory.starts_with(top))
            || directory.parent() == Some(Utf8Path::new("arch"))
            || rules.file_name().is_some_and(|name| name.starts_with("Kconfig"));
        let own = [Some(Utf8Path::new(&function.object)), self.source.as_deref()];
        is_for_all || own.into_iter().flatten().any(|path| path.starts_with(directory))
    }
}
