//! The structure of the sources: which way data goes, and where knowledge about a processor may be.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::klp::root;

/// What only files about one architecture may say.
const OF_AN_ARCHITECTURE: &[&str] =
    &["X86_64", "iced_x86", "bzImage", "arch/x86", "qemu-system", "ttyS", "__x86"];

/// Bytes of opcodes, prefixes and NOPs of x86-64 that the core has no other use for.
const OPCODES: &[&str] = &[
    "0f", "1e", "48", "66", "8d", "90", "bf", "c3", "c7", "cc", "d6", "e8", "e9", "eb", "f3", "fa",
];

/// What may stand elsewhere all the same: the list of architectures, and the texts of rules.
const EXCEPTIONS: &[(&str, &str)] =
    &[("klp-core/src/arch/mod.rs", "X86_64"), ("klp-core/src/rules.rs", "X86_64")];

/// What is the position of something in a list, and of a type of its own.
const POSITIONED: &[&str] = &["section", "symbol", "function", "unit", "span", "index"];

/// Numbers of something in the core that are not positions in its lists: fields of files, instructions and
/// steps of a walk.
const NUMBERS: &[(&str, &str)] = &[
    ("checksum/scc.rs", "path: Vec<(usize, usize)>"),
    ("checksum/site.rs", "index: u32"),
    ("checksum/stream.rs", "index: u32"),
    ("image/kallsyms.rs", "(usize, usize)"),
    ("image/kallsyms.rs", "index"),
    ("module/raw.rs", "symbol: u32"),
];

pub(crate) const CRATES: &[&str] = &["cargo-klp", "kbuild-glue", "klp", "klp-core", "klp-vm"];

/// The code of a file: without comments and its module of tests.
pub(crate) fn code(path: &Utf8Path) -> Result<String> {
    let text = fs_err::read_to_string(path)?;
    let text = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    let lines = text.lines().map(|line| line.split("//").next().unwrap_or_default());
    Ok(lines.collect::<Vec<&str>>().join("\n"))
}

pub(crate) fn sources(directory: &Utf8Path, found: &mut Vec<Utf8PathBuf>) -> Result<()> {
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

/// A file that is named after an architecture, in a folder of that name, or all that a crate other than the core knows of one.
fn is_about_an_architecture(path: &Utf8Path) -> bool {
    let is_of_one = |part: &str| matches!(part, "x86_64" | "x86_64.rs" | "arch.rs");
    path.components().any(|part| is_of_one(part.as_str()))
}

/// What of an architecture is in `code`: words, and in the core numbers and escapes of bytes.
fn of_an_architecture(code: &str, is_core: bool) -> Vec<String> {
    let words = OF_AN_ARCHITECTURE.iter().filter(|word| code.contains(**word));
    let mut found: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    let numbers = code.split(|it: char| !it.is_ascii_alphanumeric()).filter_map(|number| {
        let number = number.strip_prefix("0x")?;
        Some(["u8", "u32", "u64", "usize"].iter().fold(number, |it, end| it.trim_end_matches(end)))
    });
    let escapes = code.split("\\x").skip(1).filter_map(|rest| rest.get(..2));
    let bytes = numbers.chain(escapes).map(str::to_ascii_lowercase);
    found.extend(bytes.filter(|byte| is_core && OPCODES.contains(&byte.as_str())));
    found
}

#[test]
fn what_is_of_an_architecture_is_in_files_about_it() -> Result<()> {
    let mut strays = Vec::new();
    for krate in CRATES {
        let mut files = Vec::new();
        sources(&root().join(krate).join("src"), &mut files)?;
        for path in files {
            let name = path.strip_prefix(root())?;
            if is_about_an_architecture(name) {
                continue;
            }
            let found = of_an_architecture(&code(&path)?, *krate == "klp-core");
            let is_stray = |what: &String| !EXCEPTIONS.contains(&(name.as_str(), what.as_str()));
            strays.extend(found.into_iter().filter(is_stray).map(|what| format!("{name}: {what}")));
        }
    }
    ensure!(strays.is_empty(), "not in arch/x86_64, arch.rs or x86_64.rs:\n{}", strays.join("\n"));
    Ok(())
}

/// Whether a line of code has the position of something as a bare number, or two numbers that are a place or a pair.
fn has_bare_position(line: &str) -> bool {
    let is_bare = |of: &str| {
        let mut parts = of.split(|it: char| !it.is_alphanumeric() && it != '(');
        let around = ["", "mut", "Option", "Vec", "BTreeSet", "HashSet"];
        matches!(parts.find(|it| !around.contains(it)), Some("u32" | "usize"))
    };
    // `sections: usize` is how many there are, `sections: Vec<usize>` which.
    let is_named = |name: &str, of: &str| {
        let word = name.rsplit(|it: char| !it.is_alphanumeric()).next().unwrap_or_default();
        let end = if of.starts_with('u') { "" } else { "s" };
        POSITIONED.contains(&word.strip_suffix(end).unwrap_or(word))
    };
    let typed: Vec<&str> = line.split(": ").collect();
    let alias = line.split_once("type ").and_then(|(_, alias)| alias.split_once(" = "));
    typed.windows(2).any(|it| is_named(it[0], it[1]) && is_bare(it[1]))
        || alias.is_some_and(|(_, of)| is_bare(of))
        || ["(u32, u64)", "(usize, usize)"].iter().any(|pair| line.contains(pair))
}

#[test]
fn positions_are_of_types_of_their_own() -> Result<()> {
    let directory = root().join("klp-core/src");
    let mut files = Vec::new();
    sources(&directory, &mut files)?;
    let mut strays = Vec::new();
    for path in files {
        let name = path.strip_prefix(&directory)?;
        let is_number = |line: &str| {
            NUMBERS.iter().any(|(file, number)| name == *file && line.contains(number))
        };
        let code = code(&path)?;
        let bare = code.lines().filter(|line| has_bare_position(line) && !is_number(line));
        strays.extend(bare.map(|line| format!("{name}: {}", line.trim())));
    }
    ensure!(strays.is_empty(), "positions as bare numbers (see ids.rs):\n{}", strays.join("\n"));
    Ok(())
}

#[test]
fn bare_positions_are_found() {
    for line in [
        "    pub section: u32,",
        "fn symbol(&self, index: usize) -> &Symbol {",
        "fn of(object: &Object, target_section: Option<u32>) -> Self {",
        "    functions: &[usize],",
        "    units: BTreeSet<u32>,",
        "let mut spans: Vec<usize> = Vec::new();",
        "type UnitId = u32;",
        "pub fn place(&self) -> Option<(u32, u64)> {",
        "    pairs: Vec<(usize, usize)>,",
    ] {
        assert!(has_bare_position(line), "{line}");
    }
    for line in [
        "    pub section: SectionId,",
        "    pub functions: usize,",
        "    names: HashMap<u32, Vec<usize>>,",
        "fn bytes(section: &Section<'_>, size: usize) -> u64 {",
    ] {
        assert!(!has_bare_position(line), "{line}");
    }
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

/// The paths that `code` names in `use` items, and behind `crate::` and `super::` anywhere.
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
    let is_of_path = |it: char| it.is_ascii_alphanumeric() || matches!(it, '_' | ':');
    for path in code.split(|it: char| !is_of_path(it)) {
        if path.starts_with("crate::") || path.starts_with("super::") {
            paths.push(path.to_owned());
        }
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
    fs_err::write(source.join("b.rs"), "const CALL: u8 = super::a::OF + 0xe8;\n")?;
    let found = imports(source)?;
    assert_eq!(found.get("a"), Some(&BTreeSet::from(["b".to_owned()])));
    assert_eq!(circle("a", &between_siblings(&found)), Some(vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(of_an_architecture(&code(&source.join("b.rs"))?, true), ["e8"]);
    Ok(())
}

#[test]
fn what_is_of_an_architecture_is_found_however_it_is_written() {
    for (line, what) in [
        ("let kind = elf::R_X86_64_PLT32;", "X86_64"),
        ("if machine == EM_X86_64 {", "X86_64"),
        ("let target = \"bzImage\";", "bzImage"),
        ("const CALL: u8 = 0xE8;", "e8"),
        ("let call = 0xe8u8;", "e8"),
        ("let landing = [0xf3_u8];", "f3"),
        ("code.starts_with(b\"\\x48\")", "48"),
        ("matches!(code, [.., 0x90])", "90"),
    ] {
        assert_eq!(of_an_architecture(line, true), [what], "{line}");
    }
    assert!(of_an_architecture("let all = bits & 0xff; b\"\\x1f\\x8b\"", true).is_empty());
}
