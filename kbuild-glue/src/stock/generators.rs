//! Sources that a build makes, and what it makes them of. They are made once, from the unpatched tree; so a patch to what
//! they are made of is one for a whole build.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{self, ErrorKind};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use ignore::WalkBuilder;

use super::recipe::Recipe;
use crate::build::{BuildError, BuildSettings, Workspace};
use crate::event::{BuildEvent, BuildEvents};
use crate::lexical::in_mirror;

/// The sources that a build makes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct GeneratedSources {
    /// Those that are there, relative to the output directory.
    pub(super) files: Vec<Utf8PathBuf>,
    /// The files of the tree that they are made of, and the programs which make them.
    inputs: BTreeSet<Utf8PathBuf>,
}

/// The files with rules of Kbuild in a directory.
const RULES: [&str; 2] = ["Makefile", "Kbuild"];
/// What links modules writes a file for each, which is no code of the kernel.
pub(super) const LINKS_MODULES: &str = "scripts/mod/modpost.c";

impl Workspace {
    /// Makes the sources of `recipes`, and finds what they and the programs that are there were made of. Where one cannot
    /// be made, as some need what only a whole build has, its source is not there.
    pub(super) fn make_sources(
        &self,
        recipes: &[Recipe],
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<GeneratedSources, BuildError> {
        let build = self.build_path();
        let is_missing = |recipe: &&Recipe| !build.join(&recipe.target).exists();
        let missing: Vec<&Recipe> = recipes.iter().filter(is_missing).collect();
        let message = format!("{} sources and programs that make sources", missing.len());
        events(BuildEvent::Status { verb: "Making", message });
        let directory = self.scripts("sources")?;
        let mut lines = String::new();
        for (number, recipe) in missing.iter().enumerate() {
            let script = directory.join(format!("{number}.sh"));
            fs::write(&script, &recipe.text).map_err(BuildError::io(&script))?;
            let parent = build.join(&recipe.target);
            let parent = parent.parent().unwrap_or(&build);
            fs::create_dir_all(parent).map_err(BuildError::io(parent))?;
            // Writing to a string cannot fail.
            let _ = writeln!(lines, "\t@sh '{script}' || rm -f '{}'", recipe.target);
        }
        let makefile = directory.join("Makefile");
        fs::write(&makefile, format!(".PHONY: all\nall:\n{lines}"))
            .map_err(BuildError::io(&makefile))?;
        self.run_makefile(&makefile, settings, events)?;
        let mut made = GeneratedSources::default();
        let mirror = self.mirror_path();
        for recipe in recipes {
            made.inputs.extend(inputs(&recipe.text, &build, &mirror));
            if build.join(&recipe.target).is_file() && !made.files.contains(&recipe.target) {
                made.files.push(recipe.target.clone());
            }
        }
        made.inputs.extend(inputs_of_programs(&build, &mirror)?);
        Ok(made)
    }
}

/// The files of the tree that went into what was made in `build` so far and is no code of the kernel, as Kbuild wrote down.
fn inputs_of_programs(
    build: &Utf8Path,
    mirror: &Utf8Path,
) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
    let mut found = BTreeSet::new();
    for entry in WalkBuilder::new(build).standard_filters(false).build() {
        let entry = entry.map_err(io::Error::other).map_err(BuildError::io(build))?;
        let path = Utf8Path::from_path(entry.path()).unwrap_or(build);
        if path.extension() != Some("cmd") {
            continue;
        }
        let bytes = fs::read(path).map_err(BuildError::io(path))?;
        found.extend(inputs(&String::from_utf8_lossy(&bytes), build, mirror));
    }
    Ok(found)
}

/// The files of the tree that a command or a record of one names, unless it compiles code of the kernel: of that, offsets
/// are made, which are compared by themselves.
fn inputs(text: &str, build: &Utf8Path, mirror: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    if text.contains(" -D__KERNEL__ ") {
        return BTreeSet::new();
    }
    let words = text.split(|it: char| it.is_whitespace() || "'\";()<>=".contains(it));
    let words = words.filter(|word| word.contains('/'));
    let paths = words.filter_map(|word| in_mirror(word.as_bytes(), build, mirror));
    paths.filter(|path| mirror.join(path).is_file()).collect()
}

impl GeneratedSources {
    /// One of `changed` from which a build makes sources, if there is one: such a source or a program was made of it, or a
    /// rule of a Makefile or such a program names it. `files` are all in `mirror`.
    pub(super) fn input<'c>(
        &self,
        mirror: &Utf8Path,
        files: &[Utf8PathBuf],
        changed: &'c BTreeSet<Utf8PathBuf>,
    ) -> io::Result<Option<&'c Utf8Path>> {
        if let Some(path) = changed.iter().find(|path| self.inputs.contains(*path)) {
            return Ok(Some(path));
        }
        let headers: Vec<&Utf8PathBuf> =
            changed.iter().filter(|path| path.extension() == Some("h")).collect();
        if headers.is_empty() {
            return Ok(None);
        }
        let has_rules =
            |file: &&Utf8PathBuf| file.file_name().is_some_and(|it| RULES.contains(&it));
        let programs = self.inputs.iter().filter(|path| path.extension() != Some("h"));
        let programs = programs.filter(|path| *path != LINKS_MODULES);
        for file in files.iter().filter(has_rules).chain(programs) {
            let text = read(&mirror.join(file))?.unwrap_or_default();
            // What a program writes is read itself.
            let lines = text.lines().filter(|line| !line.contains("#include"));
            let text = lines.collect::<Vec<&str>>().join("\n");
            if let Some(header) = headers.iter().find(|header| text.contains(&ending(header))) {
                return Ok(Some(header.as_path()));
            }
        }
        Ok(None)
    }

    /// One line a file.
    pub(super) fn write(&self) -> String {
        let files = self.files.iter().map(|path| format!("made\t{path}\n"));
        files.chain(self.inputs.iter().map(|path| format!("input\t{path}\n"))).collect()
    }

    /// What [`GeneratedSources::write`] has written; none if it is something else.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut made = Self::default();
        for line in text.lines() {
            match line.split_once('\t')? {
                ("made", path) => made.files.push(path.into()),
                ("input", path) => drop(made.inputs.insert(path.into())),
                _ => return None,
            }
        }
        Some(made)
    }
}

/// The last directory and the name of a file, as rules write it.
fn ending(path: &Utf8Path) -> String {
    let directory = path.parent().and_then(Utf8Path::file_name).unwrap_or_default();
    format!("{directory}/{}", path.file_name().unwrap_or_default())
}

fn read(path: &Utf8Path) -> io::Result<Option<String>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(String::from_utf8_lossy(&bytes).into_owned())),
        Err(error) if [ErrorKind::NotFound, ErrorKind::IsADirectory].contains(&error.kind()) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_the_tree_are_found_in_commands() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let (build, mirror) = (root.join("build"), root.join("mirror"));
        fs::create_dir_all(mirror.join("lib")).unwrap();
        for name in ["lib/a.awk", "lib/a.uc", "lib/gen.c"] {
            fs::write(mirror.join(name), "").unwrap();
        }
        let text = format!(
            "set -e; echo 'awk -f {mirror}/lib/a.awk <{mirror}/lib/x/../a.uc > lib/a.c';\n\
             deps_lib/gen := {mirror}/lib/gen.c \\\n $(wildcard include/config/X) /usr/include/a.h"
        );
        let found: Vec<Utf8PathBuf> = inputs(&text, &build, &mirror).into_iter().collect();
        assert_eq!(found, ["lib/a.awk", "lib/a.uc", "lib/gen.c"]);
        let kernel = format!("gcc -D__KERNEL__ -S -o lib/offsets.s {mirror}/lib/gen.c");
        assert!(inputs(&kernel, &build, &mirror).is_empty());
        let made =
            GeneratedSources { files: vec!["lib/a.c".into()], inputs: found.into_iter().collect() };
        assert_eq!(GeneratedSources::read(&made.write()), Some(made));
        assert_eq!(GeneratedSources::read("rubbish\n"), None);
    }
}
