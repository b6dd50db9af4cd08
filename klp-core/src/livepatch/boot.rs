//! What a patch says that happens only when a kernel boots or a module is loaded: initcalls, parameters,
//! `__init` taken away. The running kernel has done it, and asks no livepatch for more.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::arch::{Arch, Form, Instructions as _, for_machine};
use crate::checksum::Analysis;
use crate::elf::{Definition, Place, Section, SectionId, Symbol};
use crate::kernel::{Region, is_freed};
use crate::layout::{FunctionId, SpanId};
use crate::name::called_by_stub;
use crate::record::Note;

use super::extract::Extraction;

use super::side::ObjectSide;
use super::source::{CorrelatedObject, DataFate, Fate, TouchedId};

/// Something that a patch adds or takes away.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum BootChange {
    /// The function.
    Initcall(String),
    /// The parameter of the command line, and the function that reads it.
    Setup(String, String),
    /// The parameter, as `module_param` names it.
    Parameter(String),
}

/// By event, how it is written in the source.
type Calendar = BTreeMap<BootChange, String>;

/// What the patched object of `source` would do at another time than the one it runs in.
pub(super) fn notes(source: &CorrelatedObject<'_>) -> Vec<Note> {
    let before = source.before(calendar);
    let after = calendar(&source.patched);
    let mut notes = Vec::new();
    for event in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let (was, is) = (before.get(event), after.get(event));
        if was != is {
            notes.push(note(source.object, event, was, is));
        }
    }
    notes.extend(kept(source));
    notes
}

fn note(object: &str, event: &BootChange, was: Option<&String>, is: Option<&String>) -> Note {
    match event {
        BootChange::Initcall(function) => {
            let why = match (was, is) {
                (None, Some(is)) => format!(
                    "the patch makes it a {is}: the initcalls of the running kernel are over and nothing calls this \
                     one; a pre-patch callback can do what it does"
                ),
                (Some(was), Some(is)) => format!(
                    "the patch makes a {is} of this {was}: the running kernel has called it already, in the old order"
                ),
                (was, _) => format!(
                    "the patch takes this {} away: the running kernel has called it already",
                    was.map_or("initcall", String::as_str)
                ),
            };
            Note::new("initcall", object, function, why)
        }
        BootChange::Setup(parameter, function) => {
            let why = match is {
                Some(_) => format!(
                    "the patch lets {function}() read it from the kernel's command line, which was read at boot: the \
                     function is not called, and what it sets keeps its initial value"
                ),
                None => "the patch takes this parameter of the command line away, which was read at boot".to_owned(),
            };
            Note::new("setup", object, parameter, why)
        }
        BootChange::Parameter(parameter) => {
            let why = match is {
                Some(_) => {
                    "the patch adds this parameter: what is loaded already gets no more of them, neither in sysfs nor \
                     on a command line, and its variable keeps its initial value"
                }
                None => {
                    "the patch takes this parameter away: it stays where the kernel has it, in sysfs"
                }
            };
            Note::new("parameter", object, parameter, why)
        }
    }
}

/// Functions and variables that the patch keeps after boot, and the running kernel has freed.
fn kept(source: &CorrelatedObject<'_>) -> Vec<Note> {
    let Some(original) = &source.original else { return Vec::new() };
    let section = |side: &ObjectSide<'_>, span: SpanId| {
        let section = side.analysis.layout.span(span).section;
        side.analysis.elf.section(section).name_lossy().into_owned()
    };
    let functions = source.fates.with_ids().filter_map(|(fate, id)| {
        let Some(Fate::Kept(before)) = fate else { return None };
        let body = |side: &ObjectSide<'_>, id: FunctionId| side.analysis.layout.functions[id].body;
        Some((section(original, body(original, *before)), body(&source.patched, id)))
    });
    let data = source.data.iter().filter_map(|(span, fate)| match fate {
        DataFate::Other(Region::Freed, _) => Some((".init.data".to_owned(), *span)),
        _ => None,
    });
    let mut notes = Vec::new();
    for (place, after) in functions.chain(data) {
        let span = source.patched.analysis.layout.span(after);
        let symbol = span.symbol.map(|symbol| source.patched.analysis.elf.symbol(symbol));
        let why = format!(
            "the patch takes it out of {place}: the running kernel does not have it any more, and gets none back for \
             those who would find it there"
        );
        let name = symbol.map(Symbol::name_lossy).unwrap_or_default();
        notes.push(Note::new("freed", source.object, &name, why));
    }
    notes
}

fn calendar(side: &ObjectSide<'_>) -> Calendar {
    let elf = &side.analysis.elf;
    let mut calendar = Calendar::new();
    for symbol in &elf.symbols {
        let Definition::Section(index) = symbol.place else { continue };
        let section = elf.section(index);
        let name = symbol.name_lossy();
        if !symbol.local && name == "init_module" {
            calendar.insert(BootChange::Initcall(name.into_owned()), "module_init".to_owned());
        } else if section.name == b"__param"
            && let Some(parameter) = name.strip_prefix("__param_")
        {
            calendar.insert(BootChange::Parameter(parameter.to_owned()), String::new());
        } else if section.name == b".init.setup"
            && let Some(function) = name.strip_prefix("__setup_")
        {
            let text = setup_string(side, function).unwrap_or_else(|| function.to_owned());
            calendar.insert(BootChange::Setup(text, function.to_owned()), String::new());
        }
    }
    for section in &elf.sections {
        let Some(level) = level(section.name) else { continue };
        for (function, _) in called(side, section) {
            calendar.insert(BootChange::Initcall(function), level.to_owned());
        }
    }
    calendar
}

/// The parameter that the `__setup` of a function names: `__setup_param()` of include/linux/init.h.
fn setup_string(side: &ObjectSide<'_>, function: &str) -> Option<String> {
    let elf = &side.analysis.elf;
    let name = format!("__setup_str_{function}");
    let symbol = elf.symbols.iter().find(|symbol| symbol.name == name.as_bytes())?;
    let Definition::Section(section) = symbol.place else { return None };
    let section = elf.section(section);
    let rest = section.data.get(usize::try_from(symbol.value).ok()?..)?;
    let text = rest.split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(text).into_owned())
}

/// How the source calls an initcall of a section (include/linux/init.h).
fn level(section: &[u8]) -> Option<&'static str> {
    Some(match section {
        b".initcallearly.init" => "early_initcall",
        b".initcall0.init" => "pure_initcall",
        b".initcall1.init" | b".initcall1s.init" => "core_initcall",
        b".initcall2.init" | b".initcall2s.init" => "postcore_initcall",
        b".initcall3.init" | b".initcall3s.init" => "arch_initcall",
        b".initcall4.init" | b".initcall4s.init" => "subsys_initcall",
        b".initcall5.init" | b".initcall5s.init" => "fs_initcall",
        b".initcallrootfs.init" => "rootfs_initcall",
        b".initcall6.init" | b".initcall6s.init" => "device_initcall",
        b".initcall7.init" | b".initcall7s.init" => "late_initcall",
        b".con_initcall.init" => "console_initcall",
        _ => return None,
    })
}

/// What the names of stubs of the initcalls in this section end with, behind the function: `6` of `.initcall6.init`.
fn identifier(section: &[u8]) -> Option<&[u8]> {
    match section {
        b".con_initcall.init" => Some(b"con"),
        _ => section.strip_prefix(b".initcall")?.strip_suffix(b".init"),
    }
}

/// The functions that `section` points to, or that a stub there calls, by name, and where the section points.
fn called(side: &ObjectSide<'_>, section: &Section<'_>) -> Vec<(String, Place)> {
    let analysis = &side.analysis;
    let targets = section.relocs.iter().filter_map(|reloc| {
        let Place { section: code, offset } = analysis.elf.place_of(&reloc)?;
        let span = *analysis.layout.span(analysis.layout.find(code, offset)?);
        let name = analysis.elf.symbol(span.symbol?).name;
        // The stub is numbered, and its number another one where a patch adds a `pr_debug` before.
        let name = identifier(section.name)
            .and_then(|identifier| called_by_stub(name, identifier))
            .unwrap_or(name);
        Some((String::from_utf8_lossy(name).into_owned(), code.at(span.start)))
    });
    targets.collect()
}

/// An initcall that the patch adds, and new variables that it sets up and the livepatch uses.
pub(super) struct MissingInit {
    pub(super) initcall: String,
    pub(super) level: &'static str,
    pub(super) variables: BTreeSet<String>,
}

/// The initcalls that a livepatch would have to have called: what is copied uses variables that they set up.
pub(super) fn missing(
    object: TouchedId,
    source: &CorrelatedObject<'_>,
    extraction: &Extraction,
) -> Vec<MissingInit> {
    let before = source.before(calendar);
    let mut missing = Vec::new();
    for section in &source.patched.analysis.elf.sections {
        let Some(level) = level(section.name) else { continue };
        for (initcall, place) in called(&source.patched, section) {
            if before.contains_key(&BootChange::Initcall(initcall.clone())) {
                continue;
            }
            let variables = set_up(object, source, place, extraction);
            if !variables.is_empty() {
                missing.push(MissingInit { initcall, level, variables });
            }
        }
    }
    missing
}

/// The copied variables that the function at `place`, or freed ones that it calls, refer to.
fn set_up(
    object: TouchedId,
    source: &CorrelatedObject<'_>,
    place: Place,
    extraction: &Extraction,
) -> BTreeSet<String> {
    let analysis = &source.patched.analysis;
    let (mut seen, mut open) = (BTreeSet::from([place]), vec![place]);
    let mut variables = BTreeSet::new();
    while let Some(Place { section: code, offset: start }) = open.pop() {
        for Place { section, offset } in referred(analysis, code, start) {
            let target = analysis.layout.find(section, offset);
            let target = target.map(|target| analysis.layout.span(target));
            let Some(target) = target else { continue };
            let section = analysis.elf.section(section);
            if section.is_code() {
                let place = target.section.at(target.start);
                if is_freed(section.name) && seen.insert(place) {
                    open.push(place);
                }
            } else if section.is_writable()
                && extraction.copied.contains_key(&source.data_piece(object, *target))
            {
                let name = target.symbol.map(|symbol| analysis.elf.symbol(symbol));
                variables.extend(name.map(|symbol| symbol.name_lossy().into_owned()));
            }
        }
    }
    variables
}

/// The places, section and offset, that the code from `start` on refers to, up to the end of its function.
fn referred(analysis: &Analysis<'_>, code: SectionId, start: u64) -> Vec<Place> {
    for_machine!(analysis.elf.machine, A => referred_by::<A>(analysis, code, start))
}

fn referred_by<A: Arch>(analysis: &Analysis<'_>, code: SectionId, start: u64) -> Vec<Place> {
    let span = analysis.layout.find(code, start).map(|span| analysis.layout.span(span));
    let Some(span) = span else { return Vec::new() };
    let section = analysis.elf.section(code);
    let bytes = section.in_file(span.start, span.end);
    let mut places = Vec::new();
    let mut instructions = A::Instructions::new(bytes, span.start);
    while let Some(Ok(decoded)) = instructions.next() {
        let Range { start: at, end: next } = instructions.place();
        // The assembler has resolved branches to what is in the same section.
        if let Form::Branch { target, .. } = decoded.form
            && section.relocs.within(at, next).next().is_none()
        {
            places.push(code.at(target));
        }
        for reloc in section.relocs.within(at, next) {
            let bias = if reloc.kind.is_relative() { next.saturating_sub(reloc.offset) } else { 0 };
            let addend = reloc.addend.saturating_add_unsigned(bias);
            places.extend(analysis.elf.place(&reloc, addend));
        }
    }
    places
}
