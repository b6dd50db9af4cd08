//! Which rule applies to what.

use std::io::{self, Write};

use klp_core::Allowlist;
use klp_core::allowlist::{Pattern, PatternUse, Rule, RuleUse, Usage};
use serde_json::json;

/// How many objects or functions are named for people.
const SHOWN: usize = 8;

pub(super) fn human(
    allowlist: &Allowlist,
    usage: &Usage,
    apart: &[&str],
    mut out: impl Write,
) -> io::Result<()> {
    for (rule, used) in allowlist.rules.iter().zip(&usage.rules) {
        let line = rule.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        writeln!(out, "{}{line}: {}", rule.object.as_str(), rule.reason)?;
        let objects = used.objects.iter().map(String::as_str);
        let what = if rule.skip { "skips" } else { "holds for" };
        writeln!(out, "    {what} {}", list(objects, "object"))?;
        for (action, pattern, used) in functions(rule, used) {
            let names = used.functions.iter().map(|(_, name)| name.as_str());
            writeln!(out, "    {action}s {}: {}", pattern.as_str(), list(names, "function"))?;
        }
    }
    if !apart.is_empty() {
        writeln!(out, "OBJECT_FILES_NON_STANDARD: compared, but cannot be livepatched")?;
        writeln!(out, "    holds for {}", list(apart.iter().copied(), "object"))?;
    }
    Ok(())
}

pub(super) fn json(
    allowlist: &Allowlist,
    usage: &Usage,
    apart: &[&str],
    mut out: impl Write,
) -> io::Result<()> {
    for (rule, used) in allowlist.rules.iter().zip(&usage.rules) {
        let record = json!({
            "reason": "rule",
            "line": rule.line,
            "object": rule.object,
            "why": rule.reason,
            "skip": rule.skip,
            "objects": used.objects,
            "functions": functions(rule, used).map(|(action, pattern, used)| {
                let found = used.functions.iter();
                let found = found.map(|(object, name)| json!({"object": object, "name": name}));
                json!({"action": action, "glob": pattern, "matches": found.collect::<Vec<_>>()})
            }).collect::<Vec<_>>(),
        });
        writeln!(out, "{record}")?;
    }
    writeln!(out, "{}", json!({"reason": "non-standard", "objects": apart}))
}

/// The globs for functions of a rule, each with what it does.
fn functions<'a>(
    rule: &'a Rule,
    used: &'a RuleUse,
) -> impl Iterator<Item = (&'static str, &'a Pattern, &'a PatternUse)> {
    let ignore = rule.ignore.iter().zip(&used.ignore).map(|(glob, used)| ("ignore", glob, used));
    let allow = rule.allow.iter().flatten().zip(&used.allow);
    ignore.chain(allow.map(|(glob, used)| ("allow", glob, used)))
}

fn list<'a>(names: impl Iterator<Item = &'a str>, noun: &str) -> String {
    let names: Vec<&str> = names.collect();
    let (count, plural) = (names.len(), if names.len() == 1 { "" } else { "s" });
    let shown = names.get(..SHOWN.min(count)).unwrap_or_default().join(" ");
    match count {
        0 => format!("no {noun}"),
        _ if count > SHOWN => format!("{count} {noun}s: {shown} ..."),
        _ => format!("{count} {noun}{plural}: {shown}"),
    }
}
