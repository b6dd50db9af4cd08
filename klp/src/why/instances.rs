//! A function of a build with what was inlined into it.

use camino::Utf8PathBuf;
use klp_core::debug::{DebugInfo, InlinedSubroutine, Place, SubprogramId};
use klp_core::module::{RawElf, SymbolPlace};

use super::sources::Sources;

/// A function, or one that was inlined into it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Instance {
    /// What was inlined, the outermost first; empty for the function itself.
    pub(super) chain: Vec<String>,
    /// What it is called.
    pub(super) name: String,
    /// The file and the line where it is defined.
    pub(super) file: Utf8PathBuf,
    pub(super) line: usize,
}

/// A line that code of a function comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct CodeLine {
    pub(super) file: Utf8PathBuf,
    pub(super) line: usize,
    /// Through what was inlined.
    pub(super) chain: Vec<String>,
}

/// An object with its debug information.
pub(super) struct DebuggedObject<'i> {
    elf: RawElf<'i>,
    debug: DebugInfo,
}

impl<'i> DebuggedObject<'i> {
    /// The one with these bytes; none where it cannot be read.
    pub(super) fn of(bytes: &'i [u8]) -> Option<Self> {
        Some(Self { elf: RawElf::parse(bytes).ok()?, debug: DebugInfo::of(bytes).ok()? })
    }

    /// The function of that symbol.
    fn find(&self, symbol: &str) -> Option<SubprogramId> {
        let mut symbols = self.elf.symbols.iter().filter(|it| it.name == symbol.as_bytes());
        symbols.find_map(|symbol| {
            let SymbolPlace::Section(section) = symbol.place else { return None };
            self.debug.function(Place { section, offset: symbol.value })
        })
    }

    /// Whether the lines of the function of that symbol are known.
    pub(super) fn has(&self, symbol: &str) -> bool {
        self.find(symbol).is_some()
    }

    /// The function and all that was inlined into it, as far as its sources are there.
    pub(super) fn instances(&self, symbol: &str, sources: &Sources) -> Vec<Instance> {
        let Some(function) = self.find(symbol) else { return Vec::new() };
        let function = &self.debug.functions[function];
        let inlined = function.inlined.with_ids().map(|(_, id)| {
            let chain = function.chain(id);
            let named = chain.last().map(|inlined| &inlined.named);
            (spoken(&chain), named)
        });
        let all = std::iter::once((Vec::new(), Some(&function.named))).chain(inlined);
        let mut instances: Vec<Instance> = all
            .filter_map(|(chain, named)| {
                let named = named?;
                let line = named.line?;
                let file = sources.inside(self.debug.file(line))?.to_owned();
                let line = usize::try_from(line.line).ok()?;
                Some(Instance { chain, name: named.spoken(), file, line })
            })
            .collect();
        instances.sort();
        instances.dedup();
        instances
    }

    /// The lines that its code comes from: those of its own code, and those where what is inlined there is called.
    pub(super) fn code_lines(&self, symbol: &str, sources: &Sources) -> Vec<CodeLine> {
        let Some(function) = self.find(symbol) else { return Vec::new() };
        let code = &self.debug.functions[function].code;
        let mut lines = Vec::new();
        for (place, line) in code.iter().flat_map(|it| self.debug.lines(*it)) {
            let chain = self.debug.inlined(function, place);
            let calls =
                chain.iter().enumerate().filter_map(|(at, it)| Some((it.call?, chain.get(..at)?)));
            for (line, chain) in calls.chain([(line, chain.as_slice())]) {
                let Some(file) = sources.inside(self.debug.file(line)) else { continue };
                let line = usize::try_from(line.line).unwrap_or(0);
                lines.push(CodeLine { file: file.to_owned(), line, chain: spoken(chain) });
            }
        }
        lines.sort();
        lines.dedup();
        lines
    }
}

/// The names of what was inlined. A function of which the compiler split off a part is inlined into itself.
fn spoken(chain: &[&InlinedSubroutine]) -> Vec<String> {
    let mut names: Vec<String> = chain.iter().map(|inlined| inlined.named.spoken()).collect();
    names.dedup();
    names
}
