//! Records of what was digested.

use std::borrow::Cow;

use rayon::prelude::*;

use foldhash::{HashMap, HashMapExt as _};

use crate::checksum::{DataChecksum, Digest, FunctionChecksums, ReferentId, zeroed};
use crate::elf::{Definition, ElfObject, Place, Section, Symbol, SymbolId};
use crate::ids::List;
use crate::layout::{self, Layout};
use crate::lists::{Lists, Strings};
use crate::meaning;

use super::{DataObjects, Functions, ManifestData, ManifestObject, Stand, SymbolNames};

/// How many records are made together.
const TOGETHER: usize = 1024;

impl ManifestObject {
    pub(crate) fn from_checksums(
        elf: &ElfObject<'_>,
        layout: &Layout,
        functions: FunctionChecksums,
        data: Vec<DataChecksum>,
        object: &str,
        linked: Option<&str>,
    ) -> Self {
        let (names, (symbols, data)) = rayon::join(
            || SymbolColumns::of(elf, layout),
            || {
                let symbols = SymbolTable::of(elf, &functions, &data);
                let parts = data.into_par_iter().fold_chunks(
                    TOGETHER,
                    DataObjects::default,
                    |mut part, data| {
                        symbols.add(elf, layout, &data, &mut part);
                        part
                    },
                );
                let mut parts: Vec<DataObjects> = parts.collect();
                parts.push(without_section(elf));
                (symbols, DataObjects::concat(&parts))
            },
        );
        let numbered = |references: Lists<_>| references.map(|it| symbols.number(it));
        let why = |digest: &Result<_, String>| digest.as_ref().err().cloned().unwrap_or_default();
        Self {
            object: object.to_owned(),
            linked: linked.map(str::to_owned),
            function_symbols: elf.function_symbols(),
            files: elf.files.iter().map(|name| lossy(name).into_owned()).collect(),
            functions: Functions {
                origins: vec![None; names.files.len()],
                names: names.names,
                files: names.files,
                aliases: names.aliases,
                parts: names.parts,
                refused: functions.digests.iter().map(why).collect(),
                checksums: functions.digests.into_iter().map(Result::ok).collect(),
                kinds: functions.kinds,
                references: numbered(functions.references),
                behind: numbered(functions.behind),
            },
            data,
            globals: symbols.globals,
            locals: symbols.locals,
            local_files: symbols.local_files,
            local_ranks: symbols.local_ranks,
            ..Self::default()
        }
    }
}

/// Nearly all names are ASCII, and checking that is faster than looking for what is not UTF-8.
fn lossy(name: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(name) {
        Ok(name) => Cow::Borrowed(name),
        Err(_) => String::from_utf8_lossy(name),
    }
}

fn text<'data>(symbol: &Symbol<'data>) -> Cow<'data, str> {
    lossy(symbol.name)
}

/// Numbers the symbols that functions refer to, global ones first.
struct SymbolTable {
    globals: Strings,
    locals: Strings,
    local_files: Vec<Option<u32>>,
    local_ranks: Vec<u32>,
    /// Of the object's symbols.
    numbers: List<SymbolId, Option<u32>>,
    /// The places in memory without a symbol that are used, sorted; they come last.
    places: Vec<ReferentId>,
}

impl SymbolTable {
    fn of(elf: &ElfObject<'_>, functions: &FunctionChecksums, data: &[DataChecksum]) -> Self {
        let mut used: List<SymbolId, bool> = elf.symbols.alongside();
        let of_functions = [&functions.references, &functions.behind];
        let of_functions = of_functions.into_iter().flat_map(Lists::items);
        let mut places = Vec::new();
        for symbol in of_functions.chain(data.iter().flat_map(|data| &data.references)) {
            match symbol.symbol(elf) {
                Some(symbol) => used[symbol] = true,
                None => places.push(*symbol),
            }
        }
        places.sort_unstable();
        places.dedup();
        let mut numbers: List<SymbolId, Option<u32>> = elf.symbols.alongside();
        let mut next = 0u32..;
        let mut of_scope = |local: bool| -> Vec<&Symbol<'_>> {
            let all = elf.symbols.iter().zip(&used).zip(&mut numbers);
            let own = all.filter(|((symbol, used), _)| **used && symbol.local == local);
            own.map(|((symbol, _), number)| {
                *number = next.next();
                symbol
            })
            .collect()
        };
        let (globals, locals) = (of_scope(false), of_scope(true));
        let texts = |symbols: &[&Symbol<'_>]| symbols.iter().map(|symbol| text(symbol)).collect();
        let (global_names, local_names): (Strings, Strings) =
            rayon::join(|| texts(&globals), || texts(&locals));
        let unnamed: Strings = places.iter().map(|_| "").collect();
        let files = locals.iter().map(|symbol| symbol.file);
        Self {
            globals: global_names,
            locals: Strings::concat([&local_names, &unnamed].into_iter()),
            local_files: files.chain(places.iter().map(|_| None)).collect(),
            local_ranks: ranks(elf, &locals),
            numbers,
            places,
        }
    }

    /// The number of a symbol, or of a place without one, that is used.
    fn number(&self, referent: ReferentId) -> u32 {
        let known =
            self.numbers.checked(referent.number() as usize).and_then(|it| self.numbers[it]);
        let place = || {
            let place = self.places.binary_search(&referent).ok()?;
            let symbols = self.globals.len().checked_add(self.locals.len())?;
            u32::try_from(symbols.checked_sub(self.places.len())?.checked_add(place)?).ok()
        };
        known.or_else(place).unwrap_or(u32::MAX)
    }

    fn add(
        &self,
        elf: &ElfObject<'_>,
        layout: &Layout,
        data: &DataChecksum,
        all: &mut DataObjects,
    ) {
        let span = data.span.map(|span| layout.span(span));
        let symbol = span.and_then(|span| Some(elf.symbol(span.symbol?)));
        let name = symbol.map(text);
        let section = elf.section(data.section).name_lossy();
        let aliases: String =
            span.into_iter().flat_map(|span| aliases(elf, layout, span)).collect();
        let references: Vec<u32> = data.references.iter().map(|it| self.number(*it)).collect();
        all.push(ManifestData {
            name: name.as_deref(),
            aliases: SymbolNames::new(&aliases),
            stand: Stand::of(elf, layout, data),
            section: &section,
            file: symbol.and_then(|symbol| symbol.file),
            origin: None,
            checksum: data.digest.as_ref().ok().copied(),
            refused: data.digest.as_ref().err().map(String::as_str),
            references: &references,
        });
    }
}

/// Section and offset of each symbol of one name.
type SymbolPlaces = Vec<Place>;

/// Of each of `locals` 0 where it is the only one of its name and file, else its number among them by place, from 1;
/// empty where all are the only ones.
fn ranks(elf: &ElfObject<'_>, locals: &[&Symbol<'_>]) -> Vec<u32> {
    let mut places: HashMap<(Option<u32>, &[u8]), SymbolPlaces> = HashMap::new();
    for symbol in locals {
        places.entry((symbol.file, symbol.name)).or_default();
    }
    for symbol in elf.symbols.iter().filter(|symbol| symbol.local) {
        if let Definition::Section(section) = symbol.place
            && let Some(places) = places.get_mut(&(symbol.file, symbol.name))
        {
            places.push(section.at(symbol.value));
        }
    }
    for places in places.values_mut() {
        places.sort_unstable();
        places.dedup();
    }
    if places.values().all(|places| places.len() < 2) {
        return Vec::new();
    }
    let rank = |symbol: &&Symbol<'_>| {
        let Definition::Section(section) = symbol.place else { return 0 };
        let same = places.get(&(symbol.file, symbol.name)).map(Vec::as_slice).unwrap_or_default();
        let before = same.partition_point(|at| *at < section.at(symbol.value));
        let is_only = same.len() < 2;
        if is_only { 0 } else { u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1) }
    };
    locals.iter().map(rank).collect()
}

/// The other names of the data object `span`, each with a NUL behind it.
fn aliases<'a>(
    elf: &'a ElfObject<'_>,
    layout: &'a Layout,
    span: &'a layout::Span,
) -> impl Iterator<Item = String> + 'a {
    let symbols = layout.data_symbols(span.section, span.start).iter();
    let others = symbols.filter(move |index| Some(**index) != span.symbol);
    let symbols = others.map(|index| elf.symbol(*index));
    symbols.map(|symbol| format!("{}\0", text(symbol)))
}

/// Globals that are in no section: tentative definitions and numbers.
fn without_section(elf: &ElfObject<'_>) -> DataObjects {
    let own = elf.symbols.iter().filter(|symbol| !symbol.local && !is_version(symbol));
    let mut all = DataObjects::default();
    for symbol in own {
        let (section, value, has) = match symbol.place {
            Definition::Common => ("COMMON", symbol.size, symbol.value),
            Definition::Absolute => ("ABS", symbol.value, 1),
            _ => continue,
        };
        let align = u8::try_from(has.trailing_zeros()).unwrap_or(0);
        let stand =
            Stand { asks: align, has: align, writable: section == "COMMON", ..Stand::default() };
        let checksum = match symbol.place {
            Definition::Common => zeroed(value),
            _ => Digest::of(&[section.as_bytes(), &value.to_le_bytes()].concat()),
        };
        let name = text(symbol);
        all.push(ManifestData {
            name: Some(&name),
            section,
            stand,
            checksum: Some(checksum),
            ..ManifestData::default()
        });
    }
    all
}

/// The versions of exported symbols, which describe them to the module loader (rule `exports`).
fn is_version(symbol: &Symbol<'_>) -> bool {
    symbol.name.starts_with(b"__crc_")
}

impl Stand {
    fn of(elf: &ElfObject<'_>, layout: &Layout, data: &DataChecksum) -> Self {
        let section = elf.section(data.section);
        let power = |number: u64| u8::try_from(number.trailing_zeros()).unwrap_or(u8::MAX);
        let whole = power(section.align.max(1));
        let mut stand = Self {
            offset: data.start,
            asks: 0,
            has: whole.min(power(data.start)),
            // Of several objects that were linked, any other one may have asked.
            may_ask: if power(data.start) >= whole && elf.files.len() < 2 { whole } else { 0 },
            writable: section.is_writable(),
            in_table: meaning::is_linker_table(section),
        };
        let Some(span) = data.span.map(|span| layout.span(span)) else { return stand };
        let before = layout.end_before(span.section, span.start);
        stand.asks = match layout.of_section(span.section) {
            [_] if before.is_none() && span.end == section.size => whole,
            // What stands behind room that nothing fills is aligned by at least that. Between objects that were
            // linked, the alignment is that of all of an object.
            _ if elf.files.len() < 2 => before
                .filter(|end| is_room(section, *end, span.start))
                .map_or(0, |end| least(end, span.start)),
            _ => 0,
        };
        stand.asks = stand.asks.min(stand.has);
        stand
    }
}

/// Whether nothing but zeros fills `section` from `start` to `end`.
fn is_room(section: &Section<'_>, start: u64, end: u64) -> bool {
    let bytes = section.in_file(start, end);
    bytes.iter().all(|byte| *byte == 0) && section.relocs.within(start, end).next().is_none()
}

/// The smallest power of 2 by which what follows `end` comes to stand at `start`.
fn least(end: u64, start: u64) -> u8 {
    let comes_to = |power: &u8| end.checked_next_multiple_of(1 << *power) == Some(start);
    (0..32).find(comes_to).unwrap_or(0)
}

/// What the symbols of functions say.
#[derive(Default)]
struct SymbolColumns {
    names: Strings,
    files: Vec<Option<u32>>,
    aliases: Strings,
    parts: Strings,
}

impl SymbolColumns {
    fn of(elf: &ElfObject<'_>, layout: &Layout) -> Self {
        let functions = layout.functions.as_slice().par_chunks(TOGETHER);
        let shares: Vec<Self> = functions
            .map(|functions| {
                let mut share = Self::default();
                for function in functions {
                    share.add(elf, layout, function);
                }
                share
            })
            .collect();
        Self {
            names: Strings::concat(shares.iter().map(|share| &share.names)),
            files: shares.iter().flat_map(|share| &share.files).copied().collect(),
            aliases: Strings::concat(shares.iter().map(|share| &share.aliases)),
            parts: Strings::concat(shares.iter().map(|share| &share.parts)),
        }
    }

    fn add(&mut self, elf: &ElfObject<'_>, layout: &Layout, function: &layout::Function) {
        let (symbol, aliases) = match function.symbols.as_slice() {
            [symbol, aliases @ ..] => (Some(elf.symbol(*symbol)), aliases),
            [] => (None, &[][..]),
        };
        match symbol {
            Some(symbol) => self.names.push(&text(symbol)),
            None => self.names.push(&unnamed(elf, layout, function)),
        }
        self.files.push(symbol.and_then(|symbol| symbol.file));
        for (names, symbols) in
            [(&mut self.aliases, aliases), (&mut self.parts, &*function.part_symbols)]
        {
            for symbol in symbols.iter().map(|symbol| elf.symbol(*symbol)) {
                names.extend(&text(symbol));
                names.extend("\0");
            }
            names.end();
        }
    }
}

/// A name for code that no symbol covers: its section, and its place for people. Correlation goes by
/// the section only.
fn unnamed(elf: &ElfObject<'_>, layout: &Layout, function: &layout::Function) -> String {
    let span = layout.span(function.body);
    format!("{}+{:#x}", elf.section(span.section).name_lossy(), span.start)
}
