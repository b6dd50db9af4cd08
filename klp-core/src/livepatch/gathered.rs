//! Lists that the linker gathers from all objects and that the kernel walks from end to end: quirks of PCI devices
//! (`.pci_fixup_final`), early consoles (`__earlycon_table`), functions that no probe may be in (`_kprobe_blacklist`). The
//! kernel walks its own, and nothing of a livepatch gets into it.

use std::collections::{BTreeMap, BTreeSet};

use crate::checksum::Digest;
use crate::kernel::is_freed;
use crate::record::Note;
use crate::rules;

use super::placement;
use super::side::ObjectSide;
use super::source::CorrelatedObject;

/// Lists that others here compare, that are not loaded, or that Kbuild makes anew: parameters, exports, initcalls of
/// consoles, tracepoints, what a module says about itself, places in code that the kernel writes into.
const OF_OTHERS: &[&[u8]] = &[
    b"__param",
    b"__modver",
    b".modinfo",
    b"__ksymtab",
    b"___ksymtab",
    b"__kflagstab",
    b"___kflagstab",
    b"__kcrctab",
    b"___kcrctab",
    b".export_symbol",
    b".con_initcall.init",
    b"__tracepoint",
    b"runtime_",
    b".gnu.",
    b".note",
    b".discard.",
    b".BTF",
];

/// By list, what the object gives to it: what has no symbol is one thing.
type ListContents<'a> = BTreeMap<&'a str, Vec<Option<Digest>>>;

/// A note on each list of which the patch changes what the object gives to it.
pub(super) fn notes(source: &CorrelatedObject<'_>) -> Vec<Note> {
    let before = source.before(lists);
    let after = lists(&source.patched);
    let names: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    let told = names.into_iter().filter_map(|name| {
        let change = match (before.get(name), after.get(name)) {
            (None, _) => "adds to this list",
            (_, None) => "takes from this list",
            (was, is) if was != is => "changes what this object gives to this list",
            _ => return None,
        };
        let why = format!(
            "the patch {change}, which the linker gathers from all objects: the kernel walks its own, and nothing of a \
             livepatch gets into that"
        );
        Some(Note::new("list", source.object, name, why))
    });
    told.collect()
}

fn lists<'a>(side: &'a ObjectSide<'_>) -> ListContents<'a> {
    let mut lists = ListContents::new();
    for data in side.manifest.data.iter().filter(|data| is_list(side, data.section)) {
        lists.entry(data.section).or_default().push(data.checksum);
    }
    for list in lists.values_mut() {
        list.sort_unstable();
    }
    lists
}

fn is_list(side: &ObjectSide<'_>, name: &str) -> bool {
    let mut sections = side.analysis.elf.sections.iter();
    let bytes = name.as_bytes();
    sections.any(|it| it.name == bytes && it.is_allocated() && !it.is_code())
        && placement::in_module(bytes).is_none()
        && !placement::is_special(bytes)
        && !is_freed(bytes)
        && !rules::is_attributed(bytes)
        && rules::for_section(bytes).is_none()
        && !OF_OTHERS.iter().any(|start| bytes.starts_with(start))
}
