//! What has a digest.

use klp_core::checksum::Analysis;
use klp_core::elf::SectionId;
use klp_core::layout::Function;
use klp_core::layout::SpanId;

/// Something with a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum UnitId {
    /// By its body.
    Function(SpanId),
    /// A named data object.
    Data(SpanId),
    /// What a section holds beside named and referred-to data.
    Rest(SectionId),
}

/// The function with this body.
pub(super) fn function<'a>(analysis: &'a Analysis<'_>, body: SpanId) -> Option<&'a Function> {
    let functions = analysis.layout.functions.as_slice();
    let index = functions.binary_search_by_key(&body, |function| function.body).ok()?;
    functions.get(index)
}

impl UnitId {
    pub(super) fn name(self, analysis: &Analysis<'_>) -> String {
        let symbol = |span: SpanId| {
            let symbol = analysis.layout.span(span).symbol?;
            Some(analysis.elf.symbol(symbol).name_lossy().into_owned())
        };
        match self {
            Self::Function(body) => symbol(body).unwrap_or_else(|| format!("function {body}")),
            Self::Data(span) => symbol(span).unwrap_or_else(|| format!("data {span}")),
            Self::Rest(section) => format!("rest of section {section}"),
        }
    }
}
