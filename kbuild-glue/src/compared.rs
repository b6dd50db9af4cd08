//! Which files of a build hold machine code that can be compared.
//!
//! Without LTO it is each object. With LTO (`CONFIG_LTO_CLANG`) objects are bitcode: machine code is in
//! `vmlinux.o` and in the linked object of each module.

use camino::{Utf8Path, Utf8PathBuf};

use crate::config::Config;
use crate::objects::{LinkedInto, LinkedObject};

/// A file with machine code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComparedFile {
    /// Relative to the output directory.
    pub file: Utf8PathBuf,
    /// What it is, or is part of.
    pub linked: LinkedInto,
    /// The objects that it was linked from, in the order of the link; empty: it is one itself.
    pub members: Vec<Utf8PathBuf>,
}

/// Whether the build in `output` links bitcode.
#[must_use]
pub fn is_lto(output: &Utf8Path) -> bool {
    Config::read(&output.join(".config")).is_ok_and(|config| config.is_enabled("CONFIG_LTO_CLANG"))
}

/// What to compare of the build in `output`, which linked `objects`.
#[must_use]
pub fn compared(output: &Utf8Path, objects: &[LinkedObject]) -> Vec<ComparedFile> {
    if is_lto(output) {
        return linked_files(objects);
    }
    let itself = |LinkedObject { object, linked }: &LinkedObject| ComparedFile {
        file: object.clone(),
        linked: linked.clone(),
        members: Vec::new(),
    };
    objects.iter().map(itself).collect()
}

/// `vmlinux.o` and the object of each module, with what they were linked from.
#[must_use]
pub fn linked_files(objects: &[LinkedObject]) -> Vec<ComparedFile> {
    let mut files: Vec<ComparedFile> = Vec::new();
    for LinkedObject { object, linked } in objects {
        match files.last_mut().filter(|last| last.linked == *linked) {
            Some(last) => last.members.push(object.clone()),
            None => files.push(ComparedFile {
                file: match linked {
                    LinkedInto::Vmlinux => "vmlinux.o".into(),
                    LinkedInto::Module(module) => format!("{module}.o").into(),
                },
                linked: linked.clone(),
                members: vec![object.clone()],
            }),
        }
    }
    // A module of one object is that object.
    for file in &mut files {
        if file.members == [file.file.clone()] {
            file.members.clear();
        }
    }
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linked_files_know_their_objects() {
        let object = |object: &str, linked: &LinkedInto| LinkedObject {
            object: object.into(),
            linked: linked.clone(),
        };
        let (image, one) = (LinkedInto::Vmlinux, LinkedInto::Module("a/one".into()));
        let many = LinkedInto::Module("a/many".into());
        let objects = [
            object("init/main.o", &image),
            object("mm/slub.o", &image),
            object("a/one.o", &one),
            object("a/x.o", &many),
            object("a/y.o", &many),
        ];
        let files = linked_files(&objects);
        let found: Vec<(&str, usize)> =
            files.iter().map(|file| (file.file.as_str(), file.members.len())).collect();
        assert_eq!(found, [("vmlinux.o", 2), ("a/one.o", 0), ("a/many.o", 2)]);
    }
}
