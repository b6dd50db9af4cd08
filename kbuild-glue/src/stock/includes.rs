//! Which files can include which, by what stands in `#include` lines.
//!
//! More than the preprocessor would find where names are written out: conditions are not looked at, and a name is looked
//! for in every directory. A name that a macro makes (`#include TRACE_INCLUDE(x)`) is not found: who asks has to treat a
//! header that nobody names as one of which nothing is known.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

/// What is not there yet, and what is a link to a directory.
const NO_FILE: &[io::ErrorKind] = &[io::ErrorKind::NotFound, io::ErrorKind::IsADirectory];

/// The files of a tree by the last parts of the names that they include.
pub(super) struct Includes<'f> {
    by_name: BTreeMap<String, Vec<&'f Utf8Path>>,
}

impl<'f> Includes<'f> {
    /// Reads `files`, which are relative to `sources`.
    pub(super) fn read(sources: &Utf8Path, files: &'f [Utf8PathBuf]) -> io::Result<Self> {
        let read = |path: &'f Utf8PathBuf| match fs_err::read(sources.join(path)) {
            Ok(text) => Ok((path.as_path(), names(&text))),
            Err(error) if NO_FILE.contains(&error.kind()) => Ok((path.as_path(), Vec::new())),
            Err(error) => Err(error),
        };
        let read: Vec<(&Utf8Path, Vec<String>)> = files
            .par_iter()
            .filter(|path| can_include(path))
            .map(read)
            .collect::<io::Result<_>>()?;
        let mut by_name: BTreeMap<String, Vec<&Utf8Path>> = BTreeMap::new();
        for (path, names) in read {
            for name in names {
                by_name.entry(name).or_default().push(path);
            }
        }
        Ok(Self { by_name })
    }

    /// Whether a file names one that is called like `path`.
    pub(super) fn names(&self, path: &Utf8Path) -> bool {
        self.by_name.contains_key(path.file_name().unwrap_or_default())
    }

    /// `changed`, and the files that can include one of them, through others or not.
    pub(super) fn closure(&self, changed: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let mut found = changed.clone();
        let mut open: Vec<Utf8PathBuf> = changed.iter().cloned().collect();
        while let Some(path) = open.pop() {
            let users = self.by_name.get(path.file_name().unwrap_or_default());
            for file in users.into_iter().flatten() {
                if found.insert((*file).to_owned()) {
                    open.push((*file).to_owned());
                }
            }
        }
        found
    }
}

fn can_include(path: &Utf8Path) -> bool {
    !matches!(
        path.extension(),
        Some("rst" | "txt" | "yaml" | "dts" | "dtsi" | "py" | "rs" | "json")
    )
}

/// The last parts of the names in `#include` lines.
fn names(text: &[u8]) -> Vec<String> {
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
        let line = line.trim_start_matches("_next").trim();
        let quoted = line
            .strip_prefix('"')
            .and_then(|rest| rest.split('"').next())
            .or_else(|| line.strip_prefix('<').and_then(|rest| rest.split('>').next()));
        if let Some(name) = quoted {
            names.push(name.rsplit('/').next().unwrap_or(name).to_owned());
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let includes = Includes::read(root, &files).unwrap();
        let found = includes.closure(&changed);
        assert!(includes.names("include/linux/b.h".into()) && !includes.names("c.h".into()));
        assert_eq!(
            found.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
            ["include/linux/a.h", "include/linux/b.h", "mm/c.c"]
        );
    }
}
