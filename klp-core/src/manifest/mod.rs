//! The digests of one or many objects, as they are kept in a file.

mod file;
mod kept;

use std::sync::Arc;

use bitcode::{Decode, Encode};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::checksum::{Analysis, Checksum, Checksums, DataChecksum, Digest, Digested, Kind};
use crate::elf::{ElfError, ElfObject, Section, Symbol};
use crate::input::Input;
use crate::layout::{self, Layout};

pub use crate::checksum::Short;
pub use file::{FORMAT_VERSION, ManifestError, is_manifest};

/// The digests of a set of objects.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// In the order in which they were given. Those that a patch leaves alone are shared by both builds.
    pub objects: Vec<Arc<Object>>,
}

impl FromIterator<Object> for Manifest {
    fn from_iter<T: IntoIterator<Item = Object>>(objects: T) -> Self {
        Self { objects: objects.into_iter().map(Arc::new).collect() }
    }
}

/// The digests of one object.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
pub struct Object {
    /// Its path in the build, `fs/proc/meminfo.o`, or the path it was given by.
    pub object: String,
    /// What it is linked into: `vmlinux`, or a module such as `fs/ext4/ext4`.
    pub linked: Option<String>,
    /// How many function symbols it defines, aliases and parts of functions included.
    pub function_symbols: usize,
    /// Source files that its local symbols come from, in symbol-table order. Base names only.
    pub files: Vec<String>,
    /// Global symbols that its functions refer to, then the local ones; see [`Object::symbol`].
    pub globals: Vec<String>,
    /// See `globals`.
    pub locals: Vec<String>,
    /// Index into `files` of each of `locals`.
    #[serde(default)]
    pub local_files: Vec<Option<u32>>,
    /// The objects that it was linked from, where that is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<String>,
    /// The digest of the whole file, if something in it was refused: in the same file nothing changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Digest>,
    /// Its functions, by place.
    #[serde(skip)]
    pub functions: Vec<Function>,
    /// Its data, by place.
    #[serde(skip)]
    pub data: Vec<Data>,
}

impl Object {
    /// Index into [`Object::files`] of the symbol behind an index of [`Function::references`]; none for
    /// global ones.
    #[must_use]
    pub fn symbol_file(&self, index: u32) -> Option<u32> {
        let local = (index as usize).checked_sub(self.globals.len())?;
        self.local_files.get(local).copied().flatten()
    }

    /// The Kbuild object that something of this object comes from: itself, unless it was linked.
    #[must_use]
    pub fn origin(&self, index: Option<u32>) -> &str {
        let origin = index.and_then(|index| self.origins.get(index as usize));
        origin.unwrap_or(&self.object)
    }

    /// The name and scope (true: local) behind an index of [`Function::references`].
    #[must_use]
    pub fn symbol(&self, index: u32) -> Option<(&str, bool)> {
        let index = index as usize;
        match index.checked_sub(self.globals.len()) {
            None => Some((self.globals.get(index)?, false)),
            Some(index) => Some((self.locals.get(index)?, true)),
        }
    }
}

/// The digest of a function, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
pub struct Function {
    /// Its preferred name.
    pub name: String,
    /// Index into [`Object::files`]; none for global functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// Index into [`Object::origins`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<u32>,
    /// Other names for the same code.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Symbols of its cold parts and its prefix.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<String>,
    /// Over everything it does and reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Digest>,
    /// Why it has no checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Short digests of each kind of content, to tell which kind differs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<(Kind, Short)>,
    /// Symbols that it refers to, as [`Object::symbol`] knows them, in the order of their first use.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<u32>,
    /// Symbols that the unnamed data behind it refers to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub behind: Vec<u32>,
}

/// The digest of a data object, or why there is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[serde(rename_all = "kebab-case")]
pub struct Data {
    /// Its name; none for what neither has one nor is referred to.
    pub name: Option<String>,
    /// Name of its section.
    pub section: String,
    /// Index into [`Object::files`]; none for global data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<u32>,
    /// Index into [`Object::origins`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<u32>,
    /// Over its content and the unnamed data that it leads to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<Digest>,
    /// Why it has no checksum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// Symbols that it and the unnamed data behind it refer to, as [`Object::symbol`] knows them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<u32>,
}

impl Object {
    /// Digests the object in `data`. `object` and `linked` are taken over as they are.
    pub fn of(data: &[u8], object: &str, linked: Option<&str>) -> Result<Self, ElfError> {
        Ok(Self::digested(data, object, linked, || ())?.0)
    }

    /// Digests an object file, and keeps what it takes to tell later where a function differs from another
    /// version. It has less of it in memory than [`Object::of`].
    pub fn of_input<'data>(
        input: &'data Input,
        object: &str,
        linked: Option<&str>,
    ) -> Result<(Self, Digested<'data>), ElfError> {
        Self::digested(input, object, linked, || input.give_back())
    }

    fn digested<'data>(
        data: &'data [u8],
        object: &str,
        linked: Option<&str>,
        give_back: impl Fn(),
    ) -> Result<(Self, Digested<'data>), ElfError> {
        let analysis = Analysis::of(data)?;
        give_back();
        let Checksums { functions, data: of_data, boundaries } =
            analysis.checksums_and_rests(&give_back);
        // What only digests need is given back before there is a record of each.
        let Analysis { mut elf, layout, .. } = analysis;
        elf.forget_relocs();
        give_back();
        let object = Self::from_checksums(&elf, &layout, functions, of_data, object, linked);
        Ok((object.with_content(data), Digested::known(data, boundaries)))
    }

    /// The same as [`Object::of_input`], for one that will be asked: it keeps the analysis, too.
    pub fn digest<'data>(
        data: &'data [u8],
        object: &str,
        linked: Option<&str>,
    ) -> Result<(Self, Digested<'data>), ElfError> {
        let analysis = Analysis::of(data)?;
        let Checksums { functions, data: of_data, boundaries } = analysis.checksums();
        let Analysis { elf, layout, .. } = &analysis;
        let object = Self::from_checksums(elf, layout, functions, of_data, object, linked);
        Ok((object.with_content(data), Digested::known(data, boundaries).with(analysis)))
    }

    /// With the digest of the whole file, where something in it has none.
    fn with_content(mut self, data: &[u8]) -> Self {
        let mut refused = self.functions.iter().map(|function| &function.refused);
        let is_refused = refused.any(Option::is_some);
        if is_refused || self.data.iter().any(|data| data.refused.is_some()) {
            self.content = Some(Digest::of(data));
        }
        self
    }

    pub(crate) fn from_checksums(
        elf: &ElfObject<'_>,
        layout: &Layout,
        functions: Vec<Result<Checksum, String>>,
        data: Vec<DataChecksum>,
        object: &str,
        linked: Option<&str>,
    ) -> Self {
        let symbols = SymbolTable::of(elf, functions.iter().flatten(), &data);
        let functions: Vec<Function> = layout
            .functions
            .par_iter()
            .zip(functions)
            .with_min_len(256)
            .map(|(function, outcome)| symbols.function((elf, layout), function, outcome))
            .collect();
        let data = data
            .into_par_iter()
            .with_min_len(256)
            .map(|data| {
                let span = data.span.and_then(|span| layout.span(span));
                let symbol = span.and_then(|span| elf.symbol(span.symbol?));
                let section = elf.section(data.section).map(Section::name_lossy);
                let (checksum, refused) = split(data.digest);
                Data {
                    name: symbol.map(text),
                    section: section.unwrap_or_default().into_owned(),
                    file: symbol.and_then(|symbol| symbol.file),
                    origin: None,
                    checksum,
                    refused,
                    references: symbols.number(data.references),
                }
            })
            .collect();
        Self {
            object: object.to_owned(),
            linked: linked.map(str::to_owned),
            function_symbols: elf.function_symbols(),
            files: elf.files.iter().map(|name| lossy(name)).collect(),
            globals: symbols.globals,
            locals: symbols.locals,
            local_files: symbols.local_files,
            origins: Vec::new(),
            content: None,
            functions,
            data,
        }
    }
}

fn split<T, E>(result: Result<T, E>) -> (Option<T>, Option<E>) {
    match result {
        Ok(value) => (Some(value), None),
        Err(error) => (None, Some(error)),
    }
}

/// Nearly all names are ASCII, and checking that is faster than looking for what is not UTF-8.
fn lossy(name: &[u8]) -> String {
    match std::str::from_utf8(name) {
        Ok(name) => name.to_owned(),
        Err(_) => String::from_utf8_lossy(name).into_owned(),
    }
}

fn text(symbol: &Symbol<'_>) -> String {
    lossy(symbol.name)
}

/// Numbers the symbols that functions refer to, global ones first.
struct SymbolTable {
    globals: Vec<String>,
    locals: Vec<String>,
    local_files: Vec<Option<u32>>,
    /// By index in the object.
    numbers: Vec<Option<u32>>,
}

impl SymbolTable {
    fn of<'a>(
        elf: &ElfObject<'_>,
        checksums: impl Iterator<Item = &'a Checksum>,
        data: &[DataChecksum],
    ) -> Self {
        let mut used = vec![false; elf.symbols.len()];
        let of_data = data.iter().flat_map(|data| &data.references);
        let of_functions =
            checksums.flat_map(|checksum| checksum.references.iter().chain(&checksum.behind));
        for symbol in of_functions.chain(of_data) {
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
        let texts = |symbols: &[&Symbol<'_>]| -> Vec<String> {
            symbols.par_iter().with_min_len(1024).map(|symbol| text(symbol)).collect()
        };
        Self {
            globals: texts(&globals),
            locals: texts(&locals),
            local_files: locals.iter().map(|symbol| symbol.file).collect(),
            numbers,
        }
    }

    fn number(&self, symbols: Vec<u32>) -> Vec<u32> {
        let number = |symbol: u32| self.numbers.get(symbol as usize).copied().flatten();
        symbols.into_iter().filter_map(number).collect()
    }

    fn function(
        &self,
        (elf, layout): (&ElfObject<'_>, &Layout),
        function: &layout::Function,
        outcome: Result<Checksum, String>,
    ) -> Function {
        let names = |symbols: &[u32]| -> Vec<String> {
            symbols.iter().filter_map(|symbol| elf.symbol(*symbol)).map(text).collect()
        };
        let (symbol, aliases) = match function.symbols.as_slice() {
            [symbol, aliases @ ..] => (elf.symbol(*symbol), names(aliases)),
            [] => (None, Vec::new()),
        };
        let name = symbol.map_or_else(|| unnamed(elf, layout, function), text);
        let (checksum, refused) = split(outcome);
        let mut record = Function {
            name,
            file: symbol.and_then(|symbol| symbol.file),
            origin: None,
            aliases,
            parts: names(&function.part_symbols),
            checksum: None,
            refused,
            kinds: Vec::new(),
            references: Vec::new(),
            behind: Vec::new(),
        };
        if let Some(checksum) = checksum {
            record.checksum = Some(checksum.digest);
            record.kinds = checksum.kinds;
            record.references = self.number(checksum.references);
            record.behind = self.number(checksum.behind);
        }
        record
    }
}

/// A name for code that no symbol covers: its section, and its place for people. Correlation goes by
/// the section only.
fn unnamed(elf: &ElfObject<'_>, layout: &Layout, function: &layout::Function) -> String {
    let span = layout.span(function.body);
    let section = span.and_then(|span| elf.section(span.section)).map(Section::name_lossy);
    format!("{}+{:#x}", section.unwrap_or_default(), span.map_or(0, |span| span.start))
}
