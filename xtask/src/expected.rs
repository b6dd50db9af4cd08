//! Which functions a patch changes: what the file beside the patch says, and what we found.

use std::fmt;

use anyhow::{Context as _, Result};
use camino::Utf8Path;
use serde_json::Value;

/// A function, and the object that it is in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Function {
    pub(crate) object: String,
    pub(crate) name: String,
}

impl Function {
    fn from_json(value: &Value) -> Option<Self> {
        let object = value["object"].as_str()?.to_owned();
        let name = value["name"].as_str()?.to_owned();
        Some(Self { object, name })
    }

    /// The same without what a compiler appends: which clones it makes is its own affair.
    fn source_name(&self) -> (&str, &str) {
        (&self.object, self.name.split('.').next().unwrap_or_default())
    }
}

impl fmt::Display for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.name, self.object)
    }
}

/// The functions that `PATCH.expected.json` lists.
pub(crate) fn expected(patch: &Utf8Path) -> Result<Vec<Function>> {
    let file = patch.with_extension("expected.json");
    let document: Value = serde_json::from_str(&fs_err::read_to_string(&file)?)
        .with_context(|| format!("failed to parse {file}"))?;
    let list = document["functions"].as_array().with_context(|| format!("{file}: no list"))?;
    list.iter()
        .map(|entry| Function::from_json(entry).with_context(|| format!("{file}: {entry}")))
        .collect()
}

/// What `--message-format json` told.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) functions: Vec<Function>,
    /// Kinds of causes, for each of `functions`.
    pub(crate) causes: Vec<String>,
    /// Records that are neither functions nor expected in any run.
    pub(crate) data: usize,
    pub(crate) refused: usize,
}

impl Report {
    /// Reads records, one a line.
    pub(crate) fn parse(stdout: &str) -> Result<Self> {
        let mut report = Self::default();
        for line in stdout.lines().filter(|line| !line.trim().is_empty()) {
            let record: Value = serde_json::from_str(line)
                .with_context(|| format!("stdout is not JSON, one record a line: {line}"))?;
            match record["reason"].as_str() {
                Some("function") => {
                    let function = Function::from_json(&record)
                        .with_context(|| format!("a function without object or name: {line}"))?;
                    report.functions.push(function);
                    report.causes.push(causes(&record));
                }
                Some("data") => report.data += 1,
                Some("refused") => report.refused += 1,
                _ => {}
            }
        }
        Ok(report)
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
        Function { object: object.to_owned(), name: name.to_owned() }
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
    fn records_are_sorted_by_reason() {
        let report = Report::parse(concat!(
            "{\"reason\":\"format\",\"format-version\":1}\n",
            "{\"reason\":\"function\",\"object\":\"a.o\",\"name\":\"f\",\"causes\":[{\"kind\":\"string\"}]}\n",
            "{\"reason\":\"refused\",\"object\":\"a.o\",\"name\":\"g\",\"why\":\"\"}\n",
            "{\"reason\":\"summary\",\"functions\":2}\n",
        ))
        .unwrap();
        assert_eq!(report.functions, [function("a.o", "f")]);
        assert_eq!(report.causes, ["string"]);
        assert_eq!((report.data, report.refused), (0, 1));
    }
}
