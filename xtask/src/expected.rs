//! Which functions a patch changes: what the file beside the patch says, and what we found.

use std::collections::BTreeMap;
use std::fmt;

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};
use serde_json::Value;

use crate::environment;

/// Exit status of `cargo klp build`: changed functions were found.
pub(crate) const CHANGED: i32 = 0;
/// Exit status of `cargo klp build`: nothing changed.
const NOTHING_CHANGED: i32 = 3;
/// Exit status of `cargo klp build`: data changed, or functions were refused.
pub(crate) const REFUSED: i32 = 4;

/// A function or data object, the object file that it is in, and what happened to it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Function {
    pub(crate) object: String,
    pub(crate) name: String,
    pub(crate) change: Change,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    #[default]
    Changed,
    Added,
    Removed,
}

impl Function {
    fn from_json(value: &Value) -> Option<Self> {
        let object = value["object"].as_str()?.to_owned();
        // Mangled names of Rust hold hashes of crates.
        let name = value["demangled"].as_str().or_else(|| value["name"].as_str());
        let name = name.unwrap_or("(unnamed)").to_owned();
        let change = match value["change"].as_str() {
            Some("added") => Change::Added,
            Some("removed") => Change::Removed,
            _ => Change::Changed,
        };
        Some(Self { object, name, change })
    }

    /// The same without what a compiler appends: which clones it makes is its own affair.
    fn source_name(&self) -> (&str, &str, Change) {
        (&self.object, self.name.split('.').next().unwrap_or_default(), self.change)
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{} in {}", self.change.prefix(), self.name, self.object)
    }
}

impl Change {
    /// Before a name; a change is what goes without saying.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Changed => "",
            Self::Added => "+",
            Self::Removed => "-",
        }
    }
}

/// The patches for a version of the kernel, sorted by name.
pub(crate) fn patches(version: &str) -> Result<Vec<Utf8PathBuf>> {
    let directory = environment::root().join("tests/patches").join(version);
    let entries = directory
        .read_dir_utf8()
        .with_context(|| format!("there are no patches for Linux {version}: see tests/patches"))?;
    let mut patches = entries
        .map(|entry| Ok(entry?.into_path()))
        .filter(|path: &Result<_>| path.as_ref().map_or(true, |p| p.extension() == Some("patch")))
        .collect::<Result<Vec<_>>>()?;
    patches.sort();
    Ok(patches)
}

/// Texts that stand each in one line of what is said of a function; of `*`: of each function; of `-`: of hunks that
/// reach none.
pub(crate) type Explanation = BTreeMap<String, Vec<String>>;

/// What `PATCH.expected.json` says.
#[derive(Debug)]
pub(crate) struct Expected {
    pub(crate) functions: Vec<Function>,
    /// Data objects that change, in `data`. Empty when it is not there.
    pub(crate) data: Vec<Function>,
    /// How many functions are refused.
    pub(crate) refused: usize,
    /// How many more are where a livepatch is made of them, in `module-refused`.
    module_refused: usize,
    /// Exit status where a livepatch is made, in `module-exit`, if that is another one.
    module_exit: Option<i32>,
    /// Exit status of `cargo klp build`.
    pub(crate) exit: i32,
    /// What `cargo klp explain` has to say.
    pub(crate) explanation: Explanation,
}

impl Expected {
    /// Where another compiler inlines and clones otherwise, `thinlto` in the file has a list in place of one outside.
    pub(crate) fn read(patch: &Utf8Path, thin_lto: bool) -> Result<Self> {
        let file = patch.with_extension("expected.json");
        let all: Value = serde_json::from_str(&fs_err::read_to_string(&file)?)
            .with_context(|| format!("failed to parse {file}"))?;
        let field = |name: &str| {
            let own = Some(&all["thinlto"][name]).filter(|own| thin_lto && !own.is_null());
            own.unwrap_or(&all[name])
        };
        let entries = |name: &str| field(name).as_array().map(Vec::as_slice).unwrap_or_default();
        let list = |name: &str| -> Result<Vec<Function>> {
            let read =
                |entry| Function::from_json(entry).with_context(|| format!("{file}: {entry}"));
            entries(name).iter().map(read).collect()
        };
        if !field("functions").is_array() {
            bail!("{file}: no list of functions");
        }
        let (functions, data) = (list("functions")?, list("data")?);
        // The patches of the examples have none: the demo shows the set.
        let said = Some(field("explanation")).filter(|said| !said.is_null());
        let explanation = said
            .map_or_else(|| Ok(Explanation::default()), |said| serde_json::from_value(said.clone()))
            .with_context(|| format!("{file}: what its explanation says"))?;
        let number = |name: &str| field(name).as_u64().and_then(|number| number.try_into().ok());
        let refused = number("refused").unwrap_or(0_u8).into();
        let module_refused = number("module-refused").unwrap_or(0_u8).into();
        let module_exit = number("module-exit").map(Into::into);
        let changed = data.iter().any(|data| data.change == Change::Changed);
        let exit = match number("exit") {
            Some(exit) => exit.into(),
            None if changed || refused > 0 => REFUSED,
            None if functions.is_empty() && data.is_empty() => NOTHING_CHANGED,
            None => CHANGED,
        };
        Ok(Self { functions, data, refused, module_refused, module_exit, exit, explanation })
    }

    /// The same where a livepatch is made.
    pub(crate) fn with_module(self) -> Self {
        let refused = self.refused.saturating_add(self.module_refused);
        let with_refused = if self.module_refused > 0 { REFUSED } else { self.exit };
        let exit = self.module_exit.unwrap_or(with_refused);
        Self { refused, exit, ..self }
    }
}

/// What `--message-format json` told.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) functions: Vec<Function>,
    /// Kinds of causes, for each of `functions`.
    pub(crate) causes: Vec<String>,
    pub(crate) data: Vec<Function>,
    /// Names and reasons.
    pub(crate) refused: Vec<String>,
}

impl Report {
    /// Adds records, one a line.
    pub(crate) fn read(&mut self, stdout: &str) -> Result<()> {
        for line in stdout.lines().filter(|line| !line.trim().is_empty()) {
            let record: Value = serde_json::from_str(line)
                .with_context(|| format!("stdout is not JSON, one record a line: {line}"))?;
            let named = || {
                Function::from_json(&record).with_context(|| format!("no object is named: {line}"))
            };
            match record["reason"].as_str() {
                _ if !record["ignored"].is_null() => {}
                Some("function") => {
                    self.functions.push(named()?);
                    self.causes.push(causes(&record));
                }
                Some("data") => self.data.push(named()?),
                Some("refused") => {
                    self.refused.push(format!("{}: {}", record["name"], record["why"]));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The function records of a document, wherever in it they stand.
pub(crate) fn functions_in(document: &Value) -> Vec<Function> {
    match document {
        Value::Array(values) => values.iter().flat_map(functions_in).collect(),
        Value::Object(_) if document["reason"] == "function" => {
            Function::from_json(document).into_iter().collect()
        }
        Value::Object(fields) => fields.values().flat_map(functions_in).collect(),
        _ => Vec::new(),
    }
}

fn causes(record: &Value) -> String {
    let mut kinds: Vec<&str> = record["causes"]
        .as_array()
        .map(|causes| causes.iter().filter_map(|cause| cause["kind"].as_str()).collect())
        .unwrap_or_default();
    kinds.sort_unstable();
    kinds.dedup();
    kinds.join(", ")
}

/// What is expected but not found, and what is found but not expected.
pub(crate) fn compare(expected: &[Function], found: &[Function]) -> (Vec<Function>, Vec<Function>) {
    let mut extra = found.to_vec();
    let mut missing = Vec::new();
    for function in expected {
        let same = |other: &Function| other.source_name() == function.source_name();
        match extra.iter().position(same) {
            Some(index) => drop(extra.remove(index)),
            None => missing.push(function.clone()),
        }
    }
    extra.sort();
    missing.sort();
    (missing, extra)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(object: &str, name: &str) -> Function {
        Function { object: object.to_owned(), name: name.to_owned(), change: Change::Changed }
    }

    #[test]
    fn a_clone_counts_as_its_function_once() {
        let expected = [function("a.o", "f"), function("b.o", "g.constprop.0")];
        let found = [function("b.o", "g.isra.1"), function("a.o", "f"), function("a.o", "f.cold")];
        let (missing, extra) = compare(&expected, &found);
        assert_eq!(missing, []);
        assert_eq!(extra, [function("a.o", "f.cold")]);
    }

    #[test]
    fn another_object_is_another_function() {
        let (missing, extra) = compare(&[function("a.o", "f")], &[function("b.o", "f")]);
        assert_eq!(missing, [function("a.o", "f")]);
        assert_eq!(extra, [function("b.o", "f")]);
    }

    #[test]
    fn each_patch_says_what_it_changes() {
        for (version, at_least) in [("7.2", 58), ("7.2-rust", 8), ("6.1", 30)] {
            let patches = patches(version).unwrap();
            assert!(patches.len() >= at_least, "{version}: {}", patches.len());
            for patch in patches {
                for thin_lto in [false, true] {
                    let expected = Expected::read(&patch, thin_lto).unwrap();
                    let Expected { exit, explanation, .. } = expected;
                    assert!([CHANGED, NOTHING_CHANGED, REFUSED].contains(&exit), "{patch}");
                    assert!(!explanation.is_empty(), "{patch}: what is its explanation to say?");
                }
                kbuild_glue::Patch::read(&patch).unwrap();
            }
        }
    }

    #[test]
    fn records_are_sorted_by_reason() {
        let mut report = Report::default();
        let records = concat!(
            "{\"reason\":\"format\",\"format-version\":1}\n",
            "{\"reason\":\"function\",\"object\":\"a.o\",\"name\":\"f\",\"causes\":[{\"kind\":\"string\"}]}\n",
            "{\"reason\":\"refused\",\"object\":\"a.o\",\"name\":\"g\",\"why\":\"\"}\n",
            "{\"reason\":\"summary\",\"functions\":2}\n",
        );
        report.read(records).unwrap();
        assert_eq!(report.functions, [function("a.o", "f")]);
        assert_eq!(report.causes, ["string"]);
        assert_eq!((report.data.len(), report.refused.len()), (0, 1));
    }
}
