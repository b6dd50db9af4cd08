//! What the symbols of an object that functions and data refer to stand for.

use foldhash::{HashMap, HashMapExt as _};

use crate::manifest::Object;
use crate::name::{self, Stability};

use super::files::{Files, Scope};

/// Index of a function or of a data object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Means {
    Function(usize),
    Data(usize),
}

/// A symbol that something refers to.
#[derive(Debug)]
pub(super) struct Symbol<'a> {
    pub(super) name: &'a str,
    /// Visible in its own object only.
    pub(super) local: bool,
    /// Where the name holds.
    pub(super) scope: Scope,
    /// Whether no compiler had a hand in the name.
    pub(super) is_fixed: bool,
    /// The unit, where the object defines it and it is the only one of that name there.
    pub(super) means: Option<Means>,
}

/// The symbols of `object`, by their numbers; `scope` is that of a source file.
fn of(object: &Object, scope: impl Fn(Option<u32>) -> Scope) -> Vec<Symbol<'_>> {
    let units = Units::of(object);
    (0u32..)
        .map_while(|index| Some((index, object.symbol(index)?)))
        .map(|(index, (name, local))| {
            let file = object.symbol_file(index);
            let bytes = name.as_bytes();
            let is_fixed = name::stability(bytes, local) == Stability::Stable
                && name::base(bytes).len() == bytes.len();
            Symbol { name, local, scope: scope(file), is_fixed, means: units.find(file, name) }
        })
        .collect()
}

/// The symbols of both objects, in terms of the original's files.
pub(super) fn of_both<'a>(
    original: &'a Object,
    patched: &'a Object,
    files: &Files,
) -> (Vec<Symbol<'a>>, Vec<Symbol<'a>>) {
    rayon::join(|| of(original, Files::same), || of(patched, |file| files.original(file)))
}

/// Functions and data objects by file and name; none where several have it.
struct Units<'a>(HashMap<(Option<u32>, &'a str), Option<Means>>);

impl<'a> Units<'a> {
    fn of(object: &'a Object) -> Self {
        let functions = object.functions.iter().enumerate().flat_map(|(index, function)| {
            let names = std::iter::once(&function.name).chain(&function.aliases);
            names.map(move |name| ((function.file, name.as_str()), Means::Function(index)))
        });
        let data = object.data.iter().enumerate().filter_map(|(index, data)| {
            Some(((data.file, data.name.as_deref()?), Means::Data(index)))
        });
        let mut units = HashMap::new();
        for (name, means) in functions.chain(data) {
            units.entry(name).and_modify(|known| *known = None).or_insert(Some(means));
        }
        Self(units)
    }

    fn find(&self, file: Option<u32>, name: &str) -> Option<Means> {
        self.0.get(&(file, name)).copied().flatten()
    }
}
