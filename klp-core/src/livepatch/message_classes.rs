//! Classes of debug messages that a patch adds. What turns messages on by their classes is in a list of the kernel or of a
//! module, which no livepatch can add to.

use std::collections::BTreeSet;

use crate::elf::Definition;
use crate::name;
use crate::record::Note;

use super::side::ObjectSide;
use super::source::CorrelatedObjects;

/// Where `DECLARE_DYNDBG_CLASSMAP` puts a class (`include/linux/dynamic_debug.h`, since Linux 6.1).
const CLASSES: &[u8] = b"__dyndbg_classes";

/// The notes about them.
pub(super) fn notes(sources: &CorrelatedObjects<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    for source in sources {
        let before = source.before(classes);
        for class in classes(&source.patched).difference(&before) {
            let why = "it is a new class of debug messages, and a livepatch does not add it to those that the kernel \
                       knows: its messages cannot be turned on";
            notes.push(Note::new("debug-class", source.object, class, why));
        }
    }
    notes
}

fn classes(side: &ObjectSide<'_>) -> BTreeSet<String> {
    let elf = &side.analysis.elf;
    let symbols = elf.symbols.iter().filter(|symbol| {
        let Definition::Section(section) = symbol.place else { return false };
        symbol.size > 0 && elf.section(section).name == CLASSES
    });
    symbols.map(|symbol| String::from_utf8_lossy(&name::base(symbol.name)).into_owned()).collect()
}
