//! Where the code of a function has gone: into which functions it was inlined, which clones there are of it, what
//! shares its address, and who calls what is left of it.
//!
//! Debug information and symbols tell it, so the compiler need not be asked.

mod callers;
mod copies;

use std::collections::BTreeSet;

use crate::debug::{
    CodeStretch, DebugInfo, Declaration, InlinedSubroutine, InlinedSubroutineId, SourceLine,
    Subprogram,
};
use crate::elf::ElfError;
use crate::module::RawElf;

pub use callers::{Caller, CallerKind};
pub use copies::{FunctionSymbol, FunctionSymbolKind};

/// Where one function went, in one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whereabouts {
    /// The function, as it was asked for.
    pub function: String,
    /// Where it is declared; several have one name.
    pub declared: Vec<SourcePosition>,
    /// What there is of it out of line, by symbols.
    pub copies: Vec<FunctionSymbol>,
    /// Other functions at the address of one of those.
    pub merged: BTreeSet<String>,
    /// The functions that it was inlined into.
    pub inlined: Vec<InlinedInto>,
    /// Whether the compiler inlined it, and debug information does not tell where: no instruction of it was left.
    pub is_used_up: bool,
    /// Who refers to what is out of line. Of a linked kernel nobody knows.
    pub callers: BTreeSet<Caller>,
}

/// A line of a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourcePosition {
    /// The file, as debug information names it.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
}

/// A function that it was inlined into.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InlinedInto {
    /// The symbol of the function that has the code.
    pub symbol: String,
    /// By which calls: from the first that was inlined down to the function itself.
    pub chain: Vec<InlinedCall>,
    /// How many bytes of it are left; 0: the compiler needed none of its code.
    pub bytes: u64,
}

/// A call that was replaced by the code of what it calls.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InlinedCall {
    /// What is called.
    pub function: String,
    /// Where.
    pub call: Option<SourcePosition>,
}

impl Whereabouts {
    /// Whether nothing is known of it in the file.
    #[must_use]
    pub fn is_nowhere(&self) -> bool {
        let is_left = !self.copies.is_empty() || !self.inlined.is_empty();
        !is_left && self.callers.is_empty() && !self.is_used_up
    }

    /// Takes `start` off the names of source files.
    pub fn shorten(&mut self, start: &str) {
        let calls = self.inlined.iter_mut().flat_map(|into| &mut into.chain);
        let calls = calls.filter_map(|step| step.call.as_mut());
        for line in calls.chain(&mut self.declared) {
            if let Some(rest) = line.file.strip_prefix(start) {
                line.file = rest.to_owned();
            }
        }
    }
}

/// Where the functions of these `names` went in a file of these `bytes`, of which `debug` is the debug information.
pub fn went(
    bytes: &[u8],
    debug: &DebugInfo,
    names: &[String],
) -> Result<Vec<Whereabouts>, ElfError> {
    let elf = RawElf::parse(bytes)?;
    let mut all: Vec<Whereabouts> = names.iter().map(|name| one(&elf, debug, name)).collect();
    if elf.is_relocatable() {
        callers::add(bytes, &mut all)?;
    }
    Ok(all)
}

fn one(elf: &RawElf<'_>, debug: &DebugInfo, name: &str) -> Whereabouts {
    let mut declared = BTreeSet::new();
    let mut own = Vec::new();
    let mut inlined = BTreeSet::new();
    for function in &debug.functions {
        if is(&function.named, name) {
            declared.extend(function.named.line.map(|line| SourcePosition::of(debug, line)));
            own.extend(function.code.iter().copied());
        }
        for (found, id) in function.inlined.with_ids() {
            if is(&found.named, name) {
                declared.extend(found.named.line.map(|line| SourcePosition::of(debug, line)));
                inlined.insert(into(elf, debug, function, id));
            }
        }
    }
    let somewhere = debug.inlined_somewhere.iter().filter(|named| is(named, name));
    let somewhere: Vec<&Declaration> = somewhere.collect();
    if inlined.is_empty() {
        let lines = somewhere.iter().filter_map(|named| named.line);
        declared.extend(lines.map(|line| SourcePosition::of(debug, line)));
    }
    let is_used_up = inlined.is_empty() && !somewhere.is_empty();
    let copies = copies::of(elf, name, &own);
    let merged = copies::merged(elf, name, &copies);
    Whereabouts {
        function: name.to_owned(),
        declared: declared.into_iter().collect(),
        copies,
        merged,
        inlined: inlined.into_iter().collect(),
        is_used_up,
        callers: BTreeSet::new(),
    }
}

/// Whether a person can mean it by `name`: the name in the source, the symbol, or the path of Rust.
fn is(named: &Declaration, name: &str) -> bool {
    named.name == name || named.symbol.as_deref() == Some(name) || named.spoken() == name
}

fn into(
    elf: &RawElf<'_>,
    debug: &DebugInfo,
    function: &Subprogram,
    id: InlinedSubroutineId,
) -> InlinedInto {
    let chain = function.chain(id);
    let bytes = chain.last().map_or(0, |inlined| size(&inlined.code));
    let code = chain.last().into_iter().flat_map(|inlined| inlined.code.iter());
    let place = code.chain(&function.code).next().copied();
    let symbol = place.and_then(|place| copies::symbol_at(elf, place));
    let step = |inlined: &InlinedSubroutine| InlinedCall {
        function: inlined.named.spoken(),
        call: inlined.call.map(|line| SourcePosition::of(debug, line)),
    };
    InlinedInto {
        symbol: symbol.unwrap_or_else(|| function.named.spoken()),
        chain: chain.into_iter().map(step).collect(),
        bytes,
    }
}

fn size(code: &[CodeStretch]) -> u64 {
    code.iter().fold(0, |sum, it| sum.saturating_add(it.end.saturating_sub(it.start)))
}

impl SourcePosition {
    /// What `line` of `debug` is.
    #[must_use]
    pub fn of(debug: &DebugInfo, line: SourceLine) -> Self {
        Self { file: debug.file(line).to_owned(), line: line.line }
    }
}
