//! What the whole comparison says about two objects.

use std::collections::BTreeSet;

use anyhow::Result;
use klp_core::Manifest;
use klp_core::diff::{DiffSide, compare_and_prove};
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;
use klp_core::obstacle::Obstacle;
use klp_core::record::{Record, Refused};

/// The name of the object in records.
pub(crate) const OBJECT: &str = "semantic.o";

/// Compares two objects as `cargo klp diff` does. An object that cannot be read is refused whole.
pub(crate) fn compare_objects(before: &[u8], after: &[u8]) -> Vec<Record> {
    let manifest = |bytes: &[u8]| {
        ManifestObject::of(bytes, OBJECT, None).map(|one| Manifest::from_iter([one]))
    };
    match (manifest(before), manifest(after)) {
        (Ok(old), Ok(new)) => {
            let open = |side, _| {
                let bytes = if side == DiffSide::Original { before } else { after };
                Some(Input::Read(bytes.to_vec()))
            };
            compare_and_prove(&old, &new, open).records().collect()
        }
        (Err(why), _) | (_, Err(why)) => {
            vec![Record::Refused(Refused::new(
                Obstacle::Unreadable,
                OBJECT,
                OBJECT,
                why.to_string(),
            ))]
        }
    }
}

/// The names in one record: of the unit (before and after), and of the section.
pub(crate) type Named = Vec<String>;

/// What `records` report, by all names that each gives. Read as what users get, so that records of
/// reasons that are added later count as well.
pub(crate) fn reported(records: &[Record]) -> Result<BTreeSet<Named>> {
    let mut all = BTreeSet::new();
    for record in records {
        let json = serde_json::to_value(record)?;
        let reason = json["reason"].as_str().unwrap_or_default();
        if matches!(reason, "version" | "summary" | "module") {
            continue;
        }
        // The section is what is reported where it is of something without a name.
        let has_name = json["name"].is_string();
        let keys: &[&str] = if has_name { &["name", "original-name"] } else { &["section"] };
        let names = keys.iter();
        let mut names: Named =
            names.filter_map(|key| Some(json[key].as_str()?.to_owned())).collect();
        // Code without a symbol is told by section and place.
        let section = names.first().and_then(|name| Some(name.split_once("+0x")?.0.to_owned()));
        names.extend(section);
        all.insert(if names.is_empty() { vec![json.to_string()] } else { names });
    }
    Ok(all)
}
