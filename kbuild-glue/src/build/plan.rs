//! What a patch makes Kbuild compile again.
//!
//! Kbuild wrote down for each target which files it was made from. Where the patched files only lead to
//! objects of the kernel, those are made one by one; where they lead to anything else (a generated
//! file, a program of the build, a Makefile), only a full make knows what follows.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};

use super::BuildError;
use super::makefiles;
use super::readers::{self, Readers};
use crate::arch;
use crate::config::Config;
use crate::mirror::Stamps;
use crate::objects::LinkedObject;
use crate::patch::{FileChange, starts_the_kernel};

/// Beyond this many objects, naming them one by one costs more than looking at all.
const MANY: usize = 1000;

/// What the patched files lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) plan: Plan,
    /// Source files from which nothing is made.
    pub(super) unused: Vec<Utf8PathBuf>,
    /// What make does not make anew, although something is another file for it.
    pub(super) unknown_to_make: BTreeSet<Utf8PathBuf>,
    /// Source files, and what is made from each by the records, which can be of another configuration.
    pub(super) recorded: BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
}

/// What has to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Plan {
    /// These objects, and nothing else changes.
    Objects(Touched),
    /// Whatever a full make finds, because of this.
    Everything(String),
}

/// Objects that depend on patched files.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// Objects of vmlinux and of modules.
    pub(super) objects: BTreeSet<Utf8PathBuf>,
    /// Assembly from which `make prepare` makes headers with offsets and sizes, and those headers:
    /// as long as they stay the same, nothing follows.
    pub(super) offsets: BTreeMap<Utf8PathBuf, Utf8PathBuf>,
}

impl Touched {
    pub(super) fn is_empty(&self) -> bool {
        self.objects.is_empty() && self.offsets.is_empty()
    }
}

/// A build that patches are looked at for.
pub(super) struct ExaminedBuild<'a> {
    pub(super) mirror: &'a Utf8Path,
    pub(super) build: &'a Utf8Path,
    pub(super) objects: &'a [LinkedObject],
    pub(super) config: &'a Config,
    /// The files of the mirror.
    pub(super) sources: &'a Stamps,
}

impl Planned {
    /// Plans for `changes`.
    pub(super) fn of(changes: &[FileChange], made: &ExaminedBuild<'_>) -> Result<Self, BuildError> {
        let Some(readers) = readers::find(changes, made)? else {
            let reason = "Kbuild's records name other sources".to_owned();
            let (unused, unknown_to_make) = (Vec::new(), BTreeSet::new());
            let (plan, recorded) = (Plan::Everything(reason), BTreeMap::new());
            return Ok(Self { plan, unused, unknown_to_make, recorded });
        };
        let paths = changes.iter().map(|change| change.path.as_path()).collect();
        let named = makefiles::named(&paths, made.mirror, made.sources)?;
        let is_unused = |(change, readers): &(&FileChange, &Readers)| {
            readers.targets.is_empty()
                && is_code(&change.path)
                && !is_new_header(change)
                && !arch::is_other(&change.path)
                && !change.starts_the_kernel()
                && readers::is_recorded_as_it_is(&change.path)
                && !named.contains(change.path.as_path())
        };
        let unused = changes.iter().zip(&readers).filter(is_unused);
        let unused: Vec<Utf8PathBuf> = unused.map(|(change, _)| change.path.clone()).collect();
        let unknown_to_make =
            readers.iter().flat_map(|readers| readers.unknown_to_make.iter().cloned()).collect();
        let is_recorded = |(change, readers): &(&FileChange, &Readers)| {
            is_code(&change.path) && change.new.is_some() && !readers.targets.is_empty()
        };
        let recorded = changes.iter().zip(&readers).filter(is_recorded);
        let recorded =
            recorded.map(|(change, readers)| (change.path.clone(), readers.targets.clone()));
        let recorded = recorded.collect();
        let searched = unused.iter().find_map(|path| makefiles::searches(path, made.mirror));
        let plan = match (Plan::of(changes, readers, made), named.first(), searched) {
            (Plan::Objects(_), Some(path), _) => {
                Plan::Everything(format!("a Makefile names {path}"))
            }
            (Plan::Objects(_), None, Some(makefile)) => {
                Plan::Everything(format!("{makefile} looks for files"))
            }
            (plan, ..) => plan,
        };
        Ok(Self { plan, unused, unknown_to_make, recorded })
    }
}

impl Plan {
    fn of(changes: &[FileChange], readers: Vec<Readers>, made: &ExaminedBuild<'_>) -> Self {
        for change in changes {
            if let Some(reason) = needs_everything(change, made.config) {
                return Self::Everything(reason);
            }
        }
        let linked: BTreeSet<&Utf8Path> =
            made.objects.iter().map(|object| object.object.as_path()).collect();
        let mut touched = Touched::default();
        for (change, Readers { targets, .. }) in changes.iter().zip(readers) {
            if targets.is_empty() && change.old.is_some() && !is_plain_source(&change.path) {
                // A Makefile can name it without Kbuild writing it down.
                return Self::Everything(format!("nothing is recorded about {}", change.path));
            }
            for target in targets {
                match TargetRole::of(&target, &linked) {
                    TargetRole::Object => drop(touched.objects.insert(target)),
                    TargetRole::Offsets(header) => drop(touched.offsets.insert(target, header)),
                    TargetRole::Uncompared => {}
                    TargetRole::Other => {
                        let reason = format!("{} is made from {}", target, change.path);
                        return Self::Everything(reason);
                    }
                }
            }
        }
        if touched.objects.len() > MANY {
            let reason = format!("{} objects depend on the patch", touched.objects.len());
            return Self::Everything(reason);
        }
        Self::Objects(touched)
    }
}

/// What a target is for.
enum TargetRole {
    Object,
    Offsets(Utf8PathBuf),
    /// It is neither compared nor a part of anything that is.
    Uncompared,
    Other,
}

impl TargetRole {
    fn of(target: &Utf8Path, linked: &BTreeSet<&Utf8Path>) -> Self {
        if linked.contains(target) {
            // Crates of `rust/` also make the metadata that other crates are compiled with.
            return if target.starts_with("rust") { Self::Other } else { Self::Object };
        }
        let header = match target.file_name().unwrap_or_default() {
            "asm-offsets.s" => Some("include/generated/asm-offsets.h"),
            "bounds.s" => Some("include/generated/bounds.h"),
            "rq-offsets.s" => Some("include/generated/rq-offsets.h"),
            "devicetable-offsets.s" => Some("scripts/mod/devicetable-offsets.h"),
            _ => None,
        };
        if let Some(header) = header {
            return Self::Offsets(Utf8PathBuf::from(header));
        }
        // Nothing of it is linked into the kernel.
        if starts_the_kernel(target) {
            return Self::Uncompared;
        }
        // These go into vmlinux and foo.ko behind the objects that are compared.
        let name = target.file_name().unwrap_or_default();
        let final_link = name.ends_with(".mod.o")
            || matches!(name, ".module-common.o" | ".vmlinux.export.o" | "vmlinux.lds")
            || matches!(target.as_str(), "init/version-timestamp.o" | "scripts/module.lds");
        if final_link { Self::Uncompared } else { Self::Other }
    }
}

/// Why a change cannot be told from recorded dependencies.
fn needs_everything(change: &FileChange, config: &Config) -> Option<String> {
    let path = &change.path;
    let name = path.file_name().unwrap_or_default();
    if !readers::is_recorded_as_it_is(path) {
        return Some(format!("records name {path} in another way"));
    }
    if path.as_str().starts_with("localversion") {
        return Some(format!("{path} is part of the kernel's version"));
    }
    if ["Kconfig", "Makefile", "Kbuild"].iter().any(|start| name.starts_with(start)) {
        return Some(format!("{path} tells Kbuild what to do"));
    }
    if change.new.is_none() {
        return Some(format!("{path} is removed"));
    }
    if change.old.is_none() && !is_plain_addition(path) {
        return Some(format!("{path} is new"));
    }
    if path.starts_with("tools") && !path.starts_with("tools/testing") {
        return Some(format!("{path} can be part of a program of the build"));
    }
    if config.is_enabled("CONFIG_IKHEADERS") && path.extension() == Some("h") {
        return Some("the kernel contains its headers (CONFIG_IKHEADERS)".to_owned());
    }
    if config.is_enabled("CONFIG_TRIM_UNUSED_KSYMS") {
        return Some(
            "what is exported follows from all modules (CONFIG_TRIM_UNUSED_KSYMS)".to_owned(),
        );
    }
    if config.is_enabled("CONFIG_LTO_CLANG") {
        return Some("code is made when vmlinux.o is linked (CONFIG_LTO_CLANG)".to_owned());
    }
    None
}

/// Files that compilers read, and leave a record.
fn is_code(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("c" | "h" | "S" | "rs"))
}

/// Files that others include or compile by name, and that mean nothing to anybody else. Whatever else there is
/// can be read by a rule: tables of instructions are `.txt`.
fn is_plain_source(path: &Utf8Path) -> bool {
    is_code(path) || path.starts_with("Documentation") || path.starts_with("tools/testing")
}

/// Whether a new file changes nothing by being there. Kbuild looks for what architectures have of the
/// headers in `asm/`, and makes the others; and a rule or a `$(wildcard …)` can find a source.
fn is_plain_addition(path: &Utf8Path) -> bool {
    let in_asm = path.components().any(|part| {
        matches!(part, Utf8Component::Normal(name) if name == "asm" || name == "asm-generic")
    });
    let is_source = is_code(path) && path.extension() != Some("h");
    is_plain_source(path) && !is_source && !in_asm
}

/// Of which the records of the original can say nothing.
fn is_new_header(change: &FileChange) -> bool {
    change.old.is_none() && change.path.extension() == Some("h")
}

#[cfg(test)]
mod tests {
    use fs_err as fs;

    use super::*;
    use crate::objects::LinkedInto;

    fn change(path: &str) -> FileChange {
        let bytes = || Some(Vec::new());
        FileChange { path: path.into(), old: bytes(), new: bytes(), mode: None }
    }

    fn planned(changes: &[FileChange]) -> Planned {
        let directory = tempfile::tempdir().unwrap();
        let build = Utf8Path::from_path(directory.path()).unwrap();
        let mirror = Utf8Path::new("/k/mirror");
        let record = |path: &str, text: &str| {
            let path = build.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        record(
            "fs/.a.o.cmd",
            "savedcmd_fs/a.o := gcc -I/k/mirror/include -o fs/a.o /k/mirror/fs/a.c\n\n\
             deps_fs/a.o := \\\n  /k/mirror/include/linux/x.h \\\n  /k/mirror/include/linux/sched.h \\\n",
        );
        record("fs/.b.o.cmd", "deps_fs/b.o := /k/mirror/fs/../include/linux/x.h \\\n");
        record("kernel/.bounds.s.cmd", "deps_x := \\\n  /k/mirror/include/linux/sched.h \\\n");
        record("fs/.m.mod.o.cmd", "deps_x := \\\n  /k/mirror/include/linux/sched.h \\\n");
        record(
            "cpu/.caps.c.cmd",
            "savedcmd_cpu/caps.c := sh /k/mirror/caps.sh /k/mirror/include/asm/f.h\n",
        );
        let objects: Vec<LinkedObject> = ["fs/a.o", "fs/b.o"]
            .map(|object| LinkedObject { object: object.into(), linked: LinkedInto::Vmlinux })
            .into();
        let config = Config::default();
        let sources = Stamps::default();
        let made =
            ExaminedBuild { mirror, build, objects: &objects, config: &config, sources: &sources };
        Planned::of(changes, &made).unwrap()
    }

    fn plan(changes: &[FileChange]) -> Plan {
        planned(changes).plan
    }

    fn objects(changes: &[FileChange]) -> Vec<String> {
        match plan(changes) {
            Plan::Objects(touched) => {
                touched.objects.into_iter().map(Utf8PathBuf::into_string).collect()
            }
            Plan::Everything(reason) => vec![format!("everything: {reason}")],
        }
    }

    #[test]
    fn recorded_dependencies() {
        assert_eq!(objects(&[change("fs/a.c")]), ["fs/a.o"]);
        assert_eq!(objects(&[change("include/linux/x.h")]), ["fs/a.o", "fs/b.o"]);
        assert_eq!(objects(&[change("drivers/unused.c")]), Vec::<String>::new());
        assert_eq!(objects(&[change("include/uapi/x.h")]), Vec::<String>::new());
        let Plan::Objects(touched) = plan(&[change("include/linux/sched.h")]) else { panic!() };
        assert_eq!(touched.objects.into_iter().collect::<Vec<_>>(), ["fs/a.o"]);
        assert_eq!(
            touched.offsets.into_values().collect::<Vec<_>>(),
            ["include/generated/bounds.h"]
        );
    }

    #[test]
    fn unused_files_are_told_but_those_of_other_architectures() {
        let unused = |path| planned(&[change(path)]).unused.len();
        assert_eq!(unused("drivers/unused.c"), 1);
        assert_eq!(unused("arch/x86/kernel/unused.c"), 1);
        assert_eq!(unused("arch/arm64/kernel/setup.c"), 0);
        assert_eq!(unused("fs/a.c"), 0);
    }

    #[test]
    fn what_only_make_knows() {
        for path in [
            "fs/Makefile",
            "fs/Kconfig",
            "include/asm/f.h",
            "fs/t.tbl",
            "tools/x.c",
            "lib/t.txt",
            "fs/x.yaml",
        ] {
            assert!(matches!(plan(&[change(path)]), Plan::Everything(_)), "{path}");
        }
        assert!(matches!(
            plan(&[FileChange { new: None, ..change("fs/a.c") }]),
            Plan::Everything(_)
        ));
    }

    #[test]
    fn new_files() {
        let new = |path: &str| FileChange { old: None, ..change(path) };
        assert_eq!(objects(&[new("fs/new.h")]), Vec::<String>::new());
        // `#include "x.h"` may find this one now.
        assert_eq!(objects(&[new("fs/x.h")]), ["fs/a.o", "fs/b.o"]);
        assert!(matches!(plan(&[new("arch/x86/include/asm/new.h")]), Plan::Everything(_)));
        assert!(matches!(plan(&[new("fs/new.sh")]), Plan::Everything(_)));
    }
}
