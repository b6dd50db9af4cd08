//! The structure of the sources: which way data goes, and where knowledge about a processor may be.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::klp::root;

/// What only files about one architecture may say.
const OF_AN_ARCHITECTURE: &[&str] =
    &["R_X86_64", "EM_X86_64", "iced_x86", "bzImage", "arch/x86", "ttyS0", "\\x48"];

/// Bytes that are opcodes, prefixes and NOPs of x86-64, and hardly anything else.
const OPCODES: &[&str] = &["0x48", "0x66", "0x90", "0xcc", "0xe8", "0xe9", "0xeb", "0xf3"];

/// Files that may say so all the same: the texts of rules, and what a command line offers.
const EXCEPTIONS: &[&str] = &["klp-core/src/rules.rs", "cargo-klp/src/cli/trial.rs"];

const CRATES: &[&str] = &["cargo-klp", "kbuild-glue", "klp", "klp-core", "klp-vm"];

/// The code of a file: without comments and tests.
fn code(path: &Utf8Path) -> Result<String> {
    let text = fs_err::read_to_string(path)?;
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    Ok(lines.collect::<Vec<&str>>().join("\n"))
}

fn sources(directory: &Utf8Path, found: &mut Vec<Utf8PathBuf>) -> Result<()> {
    for entry in directory.read_dir_utf8()? {
        let path = entry?.into_path();
        if path.is_dir() {
            sources(&path, found)?;
        } else if path.extension() == Some("rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(())
}

fn is_about_an_architecture(path: &Utf8Path) -> bool {
    path.components()
        .any(|part| matches!(part.as_str(), "arch" | "arch.rs" | "x86_64" | "x86_64.rs"))
}

#[test]
fn what_is_of_an_architecture_is_in_files_about_it() -> Result<()> {
    let mut strays = Vec::new();
    for krate in CRATES {
        let mut files = Vec::new();
        sources(&root().join(krate).join("src"), &mut files)?;
        for path in files {
            let name = path.strip_prefix(root())?;
            if is_about_an_architecture(name) || EXCEPTIONS.contains(&name.as_str()) {
                continue;
            }
            let code = code(&path)?;
            let words = OF_AN_ARCHITECTURE.iter().filter(|word| code.contains(**word));
            let has_byte = |byte: &&&str| {
                let mut numbers = code.split(|it: char| !it.is_ascii_alphanumeric());
                numbers.any(|number| number == **byte)
            };
            let bytes = OPCODES.iter().filter(has_byte);
            strays.extend(words.chain(bytes).map(|word| format!("{name}: {word}")));
        }
    }
    ensure!(strays.is_empty(), "not in arch/ or x86_64.rs:\n{}", strays.join("\n"));
    Ok(())
}

/// The modules of a crate, by path, and which of the others each of them imports.
fn imports(source: &Utf8Path) -> Result<BTreeMap<String, BTreeSet<String>>> {
    let mut files = Vec::new();
    sources(source, &mut files)?;
    let mut codes = BTreeMap::new();
    for path in &files {
        let name = path.strip_prefix(source)?.with_extension("");
        let name = name.as_str().replace('/', "::");
        let name = name.strip_suffix("::mod").unwrap_or(&name);
        let name = if name == "lib" { "" } else { name };
        codes.insert(name.to_owned(), code(path)?);
    }
    let mut imports = BTreeMap::new();
    for (module, code) in &codes {
        let mut own = BTreeSet::new();
        for path in named(code) {
            let mut path = absolute(module, &path);
            while !path.is_empty() && !codes.contains_key(&path) {
                path = path.rsplit_once("::").map_or(String::new(), |(front, _)| front.to_owned());
            }
            if !path.is_empty() && path != *module {
                own.insert(path);
            }
        }
        imports.insert(module.clone(), own);
    }
    Ok(imports)
}

/// The paths that `code` names in `use` items, and behind `crate::` anywhere.
fn named(code: &str) -> Vec<String> {
    let mut paths = Vec::new();
    for item in code.split(';') {
        let item = item.trim_start();
        let line = item.rfind("\nuse ").map_or(item, |at| &item[at + 1..]);
        let line = line.trim_start().trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        if let Some(tree) = line.strip_prefix("use ") {
            expand("", tree, &mut paths);
        }
    }
    for rest in code.split("crate::").skip(1) {
        let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || matches!(it, '_' | ':')));
        paths.push(format!("crate::{}", &rest[..end.unwrap_or(rest.len())]));
    }
    paths
}

/// The paths of a `use` tree behind `front`.
fn expand(front: &str, tree: &str, paths: &mut Vec<String>) {
    let tree = tree.trim();
    let Some((before, body)) = tree.split_once('{') else {
        let path = tree.split(" as ").next().unwrap_or_default().trim();
        paths.push(format!("{front}{path}"));
        return;
    };
    let front = format!("{front}{}", before.trim());
    let body = body.rsplit_once('}').map_or(body, |(body, _)| body);
    let (mut depth, mut start) = (0usize, 0);
    for (at, character) in body.char_indices().chain([(body.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                let part = body[start..at].trim();
                if !part.is_empty() {
                    expand(&front, part, paths);
                }
                start = (at + 1).min(body.len());
            }
            _ => {}
        }
    }
}

/// `path` as `module` names it, from the root of the crate.
fn absolute(module: &str, path: &str) -> String {
    let mut base: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    let mut parts: Vec<&str> = path.split("::").filter(|part| !part.is_empty()).collect();
    match parts.first().copied() {
        Some("crate") => {
            base.clear();
            parts.remove(0);
        }
        Some("self") => {
            parts.remove(0);
        }
        Some("super") => {
            while parts.first() == Some(&"super") {
                parts.remove(0);
                base.pop();
            }
        }
        _ => {}
    }
    base.extend(parts);
    base.join("::")
}

/// Imports between the children of one module: between the parts of both paths where they begin to differ.
fn between_siblings(
    imports: &BTreeMap<String, BTreeSet<String>>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut between: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (module, others) in imports {
        for other in others {
            let (one, two): (Vec<&str>, Vec<&str>) =
                (module.split("::").collect(), other.split("::").collect());
            let common = one.iter().zip(&two).take_while(|(one, two)| one == two).count();
            if common < one.len() && common < two.len() {
                let name = |path: &[&str]| path[..=common].join("::");
                between.entry(name(&one)).or_default().insert(name(&two));
            }
        }
    }
    between
}

/// A way that leads from `start` back to it.
fn circle(start: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut open = vec![vec![start.to_owned()]];
    let mut seen = BTreeSet::new();
    while let Some(way) = open.pop() {
        for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
            if next == start {
                return Some(way);
            }
            if seen.insert(next.clone()) {
                open.push([&way[..], std::slice::from_ref(next)].concat());
            }
        }
    }
    None
}

/// No module imports one that imports it, but for a parent and its children.
#[test]
fn data_goes_one_way() -> Result<()> {
    let imports = imports(&root().join("klp-core/src"))?;
    let edges: usize = imports.values().map(BTreeSet::len).sum();
    ensure!(imports.len() > 200 && edges > 600, "{} modules, {edges} imports", imports.len());
    let between = between_siblings(&imports);
    let circles: BTreeSet<String> = between
        .keys()
        .filter_map(|module| circle(module, &between))
        .map(|way| way.join(" → "))
        .collect();
    ensure!(circles.is_empty(), "{circles:#?}");
    Ok(())
}

/// Both readers of the sources find what is put in the wrong place.
#[test]
fn what_is_in_the_wrong_place_is_found() -> Result<()> {
    let directory = tempfile::tempdir()?;
    let source = Utf8Path::from_path(directory.path()).context("a path")?;
    fs_err::write(source.join("lib.rs"), "mod a;\nmod b;\n")?;
    fs_err::write(source.join("a.rs"), "//! Text.\n\nuse crate::b::{C, d::{self, E}};\n")?;
    fs_err::write(source.join("b.rs"), "use super::a;\nconst CALL: u8 = 0xe8;\n")?;
    let found = imports(source)?;
    assert_eq!(found.get("a"), Some(&BTreeSet::from(["b".to_owned()])));
    assert_eq!(circle("a", &between_siblings(&found)), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert!(code(&source.join("b.rs"))?.contains(OPCODES[4]));
    Ok(())
}
