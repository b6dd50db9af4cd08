//! One meaning for each type name: who reads `Function` need not ask which of four it is.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};
use camino::Utf8Path;
use klp_tests::klp::root;

use crate::house::{CRATES, code, sources};

/// The type that a line of code defines. An associated type has its meaning from its trait.
fn defined_type(line: &str) -> Option<&str> {
    let item = line.trim_start();
    let (is_public, item) = match item.strip_prefix("pub") {
        None => (false, item),
        Some(rest) if rest.starts_with('(') => (true, rest.split_once(") ")?.1),
        Some(rest) => (true, rest.strip_prefix(' ')?),
    };
    let (keyword, rest) = item.split_once(' ')?;
    let defines = match keyword {
        "struct" | "enum" | "trait" | "union" => true,
        "type" => is_public || !line.starts_with(' '),
        _ => false,
    };
    let name = rest.split(|it: char| !it.is_alphanumeric() && it != '_').next()?;
    // Templates of modules define the kernel's structures, which are lower case.
    (defines && name.starts_with(char::is_uppercase)).then_some(name)
}

/// Where each type of the crates is defined that are below `directory`.
fn definitions(directory: &Utf8Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for krate in CRATES {
        let mut files = Vec::new();
        sources(&directory.join(krate).join("src"), &mut files)?;
        for path in files {
            let name = path.strip_prefix(directory)?.to_string();
            for defined in code(&path)?.lines().filter_map(defined_type) {
                found.entry(defined.to_owned()).or_default().push(name.clone());
            }
        }
    }
    Ok(found)
}

/// Whether the type can be used elsewhere makes no difference: a private one is read beside the others, and what is
/// private today is visible tomorrow.
#[test]
fn a_type_name_is_defined_once() -> Result<()> {
    let definitions = definitions(root())?;
    ensure!(definitions.len() > 500, "{} types", definitions.len());
    let twice = definitions.iter().filter(|(_, files)| files.len() > 1);
    let twice: Vec<String> =
        twice.map(|(name, files)| format!("{name}: {}", files.join(", "))).collect();
    ensure!(twice.is_empty(), "type names with more than one meaning:\n{}", twice.join("\n"));
    Ok(())
}

#[test]
fn definitions_are_found_however_they_are_written() {
    for (line, name) in [
        ("struct Symbol;", "Symbol"),
        ("pub struct Symbol<'data> {", "Symbol"),
        ("pub(crate) enum Symbol {", "Symbol"),
        ("pub(in super::super) struct Symbol(u32);", "Symbol"),
        ("    pub(super) trait Symbol: Copy {", "Symbol"),
        ("type Symbol<'a> = &'a str;", "Symbol"),
        ("    pub type Symbol = u32;", "Symbol"),
    ] {
        assert_eq!(defined_type(line), Some(name), "{line}");
    }
    for line in [
        "    type Item = u8;",
        "struct klp_func {",
        "    structure: Symbol,",
        "impl Symbol {",
        "pub fn symbol() -> Symbol {",
        "public.struct Symbol",
    ] {
        assert_eq!(defined_type(line), None, "{line}");
    }
}
