//! Whether a livepatch can do what the patch does, before it is loaded.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::Kind;
use crate::diff::Changes;
use crate::elf::{Place, Section};
use crate::kernel::{Kernel, is_freed};
use crate::record::{Change, Refused};

use super::Livepatch;
use super::extract::Extraction;
use super::identity;
use super::namesakes;
use super::source::{Fate, Side, Source};
use super::types;

const UNTRACEABLE: &str =
    "it cannot be traced (notrace, or no call to __fentry__), so it cannot be replaced";

/// What was found so far.
pub(super) struct Verdict {
    force: bool,
    refused: Vec<Refused>,
    notes: BTreeSet<String>,
    /// Types that were told of.
    types: BTreeSet<String>,
}

impl Verdict {
    pub(super) fn new(force: bool) -> Self {
        Self { force, refused: Vec::new(), notes: BTreeSet::new(), types: BTreeSet::new() }
    }

    /// Something that cannot work.
    pub(super) fn refuse(&mut self, object: &str, name: &str, why: String) {
        self.refused.push(Refused::new(object, name, why));
    }

    /// Something that can go wrong: refused, or with `--force` told.
    fn risk(&mut self, object: &str, name: &str, why: String) {
        if self.force {
            self.notes.insert(format!("{name} ({object}): {why}"));
        } else {
            self.refuse(object, name, why);
        }
    }

    /// Tells where the object compiled with sections changes in another way than the one that was
    /// linked. What that can do to calls is decided where they are.
    pub(super) fn sections(&mut self, source: &Source<'_>, changed: &[String]) {
        if source.is_whole {
            return;
        }
        let with_sections: BTreeSet<String> = source
            .fates
            .iter()
            .enumerate()
            .filter(|(_, fate)| matches!(fate, Some(Fate::Changed(_))))
            .map(|(number, _)| name_of(source, number))
            .collect();
        for name in with_sections.iter().filter(|name| !changed.contains(name)) {
            self.notes.insert(format!(
                "{name} ({}) changes only when compiled with function and data sections; it is \
                 replaced as well",
                source.object
            ));
        }
    }

    /// Tells of exports that the patch adds.
    pub(super) fn exports(&mut self, source: &Source<'_>) {
        let before = source.original.as_ref().map(exported).unwrap_or_default();
        for name in exported(&source.patched).difference(&before) {
            self.notes.insert(format!(
                "{name} ({}): the patch exports it, but the kernel gets no new exports from a livepatch: \
                 modules cannot use it",
                source.object
            ));
        }
    }

    /// Tells of types that have another layout, each once.
    pub(super) fn types(&mut self, source: &Source<'_>) {
        let Some(original) = &source.original else { return };
        match types::changed(&original.analysis.elf, &source.patched.analysis.elf) {
            Ok(changed) => {
                for types::Changed { name, how } in changed {
                    if self.types.insert(name.clone()) {
                        let why = format!(
                            "its layout changes ({how}): what the running kernel has of it stays as \
                             it is; keep new members in shadow variables"
                        );
                        self.risk(source.object, &name, why);
                    }
                }
            }
            Err(why) => {
                let object = source.object;
                self.notes.insert(format!("types of {object} are not compared: {why}"));
            }
        }
    }

    /// Whether the changed function `number` can be replaced.
    pub(super) fn function(&mut self, kernel: &Kernel, source: &Source<'_>, number: usize) -> bool {
        let name = name_of(source, number);
        if source.fates.get(number).copied().flatten() == Some(Fate::Moved) {
            let listed = kernel.symbols_of(source.linked).map(|all| all.named(name.as_bytes()));
            let is_traced =
                listed.into_iter().flatten().any(|listed| listed.global && listed.traced);
            if !is_traced {
                self.refuse(source.object, &name, UNTRACEABLE.to_owned());
            }
            return is_traced;
        }
        if let Some((shared, why)) = namesakes::unlike(source, number) {
            self.refuse(source.object, &shared, why);
            return false;
        }
        let Some(Fate::Changed(original)) = source.fates.get(number).copied().flatten() else {
            return true;
        };
        let Some(running) = source.running() else { return true };
        let Some(found) = source.running_function(original) else { return true };
        if let Some(section) = section_of(running, found).filter(|section| is_freed(section.name)) {
            let place = section.name_lossy();
            let why = format!(
                "it is in {place}: it has run and was freed; the change cannot take effect"
            );
            self.risk(source.object, &name, why);
            return false;
        }
        let traceable = running
            .record(found)
            .is_some_and(|record| record.kinds.iter().any(|(kind, _)| *kind == Kind::Traceable));
        if !traceable {
            self.refuse(source.object, &name, UNTRACEABLE.to_owned());
        }
        traceable
    }

    /// Something that the person should know.
    pub(super) fn note(&mut self, object: &str, name: &str, what: &str) {
        self.notes.insert(format!("{name} ({object}): {what}"));
    }

    /// Tells of new variables that the original may have under another name: what the kernel has in them is not there.
    pub(super) fn renamed(&mut self, sources: &[Source<'_>], extraction: &Extraction) {
        let is_copied = |object: usize, span: u32| {
            let place = sources.get(object).and_then(|it| it.patched.analysis.layout.span(span));
            place.is_some_and(|span| {
                extraction.copied.keys().any(|piece| {
                    (piece.object, piece.section) == (object, span.section)
                        && (piece.start..piece.end.max(piece.start.saturating_add(1)))
                            .contains(&span.start)
                })
            })
        };
        for (object, name, was) in identity::renamed(sources, is_copied) {
            let Some(source) = sources.get(object) else { continue };
            let why = format!(
                "it may be {was}, which the patch takes away: the module's own starts with nothing of what \
                 the kernel has in it"
            );
            self.risk(source.object, &name, why);
        }
    }

    pub(super) fn finish(self, livepatch: &mut Livepatch, extraction: Extraction) {
        livepatch.refused = self.refused;
        livepatch.refused.extend(extraction.refused);
        livepatch.notes = self.notes.into_iter().chain(extraction.notes).collect();
        for (name, symbol) in &livepatch.symbols {
            // Limits of the sscanf() in klp_resolve_symbols() (kernel/livepatch/core.c).
            if symbol.object.len() > 55 || symbol.user.len() > 55 || symbol.name.len() > 511 {
                let why = "its name is longer than livepatch can read";
                livepatch.refused.push(Refused::new(&symbol.object, name, why));
            }
        }
    }
}

/// What `changes` says about data that exists already: it is shared with the running kernel, so a new
/// initial value does not reach it.
#[must_use]
pub fn data(changes: &Changes) -> Vec<Refused> {
    let existing = changes.data.iter().filter(|data| data.change == Change::Changed);
    existing
        .map(|data| {
            let readers = match data.read_by.as_slice() {
                [] => String::new(),
                readers => format!(", read by {}", readers.join(", ")),
            };
            let why = format!(
                "changed data in {}{readers}: the running kernel keeps its value; set it in a \
                 pre-patch callback, or use a shadow variable for new members",
                data.section
            );
            Refused::new(&data.object, data.name.as_ref().unwrap_or(&data.section), why)
        })
        .collect()
}

/// What is wrong with replacing functions whose exported type is another. `before` and `after` are the
/// CRCs of what `object` exports (`CONFIG_MODVERSIONS`).
#[must_use]
pub fn exports(
    object: &str,
    before: &BTreeMap<String, u32>,
    after: &BTreeMap<String, u32>,
) -> Vec<Refused> {
    let both = before.iter().filter_map(|(name, crc)| Some((name, crc, after.get(name)?)));
    both.filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| {
            let why = format!(
                "the type of this export changes (CRC {before:#010x} becomes {after:#010x}): modules \
                 that are not part of the livepatch go on using it as it was"
            );
            Refused::new(object, name, why)
        })
        .collect()
}

/// What an object exports: `EXPORT_SYMBOL` (include/linux/export.h) leaves a symbol with the name in it.
pub(super) fn exported(side: &Side<'_>) -> BTreeSet<String> {
    /// Before and since Linux 6.4.
    const PREFIXES: [&[u8]; 2] = [b"__ksymtab_", b"__export_symbol_"];
    let symbols = side.analysis.elf.symbols.iter();
    let defined = symbols.filter(|symbol| matches!(symbol.place, Place::Section(_)));
    defined
        .filter_map(|symbol| PREFIXES.iter().find_map(|prefix| symbol.name.strip_prefix(*prefix)))
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// The name of the patched function `number`.
pub(super) fn name_of(source: &Source<'_>, number: usize) -> String {
    source.patched.record(number).map(|record| record.name.to_owned()).unwrap_or_default()
}

fn section_of<'s, 'a>(side: &'s Side<'a>, number: usize) -> Option<&'s Section<'a>> {
    let layout = &side.analysis.layout;
    let body = layout.functions.get(number)?.body;
    side.analysis.elf.section(layout.span(body)?.section)
}
