//! Which source files a place in a linked object can come from.

use crate::elf::{Definition, ElfObject, SectionId, SymbolKind};
use crate::ids::List;

/// Source files, as [`crate::elf::Symbol::file`] numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SymbolFiles {
    /// Nothing is known.
    Any,
    /// This one, as a local symbol says.
    File(u32),
    /// One of these, as the local symbols around say.
    Between(u32, u32),
}

impl SymbolFiles {
    /// Whether a local symbol of `file` is out of reach. It must be certain where data is known by its
    /// content only.
    pub(crate) fn excludes(self, file: Option<u32>, certain: bool) -> bool {
        match (self, file) {
            (Self::File(own), Some(file)) => own != file,
            (Self::Between(first, last), Some(file)) => !certain && !(first..=last).contains(&file),
            _ => false,
        }
    }

    /// Whether both can be one file.
    pub(crate) fn may_be(self, other: Self) -> bool {
        let files = |origin: Self| match origin {
            Self::Any => (0, u32::MAX),
            Self::File(file) => (file, file),
            Self::Between(first, last) => (first, last),
        };
        let ((first, last), (from, to)) = (files(self), files(other));
        first <= to && from <= last
    }
}

/// The source files of an object's local symbols, by place.
#[derive(Debug, Default)]
pub(crate) struct FilesByPlace {
    /// For each section, offsets and files.
    sections: List<SectionId, FilesOfSection>,
}

#[derive(Debug, Default, Clone)]
struct FilesOfSection {
    sorted: Vec<(u64, u32)>,
    /// Whether files follow each other in the order of the symbol table, as linkers put them.
    in_order: bool,
}

impl FilesByPlace {
    /// Reads the local symbols of `elf`.
    pub(crate) fn of(elf: &ElfObject<'_>) -> Self {
        let mut sections: List<SectionId, FilesOfSection> = elf.sections.alongside();
        if elf.files.len() < 2 {
            return Self { sections };
        }
        for symbol in &elf.symbols {
            if let (Definition::Section(section), Some(file)) = (symbol.place, symbol.file)
                && symbol.kind != SymbolKind::Section
            {
                sections[section].sorted.push((symbol.value, file));
            }
        }
        for labels in &mut sections {
            labels.sorted.sort_unstable();
            labels.in_order = labels.sorted.is_sorted_by_key(|(_, file)| *file);
        }
        Self { sections }
    }

    /// Where the code or data at `offset` of `section` comes from.
    pub(crate) fn at(&self, section: SectionId, offset: u64) -> SymbolFiles {
        let labels = &self.sections[section];
        let after = labels.sorted.partition_point(|(at, _)| *at <= offset);
        let before = after.checked_sub(1).and_then(|before| labels.sorted.get(before));
        match before {
            Some((at, file)) if *at == offset => SymbolFiles::File(*file),
            _ if !labels.in_order => SymbolFiles::Any,
            _ => SymbolFiles::Between(
                before.map_or(0, |(_, file)| *file),
                labels.sorted.get(after).map_or(u32::MAX, |(_, file)| *file),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn between_two_files_both_are_possible() {
        let labels = FilesOfSection { sorted: vec![(0, 1), (16, 1), (32, 4)], in_order: true };
        let origins = FilesByPlace { sections: List::from(vec![labels]) };
        let excludes =
            |offset, file| origins.at(SectionId::known(0), offset).excludes(Some(file), false);
        assert!(excludes(8, 0) && !excludes(8, 1) && excludes(8, 2));
        assert!(!excludes(24, 1) && !excludes(24, 3) && !excludes(24, 4) && excludes(24, 5));
        assert!(!excludes(99, 7) && excludes(99, 3));
        assert!(!origins.at(SectionId::known(0), 24).excludes(Some(5), true), "only likely");
    }

    #[test]
    fn a_local_symbol_is_certain() {
        let labels = FilesOfSection { sorted: vec![(0, 1), (16, 5), (32, 4)], in_order: false };
        let origins = FilesByPlace { sections: List::from(vec![labels]) };
        assert!(origins.at(SectionId::known(0), 16).excludes(Some(4), true));
        assert!(!origins.at(SectionId::known(0), 16).excludes(Some(5), false));
        assert_eq!(origins.at(SectionId::known(0), 8), SymbolFiles::Any);
    }
}
