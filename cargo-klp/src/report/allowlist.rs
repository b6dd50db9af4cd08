//! Which rule applies to what.

use std::io::{self, Write};

use klp_core::Allowlist;
use klp_core::allowlist::{AllowlistRule, Pattern, PatternUse, RuleUse, Usage};
use schemars::JsonSchema;
use serde::Serialize;

use super::json;
use crate::printable::PrintableLines;
use crate::words::count;

/// A line of JSON.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub(super) enum AllowlistRecord<'a> {
    /// A rule, and what it applies to.
    Rule {
        /// Line of the file that it starts in, counted from 1, where that is known.
        line: Option<usize>,
        /// The glob for objects.
        object: &'a str,
        /// The reason that the rule gives.
        why: &'a str,
        /// Whether the objects are left out altogether.
        skip: bool,
        /// The objects that it names.
        objects: Vec<&'a str>,
        /// The globs for functions, each with what it names.
        functions: Vec<AllowlistGlob<'a>>,
    },
    /// Objects that Kbuild keeps objtool away from: they are compared, but cannot be livepatched.
    NonStandard {
        /// Their paths in the build.
        objects: &'a [&'a str],
    },
}

/// A glob for functions, and what it names.
#[derive(Serialize, JsonSchema)]
pub(super) struct AllowlistGlob<'a> {
    /// `ignore` or `allow`.
    action: &'static str,
    /// The glob.
    glob: &'a str,
    /// The functions that it names.
    matches: Vec<AllowlistMatch<'a>>,
}

/// A function that a glob names.
#[derive(Serialize, JsonSchema)]
pub(super) struct AllowlistMatch<'a> {
    /// Its object.
    object: &'a str,
    /// Its symbol.
    name: &'a str,
}

impl<'a> AllowlistGlob<'a> {
    fn of((action, glob, used): (&'static str, &'a Pattern, &'a PatternUse)) -> Self {
        let matches =
            used.functions.iter().map(|(object, name)| AllowlistMatch { object, name }).collect();
        Self { action, glob: glob.as_str(), matches }
    }
}

/// How many objects or functions are named for people.
const SHOWN: usize = 8;

pub(super) fn human(
    allowlist: &Allowlist,
    usage: &Usage,
    apart: &[&str],
    out: &mut PrintableLines<'_>,
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
    out: impl Write,
) -> io::Result<()> {
    let rules =
        allowlist.rules.iter().zip(&usage.rules).map(|(rule, used)| AllowlistRecord::Rule {
            line: rule.line,
            object: rule.object.as_str(),
            why: &rule.reason,
            skip: rule.skip,
            objects: used.objects.iter().map(String::as_str).collect(),
            functions: functions(rule, used).map(AllowlistGlob::of).collect(),
        });
    json::stream(rules.chain([AllowlistRecord::NonStandard { objects: apart }]), out)
}

/// The globs for functions of a rule, each with what it does.
fn functions<'a>(
    rule: &'a AllowlistRule,
    used: &'a RuleUse,
) -> impl Iterator<Item = (&'static str, &'a Pattern, &'a PatternUse)> {
    let ignore = rule.ignore.iter().zip(&used.ignore).map(|(glob, used)| ("ignore", glob, used));
    let allow = rule.allow.iter().flatten().zip(&used.allow);
    ignore.chain(allow.map(|(glob, used)| ("allow", glob, used)))
}

fn list<'a>(names: impl Iterator<Item = &'a str>, noun: &str) -> String {
    let names: Vec<&str> = names.collect();
    let shown = names.get(..SHOWN.min(names.len())).unwrap_or_default().join(" ");
    match names.len() {
        0 => format!("no {noun}"),
        number if number > SHOWN => format!("{}: {shown} ...", count(number, noun)),
        number => format!("{}: {shown}", count(number, noun)),
    }
}
