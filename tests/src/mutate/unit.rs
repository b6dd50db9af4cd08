//! What has a digest.

use klp_core::checksum::Analysis;
use klp_core::layout::Function;

/// Something with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UnitId {
    /// By the index of its body in `Layout::spans`.
    Function(usize),
    /// A named data object, by index in `Layout::spans`.
    Data(usize),
    /// What a section holds beside named and referred-to data.
    Rest(u32),
}

/// The function with this body.
pub(super) fn function<'a>(analysis: &'a Analysis<'_>, body: usize) -> Option<&'a Function> {
    let functions = &analysis.layout.functions;
    let index = functions.binary_search_by_key(&body, |function| function.body as usize).ok()?;
    functions.get(index)
}

impl UnitId {
    pub(super) fn name(self, analysis: &Analysis<'_>) -> String {
        let symbol = |span: usize| {
            let symbol = analysis.layout.spans.get(span)?.symbol?;
            Some(analysis.elf.symbol(symbol)?.name_lossy().into_owned())
        };
        match self {
            Self::Function(body) => symbol(body).unwrap_or_else(|| format!("function {body}")),
            Self::Data(span) => symbol(span).unwrap_or_else(|| format!("data {span}")),
            Self::Rest(section) => format!("rest of section {section}"),
        }
    }
}
