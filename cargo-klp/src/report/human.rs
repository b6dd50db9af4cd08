//! Text for people.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use klp_core::Manifest;
use klp_core::checksum::Cause;
use klp_core::demangle::{source_item, spoken_text};
use klp_core::diff::Changes;
use klp_core::manifest;
use klp_core::record::{Change, ChangedFunction, PatchPart, ProofRecord, Record};
use klp_core::rules::Exclusion;
use rayon::prelude::*;

use super::notes::NoteGroup;
use crate::printable::{self, PrintableLines};
use crate::shell::Shell;
use crate::words::count;

/// So many of what is not proven of an object are named.
const NAMED: usize = 8;

pub(super) fn changes(changes: &Changes, out: &mut PrintableLines<'_>) -> io::Result<()> {
    let name = |function: &ChangedFunction| match &function.demangled {
        Some(path) => path.clone(),
        None => function.name.clone(),
    };
    for proof in &changes.proofs {
        let ProofRecord {
            object, functions, equal, different, data, different_data, first, ..
        } = proof;
        let Some(first) = first else { continue };
        let same = data.saturating_sub(different_data.len());
        let names: Vec<&str> = different.iter().chain(different_data).map(String::as_str).collect();
        let (shown, more) = names.split_at(names.len().min(NAMED));
        let mut names = spoken_text(&shown.join(", "));
        if !more.is_empty() {
            names = format!("{names} and {} more", more.len());
        }
        writeln!(
            out,
            "unproven {object}: {equal} of {functions} functions and {same} of {data} variables are what was shipped, \
             not {names}"
        )?;
        writeln!(out, "         {}", spoken_text(first))?;
    }
    for suspect in changes.proofs.iter().flat_map(|proof| &proof.suspects).collect::<BTreeSet<_>>()
    {
        writeln!(out, "         {suspect}")?;
    }
    let names =
        changes.functions.iter().map(|function| name(function).len()).max().unwrap_or(0).min(48);
    let objects =
        changes.functions.iter().map(|function| place(function).len()).max().unwrap_or(0).min(48);
    for function in &changes.functions {
        let line = format!(
            "{:<8} {:<names$}  {:<objects$}  {}{}{}",
            word(function.change),
            name(function),
            place(function),
            causes(&function.causes),
            other_names(function),
            if function.allowed == Some(false) { " (not allowed)" } else { "" },
        );
        writeln!(out, "{}", line.trim_end())?;
    }
    for (item, functions) in instances(&changes.functions) {
        let objects: BTreeSet<String> = functions.iter().map(|one| place(one)).collect();
        let objects: Vec<String> = objects.into_iter().collect();
        writeln!(out, "{} instances of {item} in {}", functions.len(), objects.join(", "))?;
    }
    for data in &changes.data {
        let name = data.name.as_deref().unwrap_or("(unnamed)");
        let (name, section) = (spoken_text(name), spoken_text(&data.section));
        let causes = match data.causes.as_slice() {
            [] => String::new(),
            some => format!(", {}", causes(some)),
        };
        let readers = match data.read_by.as_slice() {
            [] => String::new(),
            some => format!(", read by {}", spoken_text(&some.join(", "))),
        };
        let (word, object) = (word(data.change), &data.object);
        writeln!(out, "{word:<8} data {name} in {section}, {object}{causes}{readers}")?;
    }
    for refused in &changes.refused {
        let (name, why) = (spoken_text(&refused.name), spoken_text(&refused.why));
        writeln!(out, "refused  {name}  {}: {why}", refused.object)?;
        for PatchPart { file, hunk } in &refused.patch {
            let hunk = hunk.as_deref().unwrap_or_default();
            writeln!(out, "{}", format!("         in {file} {hunk}").trim_end())?;
        }
    }
    for group in NoteGroup::all(&changes.notes) {
        let object = group.object();
        let place = if object.is_empty() { "" } else { "  " };
        let (names, why) = (spoken_text(&group.few_names()), spoken_text(group.why()));
        writeln!(out, "note     {names}{place}{object}: {why}")?;
    }
    for record in &changes.ignored {
        let (name, object, ignored) = match record {
            Record::Function(function) => (name(function), place(function), &function.ignored),
            Record::Refused(it) => (spoken_text(&it.name), it.object.clone(), &it.ignored),
            _ => continue,
        };
        let reason = ignored.as_deref().unwrap_or_default();
        writeln!(out, "ignored  {name}  {object}: {reason}")?;
    }
    if let Some(module) = &changes.module {
        let stays = match module.stays.as_slice() {
            [] => String::new(),
            names => format!(", which cannot be unloaded ({})", spoken_text(&names.join(", "))),
        };
        writeln!(out, "module   {}{stays}", module.path)?;
    }
    Ok(())
}

/// One line about all of it, to standard error.
pub(crate) fn summary(changes: &Changes, shell: &Shell) {
    let summary = &changes.summary;
    let mut text = format!(
        "{} changed, {} added, {} removed of {} in {}",
        summary.changed,
        summary.added,
        summary.removed,
        count(summary.functions, "function"),
        count(summary.objects, "object")
    );
    for (number, what) in [
        (summary.data_changed, count(summary.data_changed, "data object") + " changed"),
        (summary.refused, format!("{} refused", summary.refused)),
        (summary.notes, count(summary.notes, "note")),
        (summary.ignored, format!("{} ignored", summary.ignored)),
        (summary.not_allowed, format!("{} not allowed", summary.not_allowed)),
        (summary.skipped, count(summary.skipped, "object") + " skipped"),
    ] {
        if number > 0 {
            text = format!("{text}; {what}");
        }
    }
    shell.finished(text);
}

/// Why a run ends with the status for what is refused.
pub(crate) fn refused(changes: &Changes, shell: &Shell) {
    let summary = &changes.summary;
    let mut reasons = Vec::new();
    if summary.data_changed > 0 {
        reasons.push(format!(
            "{} changed, which a livepatch cannot do",
            count(summary.data_changed, "data object")
        ));
    }
    if summary.refused > 0 {
        reasons.push(format!("{} named above", count(summary.refused, "reason")));
    }
    shell.warning(format_args!(
        "refused: there is no livepatch module for this: {}",
        reasons.join("; ")
    ));
}

/// Lines that are made before any of them is written.
const BATCH: usize = 32_768;

/// Those of them that one thread makes.
const SHARE: usize = BATCH / 32;

pub(super) fn checksums(manifest: &Manifest, mut out: impl Write) -> io::Result<()> {
    for object in &manifest.objects {
        let text = |start: usize| {
            let mut text = Vec::with_capacity(SHARE.saturating_mul(128));
            for function in object.functions.starting(start).take(SHARE) {
                checksum(object, &function, &mut text);
            }
            text
        };
        let count = object.functions.len();
        for batch in (0..count).step_by(BATCH) {
            let batch = batch..count.min(batch.saturating_add(BATCH));
            let texts: Vec<Vec<u8>> = batch.into_par_iter().step_by(SHARE).map(text).collect();
            for text in texts {
                out.write_all(&text)?;
            }
        }
    }
    Ok(())
}

fn checksum(
    object: &manifest::ManifestObject,
    function: &manifest::ManifestFunction<'_>,
    out: &mut Vec<u8>,
) {
    match &function.checksum {
        Some(checksum) => out.extend_from_slice(&checksum.to_hex()),
        None => out.extend_from_slice(b"refused"),
    }
    for text in ["  ", object.origin(function.origin), "  ", function.name] {
        out.extend_from_slice(printable::line(text).as_bytes());
    }
    if function.checksum.is_none() {
        out.extend_from_slice(b": ");
        let why = function.refused.unwrap_or_default();
        out.extend_from_slice(printable::line(why).as_bytes());
    }
    for name in function.aliases.into_iter().chain(function.parts) {
        out.push(b' ');
        out.extend_from_slice(printable::line(name).as_bytes());
    }
    out.push(b'\n');
}

pub(super) fn rules(rules: &[Exclusion], mut out: impl Write) -> io::Result<()> {
    for rule in rules {
        writeln!(
            out,
            "{}\n    leaves out: {}\n    because: {}",
            rule.name, rule.leaves_out, rule.why
        )?;
        if !rule.sections.is_empty() {
            writeln!(out, "    sections: {}", rule.sections.join(" "))?;
        }
    }
    Ok(())
}

pub(super) fn word(change: Change) -> &'static str {
    match change {
        Change::Changed => "changed",
        Change::Added => "added",
        Change::Removed => "removed",
    }
}

fn place(function: &ChangedFunction) -> String {
    match &function.linked {
        // A module that is compared as it is installed has the name of its file.
        Some(linked) if linked != "vmlinux" && function.object != format!("{linked}.ko") => {
            format!("{} ({linked})", function.object)
        }
        _ => function.object.clone(),
    }
}

/// How many other names of one function are worth a line.
const NAMES: usize = 4;

fn other_names(function: &ChangedFunction) -> String {
    let was = match function.candidates.as_slice() {
        [] => String::new(),
        some => format!(" (was one of {})", spoken_text(&some.join(", "))),
    };
    let shown: Vec<&str> = function.aliases.iter().take(NAMES).map(String::as_str).collect();
    let shown = spoken_text(&shown.join(", "));
    match function.aliases.len() {
        0 => was,
        count if count > NAMES => format!("{was} (also {shown} and {} more)", count - NAMES),
        _ => format!("{was} (also {shown})"),
    }
}

/// Generic Rust items of which several instances differ.
fn instances(functions: &[ChangedFunction]) -> BTreeMap<String, Vec<&ChangedFunction>> {
    let mut items: BTreeMap<String, Vec<&ChangedFunction>> = BTreeMap::new();
    for function in functions {
        if let Some(path) = &function.demangled {
            items.entry(source_item(path)).or_default().push(function);
        }
    }
    items.retain(|_, functions| functions.len() > 1);
    items
}

pub(super) fn causes(causes: &[Cause]) -> String {
    let texts: Vec<String> = causes
        .iter()
        .map(|cause| {
            let kind = serde_json::to_value(cause.kind).ok();
            let kind = kind.as_ref().and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
            match cause.offset {
                Some(offset) => format!("{kind} +{offset:#x}"),
                None => kind,
            }
        })
        .collect();
    texts.join(", ")
}
