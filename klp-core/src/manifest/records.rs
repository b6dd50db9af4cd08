//! Records of what was digested.

use std::borrow::Cow;

use rayon::prelude::*;

use crate::checksum::{DataChecksum, FunctionChecksums};
use crate::elf::{ElfObject, Section, Symbol};
use crate::layout::{self, Layout};
use crate::lists::{Lists, Strings};

use super::{Data, DataObjects, Functions, Object};

/// How many records are made together.
const TOGETHER: usize = 1024;

impl Object {
    pub(crate) fn from_checksums(
        elf: &ElfObject<'_>,
        layout: &Layout,
        mut functions: FunctionChecksums,
        data: Vec<DataChecksum>,
        object: &str,
        linked: Option<&str>,
    ) -> Self {
        let (names, (symbols, data)) = rayon::join(
            || Named::of(elf, layout),
            || {
                let symbols = SymbolTable::of(elf, &functions, &data);
                let parts = data.into_par_iter().fold_chunks(
                    TOGETHER,
                    DataObjects::default,
                    |mut part, data| {
                        symbols.add(elf, layout, data, &mut part);
                        part
                    },
                );
                let data = DataObjects::concat(&parts.collect::<Vec<_>>());
                (symbols, data)
            },
        );
        for references in [&mut functions.references, &mut functions.behind] {
            for symbol in references.items_mut() {
                *symbol = symbols.number(*symbol);
            }
        }
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
                references: functions.references,
                behind: functions.behind,
            },
            data,
            globals: symbols.globals,
            locals: symbols.locals,
            local_files: symbols.local_files,
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
    /// By index in the object.
    numbers: Vec<Option<u32>>,
}

impl SymbolTable {
    fn of(elf: &ElfObject<'_>, functions: &FunctionChecksums, data: &[DataChecksum]) -> Self {
        let mut used = vec![false; elf.symbols.len()];
        let of_functions = [&functions.references, &functions.behind];
        let of_functions = of_functions.into_iter().flat_map(Lists::items);
        for symbol in of_functions.chain(data.iter().flat_map(|data| &data.references)) {
            if let Some(used) = used.get_mut(*symbol as usize) {
                *used = true;
            }
        }
        let mut numbers = vec![None; used.len()];
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
        let (global_names, local_names) = rayon::join(|| texts(&globals), || texts(&locals));
        Self {
            globals: global_names,
            locals: local_names,
            local_files: locals.iter().map(|symbol| symbol.file).collect(),
            numbers,
        }
    }

    /// The number of a symbol that is used.
    fn number(&self, symbol: u32) -> u32 {
        self.numbers.get(symbol as usize).copied().flatten().unwrap_or(u32::MAX)
    }

    fn add(
        &self,
        elf: &ElfObject<'_>,
        layout: &Layout,
        mut data: DataChecksum,
        all: &mut DataObjects,
    ) {
        let span = data.span.and_then(|span| layout.span(span));
        let symbol = span.and_then(|span| elf.symbol(span.symbol?));
        let name = symbol.map(text);
        let section = elf.section(data.section).map(Section::name_lossy);
        for symbol in &mut data.references {
            *symbol = self.number(*symbol);
        }
        all.push(Data {
            name: name.as_deref(),
            section: section.as_deref().unwrap_or_default(),
            file: symbol.and_then(|symbol| symbol.file),
            origin: None,
            checksum: data.digest.as_ref().ok().copied(),
            refused: data.digest.as_ref().err().map(String::as_str),
            references: &data.references,
        });
    }
}

/// What the symbols of functions say.
#[derive(Default)]
struct Named {
    names: Strings,
    files: Vec<Option<u32>>,
    aliases: Strings,
    parts: Strings,
}

impl Named {
    fn of(elf: &ElfObject<'_>, layout: &Layout) -> Self {
        let functions = layout.functions.par_chunks(TOGETHER);
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
            [symbol, aliases @ ..] => (elf.symbol(*symbol), aliases),
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
            for symbol in symbols.iter().filter_map(|symbol| elf.symbol(*symbol)) {
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
    let section = span.and_then(|span| elf.section(span.section)).map(Section::name_lossy);
    format!("{}+{:#x}", section.unwrap_or_default(), span.map_or(0, |span| span.start))
}
