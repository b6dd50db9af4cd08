//! An input file and the directives in its leading comments.
//!
//! ```text
//! //#changed: NAME KIND[,KIND]   a function that differs, in exactly these kinds; `*` allows others
//! //#added: NAME                 a function that is only in the patched object
//! //#removed: NAME               ... or only in the original
//! //#data: NAME [read-by=F,F] [causes=KIND,KIND]
//!                                a data object that differs; a section's name for unnamed data
//! //#data-added: NAME            a data object that is only in the patched object
//! //#data-removed: NAME          ... or only in the original
//! //#refused: NAME               cannot be compared
//! //#note: NAME CODE             is told, and stands in nobody's way
//! //#any-of: ITEM | ITEM         at least one of these, such as `changed f | data K`
//! //#one-way                      the other way round is no change, or another one
//! //#may: ITEM                   may be found as well
//! //#unchanged                   nothing at all
//! //#compilers: gcc clang        which compilers (all that know the language)
//! //#variants: plain sections    which variants (all)
//! //#flags: -fjump-tables        for both versions
//! //#patched-flags: -g           for the patched version only
//! //#gap: WHY                   not so yet: the test is reported as ignored
//! //#same-bytes-ok               the two objects may be the same file
//! //#unlocated: NAME             its causes have no offset
//! //#rule: NAME                  shows that this rule holds
//! //#section: NAME FIELD         shows that this field of a special section counts
//! ```
//! `//#changed[gcc sections]: …` holds for gcc and the variant `sections` only; `|` between words
//! means either. Kinds with a `*` may have no offset.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::checksum::ContentKind;

use super::{Compiler, Variant};

/// One input file.
#[derive(Debug)]
pub struct Input {
    /// `group/name`, without the ending.
    pub name: String,
    /// Relative to `directory`.
    pub file: Utf8PathBuf,
    /// The directory of all inputs, where compilers run.
    pub directory: Utf8PathBuf,
    directives: Vec<Directive>,
}

/// What has to be found.
#[derive(Debug, Default)]
pub struct Expected {
    /// `changed f`, `data-added t`, `refused g`.
    pub items: BTreeSet<String>,
    /// The kinds of each changed function.
    pub kinds: BTreeMap<String, Kinds>,
    /// The readers of data, where the input names them.
    pub readers: BTreeMap<String, BTreeSet<String>>,
    /// The causes of each data object, where the input names them.
    pub causes: BTreeMap<String, Kinds>,
    /// Of each of these at least one has to be found, and all may.
    pub any_of: Vec<BTreeSet<String>>,
    /// These may be found as well.
    pub may: BTreeSet<String>,
    /// Whether the other way round need not be the same.
    pub one_way: bool,
    /// Functions whose causes have no offset.
    pub unlocated: BTreeSet<String>,
}

/// The kinds in which a function has to differ.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Kinds {
    /// All of these.
    pub named: BTreeSet<String>,
    /// And perhaps others.
    pub open: bool,
}

#[derive(Debug)]
struct Directive {
    /// All of these must hold, of each any.
    only: Vec<Vec<String>>,
    word: String,
    rest: String,
}

const WORDS: [&str; 22] = [
    "one-way",
    "gap",
    "changed",
    "added",
    "removed",
    "data",
    "data-added",
    "data-removed",
    "refused",
    "unchanged",
    "compilers",
    "variants",
    "flags",
    "patched-flags",
    "same-bytes-ok",
    "unlocated",
    "rule",
    "section",
    "original-flags",
    "note",
    "any-of",
    "may",
];

impl Input {
    /// Reads the directives of `path`, a file below `directory`.
    pub fn read(directory: &Utf8Path, path: &Utf8Path) -> Result<Self> {
        let file = path.strip_prefix(directory)?.to_owned();
        let text = fs_err::read_to_string(path)?;
        Self::parse(directory, file, &text)
    }

    fn parse(directory: &Utf8Path, file: Utf8PathBuf, text: &str) -> Result<Self> {
        let name = file.with_extension("").into_string();
        let leading = text.lines().take_while(|line| line.starts_with("//"));
        let directives = leading
            .filter_map(|line| line.strip_prefix("//#"))
            .map(|line| Directive::parse(line).with_context(|| format!("{file}: //#{line}")))
            .collect::<Result<Vec<_>>>()?;
        ensure!(
            text.lines().filter(|line| line.contains("//#")).count() == directives.len(),
            "{file}: a directive behind the leading comments"
        );
        Ok(Self { name, file, directory: directory.to_owned(), directives })
    }

    /// The compilers that it is for.
    pub fn compilers(&self) -> Result<Vec<Compiler>> {
        if let Some(words) = self.all("compilers").next() {
            return words.split_whitespace().map(Compiler::from_word).collect();
        }
        match self.file.extension() {
            Some("rs") => Ok(vec![Compiler::Rustc]),
            _ => Ok(vec![Compiler::Gcc, Compiler::Clang]),
        }
    }

    /// The variants that it is for.
    pub fn variants(&self) -> Result<Vec<Variant>> {
        let Some(words) = self.all("variants").next() else { return Ok(Variant::ALL.to_vec()) };
        words
            .split_whitespace()
            .map(|word| {
                let all = Variant::ALL.into_iter();
                all.into_iter().find(|variant| variant.word() == word).context("no such variant")
            })
            .collect()
    }

    /// Flags for `compiler`.
    #[must_use]
    pub fn flags(&self, compiler: Compiler, patched: bool) -> Vec<String> {
        let own = if patched { "patched-flags" } else { "original-flags" };
        self.directives
            .iter()
            .filter(|directive| directive.word == "flags" || directive.word == own)
            .filter(|directive| directive.holds(&[compiler.word()]))
            .flat_map(|directive| directive.rest.split_whitespace().map(str::to_owned))
            .collect()
    }

    /// Whether both versions may compile to the same bytes.
    #[must_use]
    pub fn same_bytes_ok(&self) -> bool {
        self.all("same-bytes-ok").next().is_some()
    }

    /// What all directives of that word say, whatever they are restricted to.
    pub fn all<'a>(&'a self, word: &'a str) -> impl Iterator<Item = &'a str> {
        self.directives
            .iter()
            .filter(move |directive| directive.word == word)
            .map(|d| d.rest.as_str())
    }

    /// Why the input does not hold yet with `compiler` in `variant`, if so.
    #[must_use]
    pub fn gap(&self, compiler: Compiler, variant: Variant) -> Option<&str> {
        let facts = [compiler.word(), variant.word()];
        let gaps = self.directives.iter().filter(|directive| directive.word == "gap");
        gaps.filter(|gap| gap.holds(&facts)).map(|gap| gap.rest.as_str()).next()
    }

    /// What has to be found with `compiler` in `variant`.
    pub fn expected(&self, compiler: Compiler, variant: Variant) -> Result<Expected> {
        let mut expected = Expected::default();
        let mut says_something = false;
        for directive in &self.directives {
            if !directive.holds(&[compiler.word(), variant.word()]) {
                continue;
            }
            // Rust names can hold spaces.
            let mut name = directive.rest.as_str();
            match directive.word.as_str() {
                "changed" => {
                    let list;
                    (name, list) = name.rsplit_once(' ').context("which kinds?")?;
                    expected.kinds.insert(name.to_owned(), kinds(list)?);
                }
                "data" | "data-added" | "data-removed" => {
                    if let Some((data, list)) = name.split_once(" causes=") {
                        let data_name = data.split(" read-by=").next().unwrap_or(data);
                        expected.causes.insert(data_name.to_owned(), kinds(list)?);
                        name = data;
                    }
                    if let Some((data, readers)) = name.split_once(" read-by=") {
                        let readers = readers.split(',').filter(|reader| !reader.is_empty());
                        expected
                            .readers
                            .insert(data.to_owned(), readers.map(str::to_owned).collect());
                        name = data;
                    }
                }
                "one-way" => {
                    expected.one_way = true;
                    continue;
                }
                "may" => {
                    expected.may.insert(name.to_owned());
                    continue;
                }
                "unlocated" => {
                    expected.unlocated.insert(name.to_owned());
                    continue;
                }
                "unchanged" => {
                    says_something = true;
                    continue;
                }
                "any-of" => {
                    says_something = true;
                    expected.any_of.push(name.split(" | ").map(str::to_owned).collect());
                    continue;
                }
                "added" | "removed" | "refused" | "note" => {}
                _ => continue,
            }
            says_something = true;
            expected.items.insert(format!("{} {name}", directive.word));
        }
        ensure!(says_something, "nothing is expected: //#unchanged is missing");
        Ok(expected)
    }
}

fn kinds(list: &str) -> Result<Kinds> {
    let mut kinds = Kinds::default();
    for word in list.split(',') {
        if word == "*" {
            kinds.open = true;
        } else {
            let known: Result<ContentKind, _> = serde_json::from_value(word.into());
            ensure!(known.is_ok(), "no such kind: {word}");
            kinds.named.insert(word.to_owned());
        }
    }
    Ok(kinds)
}

impl Directive {
    fn parse(line: &str) -> Result<Self> {
        let (head, rest) = line.split_once(':').unwrap_or((line, ""));
        let (word, only) = match head.split_once('[') {
            Some((word, only)) => (word, only.strip_suffix(']').context("no closing bracket")?),
            None => (head, ""),
        };
        let word = word.trim();
        if !WORDS.contains(&word) {
            bail!("no such directive");
        }
        let known = |word: &&str| {
            Variant::ALL.iter().any(|variant| variant.word() == *word)
                || Compiler::from_word(word).is_ok()
        };
        let only: Vec<Vec<String>> = only
            .split_whitespace()
            .map(|any| any.split('|').map(str::to_owned).collect())
            .collect();
        let words = only.iter().flatten().map(String::as_str);
        ensure!(words.clone().all(|word| known(&word)), "neither a compiler nor a variant");
        Ok(Self { only, word: word.to_owned(), rest: rest.trim().to_owned() })
    }

    fn holds(&self, facts: &[&str]) -> bool {
        self.only.iter().all(|any| any.iter().any(|word| facts.contains(&word.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Result<Input> {
        Input::parse(Utf8Path::new("."), "group/name.c".into(), text)
    }

    #[test]
    fn directives_hold_where_they_say() {
        let input = input("// x\n//#changed[gcc]: f constant,*\n//#unchanged[clang plain|cross]\n")
            .unwrap();
        let gcc = input.expected(Compiler::Gcc, Variant::Plain).unwrap();
        assert_eq!(gcc.items.into_iter().collect::<Vec<_>>(), ["changed f"]);
        assert!(gcc.kinds["f"].open && gcc.kinds["f"].named.contains("constant"));
        assert!(input.expected(Compiler::Clang, Variant::Cross).unwrap().items.is_empty());
        assert!(input.expected(Compiler::Clang, Variant::Sections).is_err());
    }

    #[test]
    fn more_than_names() {
        let input = input(
            "//#data: t read-by=f,g causes=section\n//#note: .init order\n\
             //#any-of: changed f | data K\n",
        )
        .unwrap();
        let expected = input.expected(Compiler::Gcc, Variant::Plain).unwrap();
        assert_eq!(expected.items.into_iter().collect::<Vec<_>>(), ["data t", "note .init order"]);
        assert_eq!(expected.readers["t"].len(), 2);
        assert!(expected.causes["t"].named.contains("section"));
        assert!(expected.any_of[0].contains("data K"));
    }

    #[test]
    fn mistakes_in_directives_are_errors() {
        for text in
            ["//#chnaged: f constant", "//#changed[gcd]: f constant", "int x;\n//#unchanged"]
        {
            assert!(input(text).is_err(), "{text}");
        }
        let unknown = input("//#changed: f konstant").unwrap();
        assert!(unknown.expected(Compiler::Gcc, Variant::Plain).is_err());
    }
}
