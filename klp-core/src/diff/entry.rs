//! What a record says of a function or a data object.

use crate::checksum::Cause;
use crate::demangle::demangle;
use crate::manifest;
use crate::obstacle::Obstacle;
use crate::record::{Change, ChangedData, ChangedFunction, Refused};

/// Where a record says that something is.
pub(super) struct RecordPlace<'a> {
    pub(super) object: String,
    pub(super) linked: Option<&'a str>,
}

impl RecordPlace<'_> {
    pub(super) fn refused(self, name: &str, why: &str) -> Refused {
        Refused::new(Obstacle::Unreadable, &self.object, name, why)
    }
}

fn change<T>(before: Option<T>, after: Option<T>) -> Change {
    match (before, after) {
        (Some(_), Some(_)) => Change::Changed,
        (None, _) => Change::Added,
        (_, None) => Change::Removed,
    }
}

pub(super) fn function(
    here: &RecordPlace<'_>,
    before: Option<manifest::ManifestFunction<'_>>,
    after: Option<manifest::ManifestFunction<'_>>,
    common_name: Option<&str>,
    causes: Vec<Cause>,
) -> ChangedFunction {
    let own = after.or(before).map(|function| function.name);
    // What the kernel calls it, where that is still one of its names.
    let kept = before.zip(after).and_then(|(before, after)| {
        let mut names = before.names();
        names.find(|name| after.names().any(|other| other == *name))
    });
    let name = common_name.or(kept).or(own).unwrap_or_default().to_owned();
    let is_known =
        |before: &manifest::ManifestFunction<'_>| before.names().any(|known| known == name);
    let original_name = before.filter(|before| after.is_some() && !is_known(before));
    let names = after.or(before).into_iter().flat_map(|function| function.names());
    ChangedFunction {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        original_name: original_name.map(|before| before.name.to_owned()),
        aliases: others(&name, names),
        demangled: demangle(&name),
        name,
        change: change(before, after),
        candidates: Vec::new(),
        causes,
        original_checksum: before.and_then(|function| function.checksum),
        patched_checksum: after.and_then(|function| function.checksum),
        ignored: None,
        allowed: None,
    }
}

/// Those of `names` that are not `name`.
fn others<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut others: Vec<String> = names.filter(|other| *other != name).map(str::to_owned).collect();
    others.sort_unstable();
    others.dedup();
    others
}

pub(super) fn data(
    here: &RecordPlace<'_>,
    before: Option<manifest::ManifestData<'_>>,
    after: Option<manifest::ManifestData<'_>>,
    common_name: Option<&str>,
    causes: Vec<Cause>,
) -> Option<ChangedData> {
    let data = after.or(before)?;
    let name = common_name.or(data.name);
    Some(ChangedData {
        object: here.object.clone(),
        linked: here.linked.map(str::to_owned),
        name: name.map(str::to_owned),
        aliases: others(name.unwrap_or_default(), data.names()),
        section: data.section.to_owned(),
        change: change(before, after),
        read_by: Vec::new(),
        causes,
    })
}
