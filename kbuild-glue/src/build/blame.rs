//! Which part of a patch something of an object comes from.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::Workspace;
use super::readers::word_around;
use crate::cmd_file::cmd_path;
use crate::lexical::in_mirror;
use crate::patch::FileChange;

/// A file of the patch, and one of its hunks where it is known which.
type Blamed = (Utf8PathBuf, Option<String>);

/// More hunks than these say no more than the file does.
const FEW: usize = 3;

/// What follows from the version in the Makefile (`linux/utsrelease.h`, `linux/version.h`).
const OF_THE_VERSION: [&str; 4] = ["linux_banner", "linux_proc_banner", "init_uts_ns", "vermagic"];

impl Workspace {
    /// The parts of `changes` that lead to what is called `name` in `object`: hunks that name it, in files that the object
    /// is made from; else those files. Empty where nothing tells.
    #[must_use]
    pub fn blame(
        &self,
        object: &Utf8Path,
        name: &str,
        changes: &[FileChange],
    ) -> Vec<(Utf8PathBuf, Option<String>)> {
        let read = self.read_by(object, changes);
        let files: Vec<&FileChange> = changes
            .iter()
            .filter(|change| match change.path.as_str() {
                "Makefile" if changes.len() > 1 => OF_THE_VERSION.contains(&name),
                _ => read.contains(&*change.path) || changes.len() == 1,
            })
            .collect();
        let name = source_name(name);
        let named: Vec<Blamed> = files
            .iter()
            .flat_map(|change| {
                let edits = change.edits().into_iter().filter(|edit| edit.names(name));
                edits.map(|edit| (change.path.clone(), Some(edit.header)))
            })
            .collect();
        if !named.is_empty() {
            return named;
        }
        let whole = files.into_iter().flat_map(|change| {
            let edits = change.edits();
            if edits.is_empty() || edits.len() > FEW {
                return vec![(change.path.clone(), None)];
            }
            edits.into_iter().map(|edit| (change.path.clone(), Some(edit.header))).collect()
        });
        whole.collect()
    }

    /// Those of the changed files that `object` is made from, as Kbuild has recorded for either build.
    fn read_by<'c>(&self, object: &Utf8Path, changes: &'c [FileChange]) -> BTreeSet<&'c Utf8Path> {
        let (build, mirror) = (self.build_path(), self.mirror_path());
        let mut files = BTreeSet::new();
        for root in [self.patched_path(), build.clone()] {
            // An object of one build only has one record.
            let Ok(record) = fs::read(cmd_path(&root.join(object))) else { continue };
            let is_read = |change: &&FileChange| {
                let name = format!("/{}", change.path.file_name().unwrap_or("/"));
                memchr::memmem::find_iter(&record, &name).any(|at| {
                    in_mirror(word_around(&record, at), &build, &mirror).as_ref()
                        == Some(&change.path)
                })
            };
            files.extend(changes.iter().filter(is_read).map(|change| change.path.as_path()));
        }
        files
    }
}

/// What the source calls the symbol `name`: compilers append to names, and macros put something before.
fn source_name(name: &str) -> &str {
    const PREFIXES: [&str; 4] = ["__do_sys_", "__se_sys_", "__x64_sys_", "__ia32_sys_"];
    let name = name.split('.').next().unwrap_or(name);
    PREFIXES.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}
