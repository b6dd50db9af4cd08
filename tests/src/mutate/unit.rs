//! What has a digest.

use klp_core::checksum::Analysis;

/// Something with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UnitId {
    /// By index in `Layout::functions`.
    Function(usize),
    /// A named data object, by index in `Layout::spans`.
    Data(usize),
    /// What a section holds beside named and referred-to data.
    Rest(u32),
}

impl UnitId {
    pub(super) fn name(self, analysis: &Analysis<'_>) -> String {
        let symbol = |span: usize| {
            let symbol = analysis.layout.spans.get(span)?.symbol?;
            Some(analysis.elf.symbol(symbol)?.name_lossy().into_owned())
        };
        match self {
            Self::Function(index) => {
                let body =
                    analysis.layout.functions.get(index).map(|function| function.body as usize);
                body.and_then(symbol).unwrap_or_else(|| format!("function {index}"))
            }
            Self::Data(span) => symbol(span).unwrap_or_else(|| format!("data {span}")),
            Self::Rest(section) => format!("rest of section {section}"),
        }
    }
}
