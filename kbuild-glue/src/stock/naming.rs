//! Which sources have a word in them, and which objects are made from a source: nothing is compiled yet that would tell.

use std::collections::BTreeSet;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use rayon::prelude::*;

use super::includes::Includes;
use super::prepare::Recipes;
use super::{Compilation, StockError};
use crate::arch;
use crate::word::is_word;

/// What ends the names of files that code is made from.
const CODE: [&str; 4] = ["c", "h", "S", "inc"];
/// Where no code of the kernel is.
const NO_CODE: [&str; 4] = ["Documentation/", "scripts/", "tools/", "usr/"];

impl Recipes {
    /// The sources in which one of `words` stands, relative to the sources, or to the output directory where a build makes
    /// them. Those of other architectures and of tools are left out.
    pub fn sources_with(
        &self,
        words: &BTreeSet<String>,
    ) -> Result<BTreeSet<Utf8PathBuf>, StockError> {
        let has_word = |path: &&Utf8PathBuf| -> Result<bool, StockError> {
            let file = self.source_path(path);
            match fs::read(&file) {
                Ok(text) => Ok(words.iter().any(|word| is_word(&text, word))),
                // A link to a directory, or to nothing.
                Err(error)
                    if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) =>
                {
                    Ok(false)
                }
                Err(source) => Err(StockError::Sources { path: file, source }),
            }
        };
        let files = self.files.par_iter().chain(&self.made.files).filter(|path| is_code(path));
        let found = files.map(|path| Ok(has_word(&path)?.then(|| path.clone())));
        Ok(found.collect::<Result<Vec<_>, StockError>>()?.into_iter().flatten().collect())
    }

    /// Objects of code that runs in the kernel that are made from one of `sources`, or from what includes one.
    pub fn objects_from(
        &self,
        sources: &BTreeSet<Utf8PathBuf>,
    ) -> Result<BTreeSet<Utf8PathBuf>, StockError> {
        let includes = Includes::read(&self.mirror, &self.files, (&self.root, &self.made.files))
            .map_err(|source| StockError::Sources { path: self.mirror.clone(), source })?;
        let reached = includes.closure(sources);
        let made = self.units.iter().filter(|(_, unit)| {
            unit.runs() && !is_program(&unit.source) && reached.contains(&unit.source)
        });
        Ok(made.map(|(object, _)| object.clone()).collect())
    }

    /// Where a source is that [`Self::sources_with`] has found.
    #[must_use]
    pub fn source_path(&self, source: &Utf8Path) -> Utf8PathBuf {
        let path = self.mirror.join(source);
        if path.exists() { path } else { self.root.join(source) }
    }
}

impl Compilation {
    /// Whether it is for the mode of the processor that the kernel runs in.
    pub(super) fn runs(&self) -> bool {
        self.command.split(' ').all(|word| !arch::OTHER_MODES.contains(&word))
    }
}

/// Whether a program is made from `source` that starts the kernel or that it brings along.
pub(super) fn is_program(source: &Utf8Path) -> bool {
    arch::NOT_RUNNING.iter().any(|top| source.starts_with(top))
}

/// Whether the kernel has as data what is made from `source`: the vDSO, or code for another mode of the processor.
pub(super) fn is_brought_along(source: &Utf8Path) -> bool {
    arch::BROUGHT_ALONG.iter().any(|top| source.starts_with(top))
}

fn is_code(path: &Utf8Path) -> bool {
    let is_other = path.strip_prefix("arch").is_ok_and(|path| !path.starts_with(arch::DIRECTORY));
    path.extension().is_some_and(|end| CODE.contains(&end))
        && !is_other
        && NO_CODE.iter().all(|top| !path.starts_with(top))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::objects::LinkedInto;
    use crate::stock::Compilations;
    use crate::stock::generators::GeneratedSources;

    #[test]
    fn objects_are_found_by_words_in_their_sources() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let texts = [
            ("fs/a.c", "int f(void) { return 1; }\n"),
            ("fs/all.c", "#include \"part.c\"\n"),
            ("fs/part.c", "int g(void) { return f(); }\n"),
            ("fs/no.c", "int f1(void);\n"),
            ("include/h.h", "static inline int f(void);\n"),
            ("fs/h.c", "#include <h.h>\n"),
            ("arch/arm/a.c", "f();\n"),
            ("arch/x86/boot/b.c", "f();\n"),
            ("arch/x86/m.c", "f();\n"),
            ("tools/t.c", "f();\n"),
            ("Documentation/f.rst", "f\n"),
            ("build/fs/made.c", "f();\n"),
        ];
        for (name, text) in texts {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), text).unwrap();
        }
        let unit = |source: &str| Compilation {
            source: source.into(),
            linked: vec![LinkedInto::Vmlinux],
            command: format!("gcc {} -c", if source.ends_with("m.c") { "-m16" } else { "-m64" }),
        };
        let compiled = [
            "fs/a.c",
            "fs/all.c",
            "fs/no.c",
            "fs/h.c",
            "fs/made.c",
            "arch/x86/boot/b.c",
            "arch/x86/m.c",
        ];
        let units: Compilations =
            compiled.map(|source| (Utf8Path::new(source).with_extension("o"), unit(source))).into();
        let files = texts.iter().map(|(name, _)| (*name).into());
        let files = files.filter(|path: &Utf8PathBuf| !path.starts_with("build")).collect();
        let made = GeneratedSources::read("made\tfs/made.c\n").unwrap();
        let stock =
            Recipes { root: root.join("build"), mirror: root.to_owned(), files, units, made };
        let found = stock.sources_with(&BTreeSet::from(["f".to_owned()])).unwrap();
        let found: Vec<&str> = found.iter().map(|path| path.as_str()).collect();
        assert_eq!(
            found,
            [
                "arch/x86/boot/b.c",
                "arch/x86/m.c",
                "fs/a.c",
                "fs/made.c",
                "fs/part.c",
                "include/h.h"
            ]
        );
        let sources = ["arch/x86/boot/b.c", "arch/x86/m.c", "fs/part.c", "fs/made.c"];
        let objects = stock.objects_from(&sources.map(Into::into).into()).unwrap();
        let objects: Vec<&str> = objects.iter().map(|path| path.as_str()).collect();
        assert_eq!(objects, ["fs/all.o", "fs/made.o"]);
    }
}
