//! Which files can include which, by what stands in `#include` lines.
//!
//! More than the preprocessor would find, never less: conditions are not looked at, and a name is looked for in every
//! directory. A macro can stand for a name (`#include TRACE_INCLUDE(x)`); such files can include everything that
//! defines events of that name, so they count as including every file that is named like the text around.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use rayon::prelude::*;

/// The files that can include one of `changed`, and `changed` themselves; all relative to `sources`.
pub(super) fn closure(
    sources: &Utf8Path,
    files: &[Utf8PathBuf],
    changed: &BTreeSet<Utf8PathBuf>,
) -> BTreeSet<Utf8PathBuf> {
    let included: Vec<(usize, Vec<String>)> = files
        .par_iter()
        .enumerate()
        .filter(|(_, path)| can_include(path))
        .map(|(index, path)| {
            let text = fs_err::read(sources.join(path)).unwrap_or_default();
            (index, names(&text))
        })
        .collect();
    let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (index, names) in &included {
        for name in names {
            by_name.entry(name).or_default().push(*index);
        }
    }
    let mut found = changed.clone();
    let mut open: Vec<Utf8PathBuf> = changed.iter().cloned().collect();
    while let Some(path) = open.pop() {
        let name = path.file_name().unwrap_or_default();
        for index in by_name.get(name).into_iter().flatten() {
            if let Some(file) = files.get(*index)
                && found.insert(file.clone())
            {
                open.push(file.clone());
            }
        }
    }
    found
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
        let files: Vec<Utf8PathBuf> =
            ["include/linux/a.h", "include/linux/b.h", "mm/c.c", "mm/d.c"].map(Into::into).into();
        let changed = BTreeSet::from(["include/linux/a.h".into()]);
        let found = closure(root, &files, &changed);
        assert_eq!(
            found.iter().map(|path| path.as_str()).collect::<Vec<_>>(),
            ["include/linux/a.h", "include/linux/b.h", "mm/c.c"]
        );
    }
}
