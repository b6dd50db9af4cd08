//! Whether two objects are the same but for debug information, which has paths of sources.

use std::collections::BTreeMap;

use object::{Object, ObjectSection, ObjectSymbol, RelocationTarget, SectionIndex, SymbolKind};

/// Where a relocation is, of which type, what it leads to and how far beyond.
type Relocation = (u64, String, String, i64);

/// A section: its flags, bytes and relocations.
type Content<'a> = (String, &'a [u8], Vec<Relocation>);

/// Whether `one` and `other` are ELF files with the same sections and symbols, whatever debug information they have.
pub(super) fn are_same(one: &[u8], other: &[u8]) -> bool {
    let read = |bytes| object::File::parse(bytes).ok();
    match (read(one), read(other)) {
        (Some(one), Some(other)) => match (sections(&one), sections(&other)) {
            (Some(ours), Some(theirs)) => ours == theirs && symbols(&one) == symbols(&other),
            _ => false,
        },
        _ => false,
    }
}

fn is_debug(name: &[u8]) -> bool {
    name.starts_with(b".debug") || name.starts_with(b".rela.debug")
}

/// All that can be read; none where something cannot.
fn sections<'a>(file: &object::File<'a>) -> Option<BTreeMap<(Vec<u8>, usize), Content<'a>>> {
    let mut found: BTreeMap<(Vec<u8>, usize), Content<'a>> = BTreeMap::new();
    for section in file.sections() {
        let name = section.name_bytes().ok()?;
        // Symbols and their names are compared one by one.
        let is_table = matches!(name, b".symtab" | b".strtab" | b".shstrtab");
        if is_debug(name) || is_table || name.starts_with(b".rela") {
            continue;
        }
        let relocations = section.relocations().map(|(offset, relocation)| {
            let target = match relocation.target() {
                RelocationTarget::Symbol(index) => {
                    let symbol = file.symbol_by_index(index).ok()?;
                    let name = symbol.name().ok().filter(|name| !name.is_empty());
                    name.map(str::to_owned)
                        .or_else(|| section_name(file, symbol.section_index()?))?
                }
                target => format!("{target:?}"),
            };
            Some((offset, format!("{:?}", relocation.flags()), target, relocation.addend()))
        });
        let relocations = relocations.collect::<Option<Vec<Relocation>>>()?;
        let flags = format!("{:?} {}", section.flags(), section.size());
        let number = found.range((name.to_vec(), 0)..=(name.to_vec(), usize::MAX)).count();
        found.insert((name.to_vec(), number), (flags, section.data().ok()?, relocations));
    }
    Some(found)
}

fn section_name(file: &object::File<'_>, index: SectionIndex) -> Option<String> {
    let section = file.section_by_index(index).ok()?;
    section.name().ok().map(str::to_owned)
}

/// Symbols in the order of the file; their numbers are others where there is other debug information.
fn symbols(file: &object::File<'_>) -> Vec<String> {
    let symbols = file.symbols().filter(|symbol| {
        !matches!(symbol.kind(), SymbolKind::Section | SymbolKind::File)
            && !symbol
                .section_index()
                .and_then(|index| section_name(file, index))
                .is_some_and(|name| is_debug(name.as_bytes()))
    });
    let told = symbols.map(|symbol| {
        let section = symbol.section_index().and_then(|index| section_name(file, index));
        let (address, size) = (symbol.address(), symbol.size());
        format!("{:?} {section:?} {address} {size} {:?}", symbol.name(), symbol.flags())
    });
    told.collect()
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use camino::Utf8Path;
    use fs_err as fs;

    use super::*;

    #[test]
    fn debug_information_is_no_difference_and_code_is() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let made = |folder: &str, text: &str, options: &[&str]| {
            let (source, object) = (root.join(folder).join("a.c"), root.join(folder).join("a.o"));
            fs::create_dir_all(root.join(folder)).unwrap();
            fs::write(&source, text).unwrap();
            let mut compiler = Command::new("gcc");
            compiler.args(["-c", source.as_str(), "-o", object.as_str()]).args(options);
            assert!(compiler.status().unwrap().success());
            fs::read(&object).unwrap()
        };
        let text = "int g(int); int f(int x) { return g(x) * 3; } const char *s = \"text\";";
        let first = made("one", text, &["-O2", "-g"]);
        let longer = made("a-longer-name", text, &["-O2", "-g"]);
        assert_ne!(first, longer);
        assert!(are_same(&first, &longer));
        assert!(are_same(&first, &made("two", text, &["-O2"])));
        assert!(!are_same(&first, &made("three", text, &["-O1", "-g"])));
        let other = text.replace("g(", "h(");
        assert!(!are_same(&first, &made("four", &other, &["-O2", "-g"])));
        assert!(!are_same(b"BC\xc0\xde", b"BC\xc0\xde"));
    }
}
