//! What a run comes to, in a sentence.

use klp_core::diff::Changes;

use crate::words::count;

/// The first thing that a reader wants to know.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PageVerdict {
    pub(super) kind: VerdictKind,
    /// A headline.
    pub(super) title: String,
    /// What else there is to say of it.
    pub(super) more: Option<String>,
}

/// How good the news is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum VerdictKind {
    /// There is a livepatch module.
    Module,
    /// There are changes, and nobody asked for a module or none stands in the way of one.
    Changes,
    /// Nothing changed.
    Unchanged,
    /// Something stands in the way.
    Refused,
}

impl PageVerdict {
    pub(super) fn of(changes: &Changes) -> Self {
        let summary = &changes.summary;
        if let Some(module) = &changes.module {
            let name = module.path.rsplit('/').next().unwrap_or(&module.path);
            let more = (!module.stays.is_empty()).then(|| {
                let names = module.stays.join(", ");
                format!("The module cannot be unloaded again, because of {names}.")
            });
            let title = format!("{name} replaces {}", count(module.functions, "function"));
            return Self { kind: VerdictKind::Module, title, more };
        }
        if summary.not_allowed > 0 {
            return Self {
                kind: VerdictKind::Refused,
                title: format!("{} not allowed", count(summary.not_allowed, "change")),
                more: Some("No rule of the allowlist allows them.".to_owned()),
            };
        }
        if summary.refused > 0 || summary.data_changed > 0 {
            let mut reasons = Vec::new();
            if summary.refused > 0 {
                reasons.push(format!("{} below", count(summary.refused, "reason")));
            }
            if summary.data_changed > 0 {
                let data = count(summary.data_changed, "data object");
                reasons.push(format!("{data} changed, which a livepatch cannot do"));
            }
            return Self {
                kind: VerdictKind::Refused,
                title: "No livepatch module can be made of this".to_owned(),
                more: Some(format!("{}.", reasons.join("; "))),
            };
        }
        let functions = changes.functions.len();
        match functions {
            0 => Self {
                kind: VerdictKind::Unchanged,
                title: "No function changed".to_owned(),
                more: None,
            },
            _ => Self {
                kind: VerdictKind::Changes,
                title: match functions {
                    1 => "1 function differs".to_owned(),
                    _ => format!("{functions} functions differ"),
                },
                more: None,
            },
        }
    }
}
