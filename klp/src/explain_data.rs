//! In what data differ that the last build found changed.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildVersion, is_lto};
use klp_core::checksum::Analysis;
use klp_core::debug::{self, VariableMember};
use klp_core::explain::{DataRow, DataVersion, data_rows};
use klp_core::record::{Change, ChangedData, Record};

use crate::error::Error;
use crate::event::Events;
use crate::finished::read;
use crate::kernel::Kernel;
use crate::lines::{ObjectsWithLines, built, lined};
use crate::session::Session;
use crate::why::{VERSIONS, file_in};

/// Data that changed.
#[derive(Debug)]
pub struct ExplainedData {
    /// What is known of it.
    pub data: ChangedData,
    /// The places where both versions differ; none where they have the same content, or where the objects are not there or have
    /// several of the name.
    pub rows: Vec<DataRow>,
}

/// Names that somebody gave; none where nobody asks for any of the kind.
type AskedNames = Option<Vec<String>>;

/// Which of `names` are those of `data`, and which are not, hence of functions; all of a kind where no name is given, and
/// none of it where all names are those of the other kind.
#[must_use]
pub fn data_among(data: &[ChangedData], names: &[String]) -> (AskedNames, AskedNames) {
    let is_data = |name: &String| data.iter().any(|data| data.name.as_ref() == Some(name));
    let (data, functions): (Vec<String>, Vec<String>) = names.iter().cloned().partition(is_data);
    let some = |these: Vec<String>| Some(these).filter(|it| names.is_empty() || !it.is_empty());
    (some(data), some(functions))
}

impl Kernel {
    /// The data that the last build found changed.
    pub fn changed_data(&self) -> Result<Vec<ChangedData>, Error> {
        let data = self.last_records()?.into_iter().filter_map(|record| match record {
            Record::Data(data) => Some(data),
            _ => None,
        });
        Ok(data.collect())
    }

    /// The data of these `names`, or all where there are none, that the last build found changed and that have a name.
    /// Members are named by debug information, for which a `session` compiles objects again where that was not done yet.
    pub fn explain_data(
        &self,
        names: &[String],
        session: Option<&Session>,
        events: &mut Events<'_>,
    ) -> Result<Vec<ExplainedData>, Error> {
        let last = self.last_build();
        let is_lto = is_lto(&last.kernel);
        let mut by_object: BTreeMap<Utf8PathBuf, Vec<ChangedData>> = BTreeMap::new();
        for data in asked(self.changed_data()?, names) {
            let object = file_in(&data.object, data.linked.as_deref(), is_lto);
            by_object.entry(object).or_default().push(data);
        }
        let wanted =
            by_object.keys().map(|object| (object.clone(), BuildVersion::Patched)).collect();
        let mut lined = match session {
            Some(session) => lined(self, session, &wanted, events)?,
            None => ObjectsWithLines::new(),
        };
        let mut all = Vec::new();
        for (object, data) in by_object {
            let files = VERSIONS.map(|version| built(&last, &object, version));
            let lined = lined.remove(&(object, BuildVersion::Patched)).and_then(Result::ok);
            all.extend(match &files {
                [Some(original), Some(patched)] => {
                    explained(data, original, patched, lined.as_deref())?
                }
                _ => data.into_iter().map(ExplainedData::unknown).collect(),
            });
        }
        Ok(all)
    }
}

impl ExplainedData {
    /// `data` of which nothing more is known.
    fn unknown(data: ChangedData) -> Self {
        Self { data, rows: Vec::new() }
    }
}

/// The data of two files that were compared: those of these `names`, or all where there are none.
pub fn explain_data_files(
    data: Vec<ChangedData>,
    (original, patched): (&Utf8Path, &Utf8Path),
    names: &[String],
) -> Result<Vec<ExplainedData>, Error> {
    explained(asked(data, names).collect(), original, patched, Some(patched))
}

fn asked(data: Vec<ChangedData>, names: &[String]) -> impl Iterator<Item = ChangedData> {
    data.into_iter().filter(move |data| {
        let is_asked = |name: &String| names.is_empty() || names.contains(name);
        data.change == Change::Changed && data.name.as_ref().is_some_and(is_asked)
    })
}

/// Where `data` of these two files differ. Members are those that the file `lined` names.
fn explained(
    data: Vec<ChangedData>,
    original: &Utf8Path,
    patched: &Utf8Path,
    lined: Option<&Utf8Path>,
) -> Result<Vec<ExplainedData>, Error> {
    if data.is_empty() {
        return Ok(Vec::new());
    }
    let (was, is) = (read(original)?, read(patched)?);
    // What cannot be read was told when it was compared.
    let (Ok(was), Ok(is)) = (Analysis::of(&was), Analysis::of(&is)) else {
        return Ok(data.into_iter().map(ExplainedData::unknown).collect());
    };
    let of = |data: ChangedData| -> Result<ExplainedData, Error> {
        let name = data.name.as_deref().unwrap_or_default();
        let both = DataVersion::named(&was, name).zip(DataVersion::named(&is, name));
        let Some((was, is)) = both else { return Ok(ExplainedData::unknown(data)) };
        let rows = data_rows(was, is, |offsets| members(lined, name, offsets))?;
        Ok(ExplainedData { data, rows })
    };
    data.into_iter().map(of).collect()
}

/// The members at `offsets` of the variable `name`, as far as debug information of the file `lined` tells.
fn members(
    lined: Option<&Utf8Path>,
    name: &str,
    offsets: &[u64],
) -> Result<Vec<Option<VariableMember>>, Error> {
    let Some(path) = lined else { return Ok(Vec::new()) };
    // Where it cannot be read, offsets tell.
    Ok(debug::members(&read(path)?, source_name(name), offsets).unwrap_or_default())
}

/// The name without what a compiler appends.
fn source_name(name: &str) -> &str {
    name.split('.').next().unwrap_or(name)
}
