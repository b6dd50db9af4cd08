//! What the program reports, read with nothing unknown in it.

use anyhow::{Context as _, Result, bail};
use camino::Utf8Path;
use klp_core::record::{ChangedData, ChangedFunction, Note, Record, Refused, Summary};
use serde::Deserialize;
use serde_json::Value;

use crate::schema;

/// The records of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The changed-function set.
    pub functions: Vec<ChangedFunction>,
    /// Changed data.
    pub data: Vec<ChangedData>,
    /// What was not compared.
    pub refused: Vec<Refused>,
    /// What differs and is no obstacle.
    pub notes: Vec<Note>,
    /// Functions and refusals that a rule sets aside.
    pub ignored: Vec<Record>,
    /// The last record.
    pub summary: Summary,
}

impl Report {
    /// Reads standard output: one record a line.
    pub fn lines(stdout: &str) -> Result<Self> {
        let records: Result<Vec<Record>, _> = stdout.lines().map(serde_json::from_str).collect();
        Self::of(records.with_context(|| format!("not a record a line: {stdout}"))?)
    }

    /// Reads `changed-functions.json`.
    pub fn file(path: &Utf8Path) -> Result<Self> {
        let text = fs_err::read_to_string(path)?;
        let records: Vec<Value> =
            serde_json::from_str(&text).with_context(|| format!("{path}: {text}"))?;
        records.iter().try_for_each(schema::check)?;
        Self::of(serde_json::from_str(&text)?)
    }

    fn of(records: Vec<Record>) -> Result<Self> {
        let (mut functions, mut data, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let (mut notes, mut ignored) = (Vec::new(), Vec::new());
        let mut records = records.into_iter();
        let first = records.next();
        let Some(Record::Version(version)) = first else { bail!("the first record is {first:?}") };
        anyhow::ensure!(version.format_version == 1, "{version:?}");
        while let Some(record) = records.next() {
            match record {
                Record::Function(ref function) if function.ignored.is_some() => {
                    ignored.push(record);
                }
                Record::Refused(ref refused) if refused.ignored.is_some() => ignored.push(record),
                Record::Function(record) => functions.push(record),
                Record::Data(record) => data.push(record),
                Record::Refused(record) => refused.push(record),
                Record::Note(record) => notes.push(record),
                Record::Summary(summary) if records.len() == 0 => {
                    return Ok(Self { functions, data, refused, notes, ignored, summary });
                }
                record => bail!("not expected there: {record:?}"),
            }
        }
        bail!("no summary at the end")
    }

    /// Objects and names of the functions, sorted. What a compiler appends to a name is left out.
    #[must_use]
    pub fn names(&self) -> Vec<(String, String)> {
        let name = |function: &ChangedFunction| {
            let name = function.name.split('.').next().unwrap_or_default();
            (function.object.clone(), name.to_owned())
        };
        let mut names: Vec<_> = self.functions.iter().map(name).collect();
        names.sort();
        names
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    functions: Vec<ExpectedFunction>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExpectedFunction {
    object: String,
    name: String,
}

/// What the file beside a patch says that the patch changes, as [`Report::names`] has it.
pub fn expected(patch: &Utf8Path) -> Result<Vec<(String, String)>> {
    let file = patch.with_extension("expected.json");
    let document: Expected = serde_json::from_str(&fs_err::read_to_string(&file)?)?;
    let mut names: Vec<_> =
        document.functions.into_iter().map(|function| (function.object, function.name)).collect();
    names.sort();
    Ok(names)
}
