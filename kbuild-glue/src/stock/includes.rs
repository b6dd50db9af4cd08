//! Which files can include which, by what stands in `#include` lines.
//!
//! More than the preprocessor would find where names are written out: conditions are not looked at, and a name is looked
//! for in every directory, unless it is in quotes and there is such a file beside the one that names it, which is where
//! the preprocessor looks first. A name that a macro makes (`#include TRACE_INCLUDE(x)`) is not found: who asks has to treat a
//! header that nobody names as one of which nothing is known.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

use super::generators::LINKS_MODULES;

/// What is not there yet, and what is a link to a directory.
const NO_FILE: &[io::ErrorKind] = &[io::ErrorKind::NotFound, io::ErrorKind::IsADirectory];

/// The files of a tree by the last parts of the names that they include.
pub(super) struct Includes<'f> {
    by_name: BTreeMap<String, Vec<IncludingFile<'f>>>,
}

/// A file that includes another.
struct IncludingFile<'f> {
    file: &'f Utf8Path,
    /// What the path of the other ends with, wherever the preprocessor looks for it.
    end: Utf8PathBuf,
    /// The only file that it can be.
    only: Option<Utf8PathBuf>,
    /// Whether the line is a text of a program, which writes it.
    is_written: bool,
}

impl IncludingFile<'_> {
    /// Whether the name can lead to `path`. A build writes headers `asm/x.h` that include `asm-generic/x.h`.
    fn can_mean(&self, path: &Utf8Path) -> bool {
        let is_generic = || path.components().any(|part| part.as_str() == "asm-generic");
        match &self.only {
            Some(only) => only == path,
            None => path.ends_with(&self.end) || self.end.starts_with("asm") && is_generic(),
        }
    }
}

impl<'f> Includes<'f> {
    /// Reads `files`, which are relative to `sources`, or to `made` where a build makes them.
    pub(super) fn read(
        sources: &Utf8Path,
        files: &'f [Utf8PathBuf],
        made: (&Utf8Path, &'f [Utf8PathBuf]),
    ) -> io::Result<Self> {
        let known: HashSet<&Utf8Path> =
            files.iter().chain(made.1).map(Utf8PathBuf::as_path).collect();
        let read = |(top, path): (&Utf8Path, &'f Utf8PathBuf)| match fs_err::read(top.join(path)) {
            Ok(text) => Ok((path.as_path(), names(&text))),
            Err(error) if NO_FILE.contains(&error.kind()) => Ok((path.as_path(), Vec::new())),
            Err(error) => Err(error),
        };
        let read: Vec<(&Utf8Path, Vec<IncludeName>)> = files
            .par_iter()
            .map(|path| (sources, path))
            .chain(made.1.par_iter().map(|path| (made.0, path)))
            .filter(|(_, path)| can_include(path))
            .map(read)
            .collect::<io::Result<_>>()?;
        let mut by_name: BTreeMap<String, Vec<IncludingFile<'f>>> = BTreeMap::new();
        for (file, names) in read {
            for name in names {
                let beside = name.beside(file).filter(|path| known.contains(path.as_path()));
                let last = name.text.rsplit('/').next().unwrap_or(&name.text).to_owned();
                by_name.entry(last).or_default().push(IncludingFile {
                    file,
                    end: name.end(),
                    only: beside,
                    is_written: name.is_written,
                });
            }
        }
        Ok(Self { by_name })
    }

    /// Whether a program or script that can make sources in one of `directories` writes one that includes a file called like
    /// one of `paths`: it stands there, or among the tools. What links modules writes some for each of them, which are no code
    /// of the kernel.
    pub(super) fn writes_one_of(
        &self,
        paths: &BTreeSet<Utf8PathBuf>,
        directories: &BTreeSet<Option<&Utf8Path>>,
    ) -> bool {
        let is_tool = |file: &Utf8Path| {
            file.components().any(|part| matches!(part.as_str(), "scripts" | "tools"))
        };
        let can_be = |file: &Utf8Path| {
            file != LINKS_MODULES && (is_tool(file) || directories.contains(&file.parent()))
        };
        paths.iter().any(|path| {
            let users = self.by_name.get(path.file_name().unwrap_or_default());
            users.into_iter().flatten().any(|user| user.is_written && can_be(user.file))
        })
    }

    /// Whether a file names one that is called like `path`.
    pub(super) fn names(&self, path: &Utf8Path) -> bool {
        self.users(path).next().is_some()
    }

    /// `changed`, and the files that can include one of them, through others or not.
    pub(super) fn closure(&self, changed: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let mut found = changed.clone();
        let mut open: Vec<Utf8PathBuf> = changed.iter().cloned().collect();
        while let Some(path) = open.pop() {
            for IncludingFile { file, .. } in self.users(&path) {
                if found.insert((*file).to_owned()) {
                    open.push((*file).to_owned());
                }
            }
        }
        found
    }

    /// The files that can include `path`.
    fn users<'s>(&'s self, path: &'s Utf8Path) -> impl Iterator<Item = &'s IncludingFile<'f>> {
        let users = self.by_name.get(path.file_name().unwrap_or_default());
        users.into_iter().flatten().filter(move |user| user.can_mean(path))
    }
}

/// A name in an `#include` line.
struct IncludeName {
    text: String,
    is_quoted: bool,
    is_written: bool,
}

impl IncludeName {
    /// What any path that it leads to ends with.
    fn end(&self) -> Utf8PathBuf {
        let parts: Vec<&str> = self.text.split('/').collect();
        let start =
            parts.iter().rposition(|part| matches!(*part, ".." | ".")).map_or(0, |at| at + 1);
        parts.iter().skip(start).filter(|part| !part.is_empty()).collect()
    }

    /// Where the preprocessor looks for it first, when it is in quotes in `file`.
    fn beside(&self, file: &Utf8Path) -> Option<Utf8PathBuf> {
        let mut path = file.parent().filter(|_| self.is_quoted)?.to_owned();
        for part in self.text.split('/') {
            match part {
                "." | "" => {}
                ".." => {
                    if !path.pop() {
                        return None;
                    }
                }
                part => path.push(part),
            }
        }
        Some(path)
    }
}

fn can_include(path: &Utf8Path) -> bool {
    !matches!(
        path.extension(),
        Some("rst" | "txt" | "yaml" | "dts" | "dtsi" | "py" | "rs" | "json")
    )
}

/// The names in `#include` lines.
fn names(text: &[u8]) -> Vec<IncludeName> {
    let mut names = Vec::new();
    for at in memchr::memmem::find_iter(text, b"include") {
        let before = text.get(..at).unwrap_or_default();
        let before = before.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
        let is_directive =
            before.iter().rev().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'#');
        let is_incbin = before.ends_with(b".") || before.ends_with(b"#");
        if !is_directive && !is_incbin {
            continue;
        }
        let line = text.get(at..).unwrap_or_default();
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line.strip_prefix(b"include").unwrap_or(line));
        let is_next = line.starts_with("_next");
        let line = line.trim_start_matches("_next").trim();
        // What is next is in another directory.
        let quoted = line.strip_prefix('"').and_then(|rest| rest.split('"').next());
        let other = || line.strip_prefix('<').and_then(|rest| rest.split('>').next());
        if let Some(name) = quoted.or_else(other) {
            let is_written = [b"\"#".as_slice(), b"'#"].iter().any(|text| before.ends_with(text));
            let is_quoted = quoted.is_some() && !is_next && is_directive && !is_written;
            names.push(IncludeName { text: name.to_owned(), is_quoted, is_written });
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `common.h` is the name of many.
    #[test]
    fn a_name_in_quotes_is_what_stands_beside() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let texts = [
            ("a/common.h", ""),
            ("a/own.c", "#include \"common.h\"\n"),
            ("a/sub/up.c", "#include \"../common.h\"\n"),
            ("b/common.h", ""),
            ("b/other.c", "#include \"common.h\"\n"),
            ("b/up.c", "#include \"./../a/common.h\"\n"),
            ("b/next.c", "#include_next \"common.h\"\n"),
            ("c/by_option.c", "#include \"common.h\"\n"),
            ("c/too_far.c", "#include \"../../../common.h\"\n"),
            ("b/angle.c", "#include <common.h>\n"),
            ("b/elsewhere.c", "#include <linux/common.h>\n"),
            ("b/longer.c", "#include <./linux/../a/common.h>\n"),
        ];
        for (name, text) in texts {
            fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs_err::write(root.join(name), text).unwrap();
        }
        let files: Vec<Utf8PathBuf> = texts.iter().map(|(name, _)| (*name).into()).collect();
        let includes = Includes::read(root, &files, (root, &[])).unwrap();
        let found = includes.closure(&BTreeSet::from(["a/common.h".into()]));
        let found: Vec<&str> = found.iter().map(|path| path.as_str()).collect();
        assert_eq!(
            found,
            [
                "a/common.h",
                "a/own.c",
                "a/sub/up.c",
                "b/angle.c",
                "b/longer.c",
                "b/next.c",
                "b/up.c",
                "c/by_option.c",
                "c/too_far.c"
            ]
        );
    }

    /// A build makes `asm/w.h`, which is one line.
    #[test]
    fn a_header_of_an_architecture_can_be_the_generic_one() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        fs_err::write(root.join("a.c"), "#include <asm/w.h>\n").unwrap();
        let files: Vec<Utf8PathBuf> = vec!["a.c".into()];
        let includes = Includes::read(root, &files, (root, &[])).unwrap();
        assert!(includes.names("include/asm-generic/w.h".into()));
        assert!(includes.names("arch/x86/include/asm/w.h".into()));
        assert!(!includes.names("include/linux/w.h".into()));
    }

    #[test]
    fn what_includes_a_header_is_found_through_others() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let write = |name: &str, text: &str| {
            fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs_err::write(root.join(name), text).unwrap();
        };
        write("include/linux/a.h", "int a;\n");
        write("include/linux/b.h", "# include <linux/a.h>\n");
        write("mm/c.c", "\t#include\t\"../include/linux/b.h\" // x\n");
        write("mm/d.c", "/* include <linux/a.h> */ int include;\n");
        std::os::unix::fs::symlink(root.join("mm"), root.join("link")).unwrap();
        let files: Vec<Utf8PathBuf> =
            ["include/linux/a.h", "include/linux/b.h", "link", "mm/c.c", "mm/d.c", "new.c"]
                .map(Into::into)
                .into();
        let changed = BTreeSet::from(["include/linux/a.h".into()]);
        let includes = Includes::read(root, &files, (root, &[])).unwrap();
        let found = includes.closure(&changed);
        assert!(includes.names("include/linux/b.h".into()) && !includes.names("c.h".into()));
        assert_eq!(
            found.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
            ["include/linux/a.h", "include/linux/b.h", "mm/c.c"]
        );
    }
}
