//! Files that options of compilers name. No record of Kbuild has them, and make does not look at them.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

/// The files that the values of make `variables` name: `@FILE`, with what that names in turn, and whole paths, alone or in an
/// option (`-specs=/FILE`, `-fplugin=/FILE`, `-wrapper /FILE,…`). Commands run in `directory`.
pub(super) fn named(variables: &[String], directory: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    for variable in variables {
        let value = variable.split_once('=').map_or("", |(_, value)| value);
        add(value, directory, &mut found);
    }
    found
}

/// The options in the values of `variables` that make a compiler run other programs than its own.
pub(super) fn choosing_programs(variables: &[String]) -> Vec<String> {
    let is_of_compilers = |name: &str| name.ends_with("FLAGS") && !name.contains("RUST");
    let values = variables.iter().filter_map(|variable| variable.split_once('='));
    let values = values.filter(|(name, _)| is_of_compilers(name)).map(|(_, value)| value);
    let mut chosen: Vec<String> = Vec::new();
    for value in values {
        let mut words = words(value);
        while let Some(word) = words.next() {
            let takes_next = matches!(word, "-B" | "-specs" | "--prefix" | "--specs" | "--config");
            let is_one = ["-B", "@", "-specs=", "--specs=", "--prefix=", "--config="];
            if takes_next || is_one.iter().any(|start| word.starts_with(start)) {
                chosen.push(word.to_owned());
                chosen.extend(words.next_if(|_| takes_next).map(str::to_owned));
            }
        }
    }
    chosen
}

fn add(text: &str, directory: &Utf8Path, found: &mut BTreeSet<Utf8PathBuf>) {
    for word in words(text) {
        for part in word.split(['=', ',']) {
            let (path, holds_options) = match part.strip_prefix('@') {
                Some(path) => (directory.join(path), true),
                None if part.starts_with('/') => (Utf8PathBuf::from(part), false),
                None => continue,
            };
            if path.is_file() && found.insert(path.clone()) && holds_options {
                let text = fs::read(&path).unwrap_or_default();
                add(&String::from_utf8_lossy(&text), directory, found);
            }
        }
    }
}

fn words(text: &str) -> std::iter::Peekable<impl Iterator<Item = &str>> {
    let is_between = |it: char| it.is_whitespace() || it == '"' || it == '\'';
    text.split(is_between).filter(|word| !word.is_empty()).peekable()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_options() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for name in ["specs", "plugin.so", "inner", "wrapper", "plain"] {
            fs::write(root.join(name), "-O2").unwrap();
        }
        fs::write(root.join("outer"), format!("-O1 '@inner'\n@outer -specs={root}/specs")).unwrap();
        let variables = [
            format!("KCFLAGS=-DX @{root}/outer -wrapper {root}/wrapper,-x @none"),
            format!("CC=gcc -fplugin={root}/plugin.so -fplugin-arg-plugin-file=plain"),
        ];
        let found = named(&variables, root);
        let names: Vec<&str> = found.iter().filter_map(|path| path.file_name()).collect();
        assert_eq!(names, ["inner", "outer", "plugin.so", "specs", "wrapper"]);
    }

    #[test]
    fn options_that_choose_programs() {
        let variables = ["KCFLAGS=-O2 -B/one -B /two @three", "KAFLAGS=-specs=/four", "V=-B5"];
        let chosen = choosing_programs(&variables.map(str::to_owned));
        assert_eq!(chosen, ["-B/one", "-B", "/two", "@three", "-specs=/four"]);
    }
}
