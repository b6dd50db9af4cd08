//! What cargo-klp says of a patch, beside what the disassembly says.

use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use serde_json::Value;

use super::listing::{Listing, source_name};

/// What differs in which the disassembly has nothing to say: it does not read special sections, or data without a name.
const ELSEWHERE: [&str; 12] = [
    "constant",
    "jump-table",
    "alternative",
    "bug-table",
    "exception-table",
    "static-key",
    "static-call",
    "traceable",
    "section",
    "alignment",
    "order",
    "unproven",
];

/// Both answers.
pub(super) struct Verdict {
    /// Functions by their names in the source that only the disassembly has.
    missed: BTreeSet<String>,
    /// Those that only cargo-klp has.
    invented: BTreeSet<String>,
    changes: usize,
}

impl Verdict {
    pub(super) fn of(records: &[&Value], before: &Listing, after: &Listing) -> Self {
        let names: BTreeSet<&String> =
            before.functions.keys().chain(after.functions.keys()).collect();
        let differ = |name: &&&String| before.functions.get(**name) != after.functions.get(**name);
        let seen: BTreeSet<&str> = names.iter().filter(differ).map(|name| name.as_str()).collect();
        let mut said: BTreeMap<&str, bool> = BTreeMap::new();
        let mut changes = 0;
        for record in records {
            let is_function = record["reason"] == "function";
            changes += usize::from(is_function || record["reason"] == "data");
            if is_function || record["reason"] == "refused" {
                let causes = record["causes"].as_array().into_iter().flatten();
                let kinds: Vec<&str> = causes.filter_map(|cause| cause["kind"].as_str()).collect();
                let is_elsewhere =
                    !is_function || kinds.iter().any(|kind| ELSEWHERE.contains(kind));
                let name = source_name(record["name"].as_str().unwrap_or_default());
                *said.entry(name).or_default() |= is_elsewhere;
            }
        }
        let missed = seen.iter().filter(|name| !said.contains_key(*name));
        let invented =
            said.iter().filter(|(name, elsewhere)| !seen.contains(*name) && !**elsewhere);
        Self {
            missed: missed.map(|name| (*name).to_owned()).collect(),
            invented: invented.map(|(name, _)| (*name).to_owned()).collect(),
            changes,
        }
    }

    pub(super) fn is_wrong(&self) -> bool {
        !self.missed.is_empty() || !self.invented.is_empty()
    }

    pub(super) fn print(&self, file: &Utf8Path) {
        for name in &self.missed {
            println!("MISSED   {name} in {file}");
        }
        for name in &self.invented {
            println!("INVENTED {name} in {file}");
        }
    }

    /// A line of the table.
    pub(super) fn outcome(&self, succeeded: bool, has_module: bool) -> &'static str {
        match (self.is_wrong(), self.changes, has_module, succeeded) {
            (true, ..) => "WRONG",
            (_, _, true, _) => "right, with a module",
            (_, 0, ..) => "right, nothing changed",
            (_, _, _, true) => "right, without a module",
            _ => "right, refused",
        }
    }
}
