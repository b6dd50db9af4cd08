//! What stands in the way of what was copied, or is to be told of it: tables that name it, when references are filled in, how
//! much memory it takes, and functions that may be old ones.

use crate::obstacle::Obstacle;

use super::extract::Extraction;
use super::renamed::{self, AddressUse};
use super::source::CorrelatedObjects;
use super::strays::{self, StrayEntry};
use super::taken::TakenAddresses;
use super::verdict::Verdict;
use super::{late, per_cpu, tabled};

pub(super) fn judge(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
    places: &TakenAddresses,
    verdict: &mut Verdict,
) {
    for (source, object) in sources.with_ids() {
        for (name, stray) in strays::of(source, object, extraction) {
            match stray {
                StrayEntry::Wrong(why) => {
                    verdict.refused.add(Obstacle::Section, source.object, &name, why);
                }
                StrayEntry::Limit(why) => verdict.note("user-limit", source.object, &name, why),
            }
        }
    }
    for (object, name, why) in late::references(sources, extraction) {
        verdict.refused.add(Obstacle::Reference, sources[object].object, &name, why);
    }
    if let Some(large) = per_cpu::large(sources, extraction) {
        let source = &sources[large.object];
        if large.is_refused {
            verdict.refused.add(Obstacle::Section, source.object, &large.name, large.why);
        } else {
            verdict.note("per-cpu", source.object, &large.name, large.why);
        }
    }
    for renamed in renamed::functions(sources, &tabled::through(sources, extraction, places)) {
        let source = &sources[renamed.object];
        if renamed.address == AddressUse::Given {
            verdict.note("renamed", source.object, &renamed.name, renamed.why());
        } else {
            let code = Obstacle::RenamedFunction;
            verdict.risk(code, source.object, &renamed.name, renamed.why());
        }
    }
}
