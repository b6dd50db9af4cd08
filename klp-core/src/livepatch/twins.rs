//! Static variables of one name and size in one function, of which the kernel has one and the patch adds the other. Compilers
//! number them as they like, so that only the code that uses them tells which of them the kernel has.

use crate::record::Note;

use super::moved::NamedData;
use super::source::{CorrelatedObjects, DataFate, Fate};

/// The notes about them: a patch can also mean that the old variable is used in the new place.
pub(super) fn notes(sources: &CorrelatedObjects<'_>) -> Vec<Note> {
    let mut notes = Vec::new();
    for (source, object) in sources.with_ids() {
        let things = |is_it: fn(&DataFate) -> bool| -> Vec<NamedData> {
            let spans = source.data.iter().filter(|(_, fate)| is_it(fate));
            let things = spans.filter_map(|(span, _)| source.patched.thing(object, *span));
            things.filter(|thing| !thing.is_constant() && !thing.is_of_file()).collect()
        };
        let new = things(|fate| *fate == DataFate::New);
        if new.is_empty() {
            continue;
        }
        let kept = things(|fate| matches!(fate, DataFate::Shared(_)));
        for (fate, number) in source.fates.with_ids() {
            let Some(Fate::Changed(_)) = fate else { continue };
            let record = source.patched.record(number);
            let uses =
                |thing: &&NamedData| source.patched.names_in(record).any(|it| it == thing.name);
            for one in new.iter().filter(uses) {
                let is_twin =
                    |other: &&NamedData| other.word() == one.word() && other.has_shape_of(one);
                if kept.iter().filter(uses).any(|other| is_twin(&other)) {
                    let word = String::from_utf8_lossy(one.word());
                    let function = source.name_of(number);
                    let why = format!(
                        "{function} uses two variables that are called {word}, and the kernel has one: the code around them \
                         says which, not where they are declared; give the new one another name"
                    );
                    notes.push(Note::new("state", source.object, &one.name, why));
                }
            }
        }
    }
    notes
}
