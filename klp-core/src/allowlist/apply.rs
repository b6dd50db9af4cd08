//! Sorts the changes between two builds by what the rules say about them.

use std::sync::Arc;

use crate::diff::Changes;
use crate::manifest::Manifest;
use crate::record::{ChangedFunction, Record, Refused};

use super::{Allowlist, AllowlistVerdict, Usage};

impl Allowlist {
    /// Drops what is skipped, sets aside what is ignored, and marks each change as allowed or not.
    /// Last of all: whatever asks `changes` for objects and offsets comes before.
    pub fn apply(&self, changes: &mut Changes, usage: &Usage) {
        changes.summary.skipped = usage.skipped(self);
        if self.rules.is_empty() {
            return;
        }
        let mut ignored = Vec::new();
        changes.retain_functions(|function| {
            match self.verdict(&function.object, &names(function)) {
                AllowlistVerdict::Skipped(_) => return false,
                AllowlistVerdict::Ignored(rule) => {
                    function.ignored = Some(rule.reason.clone());
                    ignored.push(Record::Function(function.clone()));
                    return false;
                }
                AllowlistVerdict::Allowed => function.allowed = self.is_closed().then_some(true),
                AllowlistVerdict::NotAllowed => function.allowed = Some(false),
            }
            true
        });
        changes.data.retain(|data| self.skipping(&data.object).is_none());
        changes.refused.retain(|refused| match self.verdict(&refused.object, &[&refused.name]) {
            AllowlistVerdict::Skipped(_) => false,
            AllowlistVerdict::Ignored(rule) => {
                let reason = Some(rule.reason.clone());
                ignored.push(Record::Refused(Refused { ignored: reason, ..refused.clone() }));
                false
            }
            AllowlistVerdict::Allowed | AllowlistVerdict::NotAllowed => true,
        });
        changes.ignored = ignored;
        changes.count();
    }

    /// Drops what comes from skipped objects, wherever it was linked into. Not for digests that are kept
    /// to be compared later: other rules may hold then.
    pub fn leave_out(&self, manifest: &mut Manifest) {
        manifest.objects.retain(|object| self.skipping(&object.object).is_none());
        for object in &mut manifest.objects {
            let origins = object.origins.iter();
            let skipped: Vec<bool> =
                origins.map(|origin| self.skipping(origin).is_some()).collect();
            let is_skipped = |origin: Option<u32>| {
                origin
                    .and_then(|origin| skipped.get(origin as usize))
                    .is_some_and(|skipped| *skipped)
            };
            if skipped.contains(&true) {
                let object = Arc::make_mut(object);
                object.functions.retain(|function| !is_skipped(function.origin));
                object.data.retain(|data| !is_skipped(data.origin));
            }
        }
    }
}

/// All names of a function, in both builds.
fn names(function: &ChangedFunction) -> Vec<&str> {
    let others = [&function.original_name, &function.demangled];
    let others = others.into_iter().filter_map(Option::as_deref);
    let aliases = function.aliases.iter().map(String::as_str);
    [function.name.as_str()].into_iter().chain(others).chain(aliases).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::obstacle::Obstacle;
    use crate::record::{Change, ChangedData};

    fn changes() -> Changes {
        let function = |object: &str, name: &str| -> ChangedFunction {
            let record = json!({"object": object, "name": name, "change": "changed", "causes": []});
            serde_json::from_value(record).unwrap()
        };
        let refused =
            |object: &str, name: &str| Refused::new(Obstacle::Unreadable, object, name, "unknown");
        let mut changes = Changes::default();
        changes.functions.extend(["a.o", "b.o", "c.o"].map(|object| function(object, "f")));
        changes
            .refused
            .extend([("a.o", "g"), ("b.o", "f"), ("c.o", "f")].map(|(o, n)| refused(o, n)));
        changes.data.push(ChangedData {
            object: "c.o".to_owned(),
            linked: None,
            name: Some("d".to_owned()),
            section: ".data".to_owned(),
            change: Change::Changed,
            aliases: Vec::new(),
            read_by: Vec::new(),
            causes: Vec::new(),
        });
        changes.count();
        changes
    }

    #[test]
    fn each_change_goes_where_its_rule_says() {
        let rules = "[[rule]]\nobject='c.o'\nskip=true\nreason='asm'\n\
                     [[rule]]\nobject='b.o'\nignore=['f']\nreason='known'\n";
        let mut sorted = changes();
        Allowlist::parse(rules).unwrap().apply(&mut sorted, &Usage::default());
        let left: Vec<&str> = sorted.functions.iter().map(|f| f.object.as_str()).collect();
        assert_eq!(left, ["a.o"]);
        assert_eq!((sorted.refused.len(), sorted.data.len(), sorted.ignored.len()), (1, 0, 2));
        let summary = &sorted.summary;
        assert_eq!((summary.changed, summary.refused, summary.data_changed), (1, 1, 0));
        assert_eq!((summary.ignored, summary.not_allowed), (2, 0));
        assert_eq!(sorted.functions.first().unwrap().allowed, None);
        let json = serde_json::to_string(sorted.ignored.first().unwrap()).unwrap();
        assert!(
            json.contains(r#""object":"b.o""#) && json.contains(r#""ignored":"known""#),
            "{json}"
        );
    }

    #[test]
    fn what_is_not_allowed_is_marked() {
        let rules = "[[rule]]\nobject='{a,b}.o'\nallow=['f']\nreason='the fix'\n";
        let mut sorted = changes();
        Allowlist::parse(rules).unwrap().apply(&mut sorted, &Usage::default());
        let allowed: Vec<_> = sorted.functions.iter().map(|f| f.allowed).collect();
        assert_eq!(allowed, [Some(true), Some(true), Some(false)]);
        assert_eq!((sorted.summary.changed, sorted.summary.not_allowed), (3, 1));
    }

    #[test]
    fn no_rules_leave_all_as_it_is() {
        let mut sorted = changes();
        Allowlist::default().apply(&mut sorted, &Usage::default());
        assert_eq!(sorted, changes());
    }
}
