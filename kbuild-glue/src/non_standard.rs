//! Objects that Kbuild keeps objtool away from.
//!
//! `OBJECT_FILES_NON_STANDARD := y` in a Makefile is about all objects of its directory,
//! `OBJECT_FILES_NON_STANDARD_foo.o := y` (or `n`) about one (`scripts/Makefile.build`, 7.2). objtool
//! makes no unwind information for them, so a task that sleeps in one has no reliable stack, and the
//! kernel cannot tell when it is safe to patch.

use std::collections::HashMap;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::config::Config;

const VARIABLE: &str = "OBJECT_FILES_NON_STANDARD";

/// What the Makefiles of a tree say. Each is read once.
#[derive(Debug)]
pub struct NonStandard<'a> {
    source: &'a Utf8Path,
    config: &'a Config,
    directories: HashMap<Utf8PathBuf, DirectoryRules>,
}

/// What the Makefile of one directory says.
#[derive(Debug, Default)]
struct DirectoryRules {
    all: bool,
    /// By the name of the object, as the Makefile has it.
    objects: HashMap<String, bool>,
}

impl<'a> NonStandard<'a> {
    /// For the tree at `source` with this configuration.
    #[must_use]
    pub fn new(source: &'a Utf8Path, config: &'a Config) -> Self {
        Self { source, config, directories: HashMap::new() }
    }

    /// Whether `object`, a path in the build, is kept away from objtool.
    pub fn contains(&mut self, object: &Utf8Path) -> bool {
        // A Makefile can name objects of directories below it: `OBJECT_FILES_NON_STANDARD_x86/a.o`.
        let parents = object.ancestors().skip(1).take(2).enumerate();
        for (depth, parent) in parents {
            let directory = self.directory(parent);
            let name = object.strip_prefix(parent).unwrap_or(object).as_str();
            if let Some(says) = directory.objects.get(name) {
                return *says;
            }
            if depth == 0 && directory.all {
                return true;
            }
        }
        false
    }

    fn directory(&mut self, path: &Utf8Path) -> &DirectoryRules {
        let (source, config) = (self.source, self.config);
        self.directories.entry(path.to_owned()).or_insert_with(|| {
            // Kbuild takes `Kbuild` where there is one.
            let files = ["Kbuild", "Makefile"].map(|name| source.join(path).join(name));
            let text = files.iter().find_map(|file| fs::read_to_string(file).ok());
            text.map(|text| DirectoryRules::parse(&text, config)).unwrap_or_default()
        })
    }
}

impl DirectoryRules {
    fn parse(text: &str, config: &Config) -> Self {
        let mut directory = Self::default();
        // For each open conditional, whether its lines count. One that is not about the configuration
        // counts: rather an object too many is named than one too few.
        let mut open: Vec<bool> = Vec::new();
        for line in text.lines().map(str::trim) {
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            match word {
                "ifdef" | "ifndef" | "ifeq" | "ifneq" => {
                    open.push(condition(word, rest.trim(), config).unwrap_or(true));
                }
                "else" => {
                    if let Some(last) = open.last_mut() {
                        *last = !*last || rest.trim().starts_with("if");
                    }
                }
                "endif" => drop(open.pop()),
                _ if open.iter().all(|counts| *counts) => directory.assign(line),
                _ => {}
            }
        }
        directory
    }

    fn assign(&mut self, line: &str) {
        // Also `target: OBJECT_FILES_NON_STANDARD := y`.
        let Some(at) = line.find(VARIABLE) else { return };
        if line.starts_with('#') {
            return;
        }
        let assignment = line.get(at.saturating_add(VARIABLE.len())..).unwrap_or_default();
        let Some((name, value)) = assignment.split_once('=') else { return };
        let name = name.trim_end_matches([':', '?', '+', ' ', '\t']).replace("$(BITS)", "64");
        let says = value.trim().starts_with('y');
        match name.strip_prefix('_') {
            Some(object) => drop(self.objects.insert(object.to_owned(), says)),
            None if name.is_empty() => self.all = says,
            None => {}
        }
    }
}

/// Whether a conditional holds, if it is about one option of the configuration.
fn condition(word: &str, text: &str, config: &Config) -> Option<bool> {
    let (name, holds) = if word.ends_with("def") {
        (text, config.get(text).is_some())
    } else {
        let (left, right) = text.strip_prefix('(')?.strip_suffix(')')?.split_once(',')?;
        let name = left.trim().strip_prefix("$(")?.strip_suffix(')')?;
        (name, config.get(name).unwrap_or_default() == right.trim())
    };
    name.starts_with("CONFIG_").then_some(holds == matches!(word, "ifdef" | "ifeq"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAKEFILE: &str = "\
obj-y += a.o b.o c.o
# OBJECT_FILES_NON_STANDARD_c.o := y
OBJECT_FILES_NON_STANDARD_a.o := y
ifdef CONFIG_FRAME_POINTER
OBJECT_FILES_NON_STANDARD_ftrace_$(BITS).o\t:= y
endif
ifeq ($(CONFIG_KASAN),y)
OBJECT_FILES_NON_STANDARD_b.o := y
else
OBJECT_FILES_NON_STANDARD_d.o := y
endif
ifneq ($(call some-test),y)
OBJECT_FILES_NON_STANDARD_x86/e.o := y
endif
";

    #[test]
    fn makefiles() {
        let directory = tempfile::tempdir().unwrap();
        let source = Utf8Path::from_path(directory.path()).unwrap();
        for (path, text) in [
            ("lib/Makefile", MAKEFILE),
            ("lib/x86/Makefile", ""),
            (
                "boot/Makefile",
                "OBJECT_FILES_NON_STANDARD := y\nOBJECT_FILES_NON_STANDARD_k.o := n\n",
            ),
            (
                "startup/Makefile",
                "$(patsubst %.o,$(obj)/%.o,$(lib-y)): OBJECT_FILES_NON_STANDARD := y\n",
            ),
        ] {
            fs::create_dir_all(source.join(path).parent().unwrap()).unwrap();
            fs::write(source.join(path), text).unwrap();
        }
        fs::write(source.join(".config"), "CONFIG_FRAME_POINTER=y\n").unwrap();
        let config = Config::read(&source.join(".config")).unwrap();
        let mut found = NonStandard::new(source, &config);
        for object in
            ["lib/a.o", "lib/ftrace_64.o", "lib/d.o", "lib/x86/e.o", "boot/x.o", "startup/gdt.o"]
        {
            assert!(found.contains(Utf8Path::new(object)), "{object}");
        }
        for object in ["lib/b.o", "lib/c.o", "lib/x86/a.o", "boot/k.o", "boot/sub/x.o", "no/x.o"] {
            assert!(!found.contains(Utf8Path::new(object)), "{object}");
        }
    }
}
