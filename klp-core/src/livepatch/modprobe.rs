//! What a module says to those who load modules, in its file: under which other names it is asked for, which firmware it
//! reads, and what is loaded with it (`include/linux/module.h`). A livepatch leaves that file as it is.

use std::collections::BTreeSet;

use crate::record::Note;

use super::side::ObjectSide;
use super::source::CorrelatedObject;

const SECTION: &[u8] = b".modinfo";

/// The keys that `depmod`, `modprobe` and makers of initrds read.
const READ: &[&str] = &["alias", "firmware", "softdep", "weakdep"];

/// The notes on what of it the patch adds or takes away.
pub(super) fn notes(source: &CorrelatedObject<'_>) -> Vec<Note> {
    let before = source.before(said);
    let after = said(&source.patched);
    let told = before.symmetric_difference(&after).map(|text| {
        let change = if after.contains(text) { "adds this" } else { "takes this away" };
        let why = format!(
            "the patch {change}: modprobe, depmod and makers of initrds read it in the file of the module, which a livepatch \
             leaves as it is"
        );
        Note::new("modinfo", source.object, text, why)
    });
    told.collect()
}

fn said(side: &ObjectSide<'_>) -> BTreeSet<String> {
    let sections = side.analysis.elf.sections.iter().filter(|section| section.name == SECTION);
    let texts = sections.flat_map(|section| section.data.split(|byte| *byte == 0));
    let texts = texts.map(String::from_utf8_lossy).filter(|text| {
        // In an object of vmlinux the name of the module and a dot stand in front.
        let key = text.split('=').next().unwrap_or_default();
        READ.contains(&key.rsplit('.').next().unwrap_or(key))
    });
    texts.map(String::from).collect()
}
