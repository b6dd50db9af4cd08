//! Which Kbuild object each function of a linked object came from.
//!
//! A linked object says little about it: `FILE` symbols hold base names only, and with LTO some local
//! symbols stand before the first of them. The objects know what they define. What several define is
//! told apart by what stands beside it: local symbols behind one `FILE` symbol, or promoted with one
//! `.llvm.HASH`, come from one object, and the order of files is that of the link.

use std::collections::{BTreeMap, BTreeSet};

use object::read::elf::ElfFile64;
use object::{LittleEndian, Object as _, ObjectSymbol as _, SymbolKind};

use crate::elf::ElfError;
use crate::manifest::Object;
use crate::name;

/// What an object defines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Definitions {
    /// Its path in the build.
    pub object: String,
    /// Its symbols.
    pub symbols: Vec<Definition>,
}

/// A symbol that an object defines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: String,
    /// Where it is seen.
    pub binding: Binding,
}

/// Where a symbol is seen, and who wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binding {
    /// In its own object.
    Local,
    /// Everywhere, if no other object has a strong one.
    Weak,
    /// Everywhere.
    Strong,
}

impl Definitions {
    /// What the ELF object in `data` defines.
    pub fn of_elf(object: &str, data: &[u8]) -> Result<Self, ElfError> {
        let file = ElfFile64::<LittleEndian>::parse(data)?;
        let mut symbols = Vec::new();
        for symbol in file.symbols().filter(object::ObjectSymbol::is_definition) {
            let name = symbol.name_bytes()?;
            if matches!(symbol.kind(), SymbolKind::File | SymbolKind::Section) || name.is_empty() {
                continue;
            }
            let binding = match (symbol.is_local(), symbol.is_weak()) {
                (true, _) => Binding::Local,
                (false, true) => Binding::Weak,
                (false, false) => Binding::Strong,
            };
            symbols.push(Definition { name: String::from_utf8_lossy(name).into_owned(), binding });
        }
        Ok(Self { object: object.to_owned(), symbols })
    }
}

impl Object {
    /// Finds where the functions and data objects of this linked object come from. `definitions` are
    /// those of all objects that it was linked from, in the order of the link.
    pub fn attribute(&mut self, definitions: &[Definitions]) {
        self.origins = definitions.iter().map(|one| one.object.clone()).collect();
        let index = Index::of(definitions);
        let functions = self.functions.iter().map(|function| {
            let names = std::iter::once(&function.name).chain(&function.aliases);
            Item::of(names.map(String::as_str), function.file, &index)
        });
        let data = self
            .data
            .iter()
            .map(|data| Item::of(data.name.as_deref().into_iter(), data.file, &index));
        let mut items: Vec<Item> = functions.chain(data).collect();
        by_company(&mut items);
        by_order(&mut items);
        let mut found = items.into_iter().map(|item| item.only());
        for function in &mut self.functions {
            function.origin = found.next().flatten();
        }
        self.between_neighbours();
        for data in &mut self.data {
            data.origin = found.next().flatten();
        }
    }
}

impl Object {
    /// Code without a symbol comes from where the code on both sides of it comes from.
    fn between_neighbours(&mut self) {
        let known: Vec<Option<u32>> = self.functions.iter().map(|one| one.origin).collect();
        let mut next: Vec<Option<u32>> = known
            .iter()
            .rev()
            .scan(None, |last, origin| {
                *last = origin.or(*last);
                Some(*last)
            })
            .collect();
        next.reverse();
        let mut before = None;
        for ((function, own), after) in self.functions.iter_mut().zip(known).zip(next) {
            before = own.or(before);
            function.origin = own.or(before.filter(|before| after == Some(*before)));
        }
    }
}

/// The objects that define a name.
struct Index<'a> {
    locals: BTreeMap<&'a str, BTreeSet<u32>>,
    globals: BTreeMap<&'a str, (Binding, u32)>,
}

impl<'a> Index<'a> {
    fn of(definitions: &'a [Definitions]) -> Self {
        let mut index = Self { locals: BTreeMap::new(), globals: BTreeMap::new() };
        for (definitions, object) in definitions.iter().zip(0u32..) {
            for Definition { name, binding } in &definitions.symbols {
                if *binding == Binding::Local {
                    index.locals.entry(name).or_default().insert(object);
                    continue;
                }
                // The first strong one, else the first.
                let known = index.globals.entry(name).or_insert((*binding, object));
                if known.0 == Binding::Weak && *binding == Binding::Strong {
                    *known = (*binding, object);
                }
            }
        }
        index
    }

    fn local(&self, name: &str) -> BTreeSet<u32> {
        let promoted = name.split_once(".llvm.").map_or(name, |(own, _)| own);
        let exact = [name, promoted].into_iter().find_map(|name| self.locals.get(name));
        if let Some(exact) = exact {
            return exact.clone();
        }
        // Clones and parts that the compiler made after bitcode was written: `foo.cold`, `foo.2`.
        let base = name::base(promoted.as_bytes());
        let base = std::str::from_utf8(&base).unwrap_or(promoted);
        let shorter = std::iter::successors(Some(base), |name| {
            name.rsplit_once('.').map(|(shorter, _)| shorter).filter(|name| !name.is_empty())
        });
        for name in shorter {
            if let Some(found) = self.locals.get(name) {
                return found.clone();
            }
            if let Some((_, object)) = self.globals.get(name) {
                return BTreeSet::from([*object]);
            }
        }
        BTreeSet::new()
    }

    fn global(&self, name: &str) -> BTreeSet<u32> {
        match self.globals.get(name) {
            Some((_, object)) => BTreeSet::from([*object]),
            // Made global for another unit.
            None => self.local(name),
        }
    }
}

/// A function or data object, and the objects that may define it.
struct Item {
    candidates: BTreeSet<u32>,
    /// What comes from one object: a run of local symbols, or the hash of a unit.
    company: Option<Company>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Company {
    File(u32),
    Unit(String),
}

impl Item {
    fn of<'n>(names: impl Iterator<Item = &'n str>, file: Option<u32>, index: &Index<'_>) -> Self {
        let mut item = Self { candidates: BTreeSet::new(), company: file.map(Company::File) };
        for name in names {
            if let Some((_, hash)) = name.split_once(".llvm.") {
                item.company = Some(Company::Unit(hash.to_owned()));
            }
            let defined = if file.is_some() { index.local(name) } else { index.global(name) };
            if item.candidates.is_empty() {
                item.candidates = defined;
            } else if !defined.is_disjoint(&item.candidates) {
                item.candidates.retain(|object| defined.contains(object));
            }
        }
        item
    }

    fn only(&self) -> Option<u32> {
        let mut all = self.candidates.iter();
        all.next().copied().filter(|_| all.next().is_none())
    }

    fn choose(&mut self, object: u32) {
        if self.candidates.contains(&object) {
            self.candidates = BTreeSet::from([object]);
        }
    }
}

/// The object that most of what is together may come from, if there is one such.
fn by_company(items: &mut [Item]) {
    let mut votes: BTreeMap<Company, BTreeMap<u32, usize>> = BTreeMap::new();
    for item in items.iter() {
        let Some(company) = &item.company else { continue };
        let votes = votes.entry(company.clone()).or_default();
        for object in &item.candidates {
            let votes = votes.entry(*object).or_default();
            *votes = votes.saturating_add(1);
        }
    }
    for item in items.iter_mut().filter(|item| item.candidates.len() > 1) {
        let Some(votes) = item.company.as_ref().and_then(|company| votes.get(company)) else {
            continue;
        };
        let most = votes.values().copied().max().unwrap_or(0);
        let best: BTreeSet<u32> =
            votes.iter().filter(|(_, votes)| **votes == most).map(|(object, _)| *object).collect();
        if !best.is_disjoint(&item.candidates) {
            item.candidates.retain(|object| best.contains(object));
        }
    }
}

/// Files are in the order of the link: one whose neighbours are known comes from between their objects.
fn by_order(items: &mut [Item]) {
    let mut known: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for item in items.iter() {
        if let (Some(Company::File(file)), Some(object)) = (&item.company, item.only()) {
            known.entry(*file).or_default().insert(object);
        }
    }
    let known: BTreeMap<u32, u32> = known
        .into_iter()
        .filter_map(|(file, objects)| match objects.len() {
            1 => Some((file, objects.into_iter().next()?)),
            _ => None,
        })
        .collect();
    for item in items.iter_mut().filter(|item| item.candidates.len() > 1) {
        let Some(Company::File(file)) = item.company else { continue };
        let before = known.range(..file).next_back().map(|(_, object)| *object);
        let after =
            known.range(file..).find(|(other, _)| **other > file).map(|(_, object)| *object);
        let between = |object: &&u32| {
            before.is_none_or(|before| before <= **object)
                && after.is_none_or(|after| **object <= after)
        };
        let possible: Vec<u32> = item.candidates.iter().filter(between).copied().collect();
        if let [only] = possible.as_slice() {
            item.choose(*only);
        }
    }
}
