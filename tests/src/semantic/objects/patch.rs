//! One edit of a real object: bytes that are written, and who must be reported for it.

use std::collections::BTreeMap;

use super::super::elf::RELA;
use super::subject::{Function, Subject};

/// The edit.
#[derive(Debug, Clone, Default)]
pub(super) struct Patch {
    pub(super) kind: &'static str,
    /// For people.
    pub(super) what: String,
    /// File offsets and bytes.
    pub(super) writes: Vec<(usize, Vec<u8>)>,
    /// At least one of these names must be reported. None: a neutral edit.
    pub(super) must: Vec<String>,
    pub(super) may: Vec<String>,
    /// The same, of what other edits may as well.
    pub(super) shared: Vec<String>,
}

impl Patch {
    pub(super) fn new(kind: &'static str, what: impl Into<String>) -> Self {
        Self { kind, what: what.into(), ..Self::default() }
    }

    pub(super) fn write(mut self, at: usize, bytes: &[u8]) -> Self {
        self.writes.push((at, bytes.to_vec()));
        self
    }

    pub(super) fn must<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.must.extend(names.iter().map(|name| name.as_ref().to_owned()));
        self
    }

    pub(super) fn may<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.may.extend(names.iter().map(|name| name.as_ref().to_owned()));
        self
    }

    /// The function must be reported. Numbered variables that it uses may: users tell which is which, and one that
    /// changed tells nothing.
    pub(super) fn of_function(mut self, subject: &Subject, function: &Function) -> Self {
        self.shared.extend(numbered(subject, function));
        self.must(&function.names)
    }

    /// Some code of this section may be reported that no symbol covers. Of several such pieces it cannot be told
    /// which is the new one.
    pub(super) fn may_uncover(mut self, section: &str) -> Self {
        self.shared.push(section.to_owned());
        self
    }

    /// What no other edit may touch at the same time.
    pub(super) fn touches(&self) -> impl Iterator<Item = &String> {
        self.must.iter().chain(&self.may)
    }

    pub(super) fn allows(&self, name: &str) -> bool {
        self.must.iter().chain(&self.may).chain(&self.shared).any(|one| one == name)
    }

    pub(super) fn apply(&self, bytes: &mut [u8]) {
        for (at, new) in &self.writes {
            if let Some(place) = bytes.get_mut(*at..at + new.len()) {
                place.copy_from_slice(new);
            }
        }
    }
}

/// The number of a symbol as relocations have it.
pub(super) fn index_bytes(symbol: usize) -> [u8; 4] {
    u32::try_from(symbol).unwrap_or_default().to_le_bytes()
}

/// The names with a number that a function refers to.
fn numbered(subject: &Subject, function: &Function) -> Vec<String> {
    let mut found = Vec::new();
    for rela in subject.relas_within(function.section, function.start, function.end) {
        // Relative ones count from the end of the instruction, up to eight bytes behind the field.
        for bias in [0, 4, 5, 8] {
            let Some((section, place)) = subject.place(rela, bias) else { continue };
            let own = &subject.symbols[section];
            let behind = own.partition_point(|index| subject.image.symbols[*index].value <= place);
            let Some(before) = behind.checked_sub(1) else { continue };
            let name = &subject.image.symbols[own[before]].name;
            let number = name.rsplit_once('.').map(|(_, number)| number);
            if number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit())) {
                found.push(name.clone());
            }
        }
    }
    found
}

/// Exchanges two stretches of `size` bytes of a section: their bytes, relocations and symbols.
pub(super) fn exchange(
    subject: &Subject,
    mut patch: Patch,
    section: usize,
    (one, other): (u64, u64),
    size: u64,
) -> Patch {
    let image = &subject.image;
    let length = usize::try_from(size).unwrap_or(0);
    let [first, second] = [one, other].map(|start| subject.at(section, start));
    patch.writes.push((first, image.bytes[second..second + length].to_vec()));
    patch.writes.push((second, image.bytes[first..first + length].to_vec()));
    let moved = |offset: u64| {
        if (one..one + size).contains(&offset) {
            offset - one + other
        } else if (other..other + size).contains(&offset) {
            offset - other + one
        } else {
            offset
        }
    };
    let mut slots = BTreeMap::new();
    let mut entries = BTreeMap::new();
    for start in [one, other] {
        for rela in subject.relas_within(section, start, start + size) {
            let mut entry = image.bytes[rela.at..rela.at + RELA].to_vec();
            entry[..8].copy_from_slice(&moved(rela.offset).to_le_bytes());
            slots.insert((rela.offset, rela.at), rela.at);
            entries.insert((moved(rela.offset), rela.at), entry);
        }
    }
    patch.writes.extend(slots.into_values().zip(entries.into_values()));
    for index in &subject.symbols[section] {
        let symbol = &image.symbols[*index];
        if moved(symbol.value) != symbol.value {
            patch.writes.push((symbol.at + 8, moved(symbol.value).to_le_bytes().to_vec()));
        }
    }
    patch
}
