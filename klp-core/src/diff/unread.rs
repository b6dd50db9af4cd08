//! Constants without a name that nobody but changed functions can read: see [`crate::reach`].

use std::cell::{Cell, OnceCell};
use std::collections::BTreeSet;

use crate::checksum::Analysis;
use crate::manifest::Data;
use crate::reach::Unread;

use super::proof::Read;
use super::{Changes, Place};

/// To look for readers takes all code of an object. Where more is asked, it is reported.
const MOST: usize = 64;

/// Which constants of two versions of an object are nobody's.
pub(super) struct Nobodys<'r, 'a> {
    original: Version<'r, 'a>,
    patched: Version<'r, 'a>,
    asked: Cell<usize>,
}

struct Version<'r, 'a> {
    object: &'r Analysis<'a>,
    changed: BTreeSet<usize>,
    unread: OnceCell<Unread<'r, 'a>>,
}

impl<'r, 'a> Nobodys<'r, 'a> {
    /// Of the objects in `read`, whose changed functions are in `changes`.
    pub(super) fn of(read: &'r Read<'a>, changes: &Changes) -> Self {
        let version = |object: &'r Analysis<'a>, side: fn(&Place) -> Option<(usize, usize)>| {
            let changed = changes.places.iter().filter_map(side).map(|(_, function)| function);
            Version { object, changed: changed.collect(), unread: OnceCell::new() }
        };
        Self {
            original: version(&read.original, |place| place.original),
            patched: version(&read.patched, |place| place.patched),
            asked: Cell::new(0),
        }
    }

    /// Whether data that is there before, after or in both is a constant that only changed functions can read.
    pub(super) fn are(&self, before: Option<&Data<'_>>, after: Option<&Data<'_>>) -> bool {
        self.asked.set(self.asked.get().saturating_add(1));
        self.asked.get() <= MOST
            && before.is_none_or(|data| self.original.has(data))
            && after.is_none_or(|data| self.patched.has(data))
    }
}

impl Version<'_, '_> {
    fn has(&self, data: &Data<'_>) -> bool {
        let named = self.object.elf.sections.iter().zip(0u32..);
        let mut sections = named.filter(|(it, _)| it.name == data.section.as_bytes());
        let (Some((_, section)), None) = (sections.next(), sections.next()) else { return false };
        let unread = self.unread.get_or_init(|| Unread::of(self.object, &self.changed));
        data.name.is_none() && unread.has(section, data.stand.offset)
    }
}
