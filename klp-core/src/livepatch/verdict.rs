//! Whether a livepatch can do what the patch does, before it is loaded.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::ContentKind;
use crate::elf::{Definition, Section};
use crate::kernel::{LinkedKernel, is_freed};
use crate::layout::{FunctionId, SpanId};
use crate::obstacle::Obstacle;
use crate::record::{Note, Refused};

use super::boot::MissingInit;
use super::extract::Extraction;
use super::identity;
use super::moved::{Moves, Suspect};
use super::namesakes;
use super::refusals::Refusals;
use super::side::ObjectSide;
use super::source::{CorrelatedObject, CorrelatedObjects, Fate, TouchedId};
use super::taken::{AddressTaken, TakenAddresses};
use super::types::{self, ChangedType, ObjectTypes, TypeUser};
use super::{FORCED, PatchedObject, UnlinkedLivepatch};

const UNTRACEABLE: &str =
    "it cannot be traced (notrace, or no call to __fentry__), so it cannot be replaced";

/// What was found so far.
pub(super) struct Verdict {
    force: bool,
    pub(super) refused: Refusals,
    notes: BTreeSet<Note>,
}

impl Verdict {
    pub(super) fn new(force: bool) -> Self {
        Self { force, refused: Refusals::default(), notes: BTreeSet::new() }
    }

    /// Something to know.
    pub(super) fn note(&mut self, code: &str, object: &str, name: &str, why: impl Into<String>) {
        self.notes.insert(Note::new(code, object, name, why));
    }

    /// What others found out.
    pub(super) fn tell(&mut self, notes: Vec<Note>) {
        self.notes.extend(notes);
    }

    /// What would have to be set up first, and is not.
    pub(super) fn missing(&mut self, source: &CorrelatedObject<'_>, missing: Vec<MissingInit>) {
        for MissingInit { initcall, level, variables } in missing {
            let variables: Vec<String> = variables.into_iter().collect();
            let why = format!(
                "it is a {level} that the patch adds, and no livepatch has it called: {} would stay as in the \
                 source, and functions of the livepatch use what it sets up; do that in a pre-patch callback",
                variables.join(", ")
            );
            self.risk(Obstacle::Initcall, source.object, &initcall, why);
        }
    }

    /// Something that can go wrong: refused, or with `--force` told.
    pub(super) fn risk(&mut self, code: Obstacle, object: &str, name: &str, why: String) {
        if self.force {
            self.note(FORCED, object, name, why);
        } else {
            self.refused.add(code, object, name, why);
        }
    }

    /// Tells where the object compiled with sections changes in another way than the one that was
    /// linked. What that can do to calls is decided where they are.
    pub(super) fn sections(&mut self, source: &CorrelatedObject<'_>, changed: &[String]) {
        if source.is_whole {
            return;
        }
        let with_sections = source.fates.with_ids().filter(|(fate, number)| {
            matches!(fate, Some(Fate::Changed(_))) && !source.instead.contains(number)
        });
        let records = with_sections.map(|(_, id)| source.patched.record(id));
        let others = records
            .filter(|record| !record.names().any(|name| changed.iter().any(|other| other == name)));
        let names: BTreeSet<String> = others.map(|record| record.name.to_owned()).collect();
        for name in names {
            let why = "it changes only when compiled with function and data sections; it is replaced as well";
            self.note("sections", source.object, &name, why);
        }
    }

    /// Tells of exports that the patch adds.
    pub(super) fn exports(&mut self, kernel: &LinkedKernel, source: &CorrelatedObject<'_>) {
        // What moves here from another object was exported there.
        let was = |name: &&String| {
            kernel.symvers.get(name).is_some_and(|export| export.module == source.linked)
        };
        let before = source.before(exported);
        for name in exported(&source.patched).difference(&before).filter(|name| !was(name)) {
            let why = "the patch exports it, but the kernel gets no new exports from a livepatch: only the livepatch \
                       itself can use it, other modules cannot";
            self.note("export", source.object, name, why);
        }
    }

    /// Tells of types that have another layout, each once, and of who else uses them.
    pub(super) fn types(&mut self, sources: &CorrelatedObjects<'_>) {
        let mut read = Vec::new();
        for source in sources {
            let typed = source.typed();
            if typed.is_empty() {
                let why = "types are not compared: nothing tells their layout";
                self.note("types", source.object, source.object, why.to_owned());
            }
            for (object, before, after) in typed {
                let Some(before) = before else { continue };
                match ObjectTypes::of(before)
                    .and_then(|before| Ok((before, ObjectTypes::of(after)?)))
                {
                    Ok((before, after)) => read.push(((source, object), before, after)),
                    Err(why) => {
                        let why = format!("types are not compared: {why}");
                        self.note("types", object, object, why);
                    }
                }
            }
        }
        let mut told = BTreeSet::new();
        for ((_, object), before, after) in &read {
            for changed in before.changed(after) {
                if !told.insert(changed.clone()) {
                    continue;
                }
                let others = read.iter().flat_map(|((source, object), before, _)| {
                    let replaced = replaced(source);
                    let users = before.users(&changed.name).filter(move |user| match user {
                        TypeUser::Function(name) => !replaced.contains(name),
                        TypeUser::Variable(_) => true,
                    });
                    users.map(move |user| format!("{user} in {object}"))
                });
                let others: BTreeSet<String> = others.collect();
                self.risk(Obstacle::TypeLayout, object, &changed.name, of_type(&changed, others));
            }
            for (name, how) in before.retyped(after) {
                let why = format!(
                    "its type changes ({how}), and the running kernel keeps what it has in it; give the new one another \
                     name"
                );
                self.risk(Obstacle::VariableType, object, &name, why);
            }
        }
    }

    /// Whether the changed function `number` can be replaced.
    pub(super) fn function(
        &mut self,
        kernel: &LinkedKernel,
        source: &CorrelatedObject<'_>,
        number: FunctionId,
    ) -> bool {
        let name = source.name_of(number);
        if source.fates[number] == Some(Fate::Moved) {
            let listed = kernel.symbols_of(source.linked).map(|all| all.named(name.as_bytes()));
            let is_traced =
                listed.into_iter().flatten().any(|listed| listed.global && listed.traced);
            if !is_traced {
                self.refused.add(Obstacle::Untraceable, source.object, &name, UNTRACEABLE);
            }
            return is_traced;
        }
        if let Some((shared, why)) = namesakes::unlike(source, number) {
            self.refused.add(Obstacle::SharedAddress, source.object, &shared, why);
            return false;
        }
        let Some(Fate::Changed(original)) = source.fates[number] else {
            return true;
        };
        if is_constructor(&name) {
            let why = "a compiler writes it, to tell KASAN at boot where the variables of this object end: the livepatch's \
                       own variables are not watched";
            self.note("constructor", source.object, &name, why);
            return false;
        }
        // What the kernel does not have is refused where its symbol is looked for.
        let Some(running) = source.running() else { return true };
        let Some(found) = source.running_function(original) else { return true };
        let section = section_of(running, found);
        if is_freed(section.name) {
            let why = freed(&section.name_lossy(), source.linked);
            self.risk(Obstacle::Freed, source.object, &name, why);
            return false;
        }
        let kinds = running.record(found).kinds;
        let traceable = kinds.iter().any(|(kind, _)| *kind == ContentKind::Traceable);
        if !traceable {
            self.refused.add(Obstacle::Untraceable, source.object, &name, UNTRACEABLE);
        }
        traceable
    }

    /// Tells of functions that hand out a text of the module where the kernel frees all texts but its own.
    pub(super) fn texts(
        &mut self,
        sources: &CorrelatedObjects<'_>,
        texts: BTreeSet<(TouchedId, String, String)>,
    ) {
        for (object, function, how) in texts {
            let source = &sources[object];
            let why = format!(
                "{how}: the module has its own copy, and kfree_const() frees what is not the kernel's own text; give it \
                 to kstrdup_const(), too"
            );
            self.risk(Obstacle::Text, source.object, &function, why);
        }
    }

    /// Tells of new variables that the original may have under another name: what the kernel has in them is not there.
    pub(super) fn renamed(
        &mut self,
        sources: &CorrelatedObjects<'_>,
        moves: &Moves,
        places: &TakenAddresses,
        extraction: &Extraction,
    ) {
        let is_copied = |object: TouchedId, span: SpanId| {
            let place = sources[object].patched.analysis.layout.span(span);
            extraction.copied.keys().any(|piece| {
                (piece.object, piece.section) == (object, place.section)
                    && (piece.start..piece.end.max(piece.start.saturating_add(1)))
                        .contains(&place.start)
            })
        };
        let is_compared = |object: TouchedId, span: SpanId| {
            let place = sources[object].patched.analysis.layout.span(span);
            let compared =
                places.iter().filter(|(_, taken)| taken.contains(&AddressTaken::Compared));
            compared.into_iter().any(|((piece, _), _)| {
                (piece.object, piece.section) == (object, place.section)
                    && (piece.start..piece.end).contains(&place.start)
            })
        };
        let suspects = moves.suspects(sources, is_copied, is_compared);
        for (object, name, was) in identity::in_place_of(sources, is_copied) {
            let is_one = suspects.iter().any(|it| (it.new.object, &it.was.name) == (object, &was));
            if !is_one {
                let source = &sources[object];
                let why = format!(
                    "functions that use it use {name} instead with the patch, which starts with nothing of what the \
                     kernel has in it; a pre-patch callback can take that over"
                );
                self.note("state", source.object, &was, why);
            }
        }
        for Suspect { new, was } in suspects {
            let source = &sources[new.object];
            let home = (was.object != new.object).then(|| &sources[was.object]);
            let was = match home {
                Some(home) => format!("{} of {}", was.name, home.object),
                None => was.name.clone(),
            };
            let why = if new.is_constant() {
                format!(
                    "its address is compared, and it may be {was}, which the patch takes away: pointers that the kernel \
                     keeps lead to that one, and none to the module's own"
                )
            } else {
                format!(
                    "it may be {was}, which the patch takes away: the module's own starts with nothing of what the kernel \
                     has in it"
                )
            };
            self.risk(Obstacle::RenamedVariable, source.object, &new.name, why);
        }
    }

    pub(super) fn finish(self, livepatch: &mut UnlinkedLivepatch, extraction: Extraction) {
        livepatch.refused = self.refused.and(extraction.refused);
        livepatch.notes = self.notes.into_iter().chain(extraction.notes).collect();
        if livepatch.objects.values().all(PatchedObject::is_empty) && livepatch.refused.is_empty() {
            let why = "the patch changes no function of the running kernel, and nothing there would come to what it \
                       adds; a module without functions would only take away what livepatches before it do";
            livepatch.refused.push(Refused::new(Obstacle::NoFunction, "", "livepatch", why));
        }
        for (name, symbol) in &livepatch.symbols {
            // Limits of the sscanf() in klp_resolve_symbols() (kernel/livepatch/core.c).
            if symbol.object.len() > 55 || symbol.user.len() > 55 || symbol.name.len() > 511 {
                let why = "its name is longer than livepatch can read";
                livepatch.refused.push(Refused::new(Obstacle::Symbol, &symbol.object, name, why));
            }
        }
    }
}

/// Whether a compiler has made the function to be called when the kernel boots or a module is loaded: gcc calls it
/// `_sub_I_65535_1` (and what takes it back `_sub_D_…`), clang `asan.module_ctor`.
fn is_constructor(name: &str) -> bool {
    let numbers = ["_sub_I_", "_sub_D_"].iter().find_map(|start| name.strip_prefix(start));
    let is_number = |text: &str| text.parse::<u32>().is_ok();
    let is_gcc = numbers
        .and_then(|numbers| numbers.split_once('_'))
        .is_some_and(|(priority, number)| is_number(priority) && is_number(number));
    is_gcc || ["asan.module_ctor", "asan.module_dtor"].contains(&name)
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
            Refused::new(Obstacle::ExportType, object, name, why)
        })
        .collect()
}

/// What an object exports: `EXPORT_SYMBOL` (include/linux/export.h) leaves a symbol with the name in it.
pub(super) fn exported(side: &ObjectSide<'_>) -> BTreeSet<String> {
    /// Before and since Linux 6.4.
    const PREFIXES: [&[u8]; 2] = [b"__ksymtab_", b"__export_symbol_"];
    let symbols = side.analysis.elf.symbols.iter();
    let defined = symbols.filter(|symbol| matches!(symbol.place, Definition::Section(_)));
    defined
        .filter_map(|symbol| PREFIXES.iter().find_map(|prefix| symbol.name.strip_prefix(*prefix)))
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

/// Why a type that changes is a risk. `others` use it, and stay.
fn of_type(changed: &ChangedType, others: BTreeSet<String>) -> String {
    let how = &changed.how;
    let others = if others.is_empty() {
        "nothing else in the objects that the patch changes uses it".to_owned()
    } else {
        let others = types::some_of(others.into_iter().collect());
        format!("used as it was by {}", others.join(", "))
    };
    let advice = if changed.has_more { "; keep new members in shadow variables" } else { "" };
    format!(
        "it changes ({how}), and what the running kernel has of it stays as it is; {others}{advice}"
    )
}

/// Why a change to code in the section `place` of what is linked into `linked` has no effect.
fn freed(place: &str, linked: &str) -> String {
    if !place.starts_with(".exit") {
        return format!(
            "it is in {place}: it has run and was freed; the change cannot take effect"
        );
    }
    if linked == "vmlinux" {
        return format!(
            "it is in {place}: what is built into the kernel has no exit, nothing calls it; the change cannot take effect"
        );
    }
    format!(
        "it is in {place}: exit code is not traced (__exit is notrace), so it cannot be replaced; the module that is \
         loaded runs its own when it is unloaded"
    )
}

/// The functions of a source that are replaced, as the source calls them.
fn replaced(source: &CorrelatedObject<'_>) -> BTreeSet<String> {
    let fates = source.fates.with_ids();
    let changed = fates.filter(|(fate, _)| matches!(fate, Some(Fate::Changed(_))));
    changed
        .map(|(_, id)| {
            let name = source.name_of(id);
            name.split_once('.').map(|(base, _)| base.to_owned()).unwrap_or(name)
        })
        .collect()
}

fn section_of<'s, 'a>(side: &'s ObjectSide<'a>, number: FunctionId) -> &'s Section<'a> {
    let layout = &side.analysis.layout;
    let body = layout.functions[number].body;
    side.analysis.elf.section(layout.span(body).section)
}
