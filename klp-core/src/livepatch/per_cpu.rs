//! New per-CPU variables. All modules that are loaded together have little memory for theirs (`PERCPU_MODULE_RESERVE` of
//! include/linux/percpu.h, Linux 6.1 to 7.3, on x86-64); the kernel's own variables have no such limit.

use super::extract::{Extraction, owner_name};
use super::placement::is_per_cpu;
use super::source::{CorrelatedObjects, TouchedId};

/// Bytes for all modules.
const RESERVE: u64 = 8 << 10;
/// What other modules can be expected to leave.
const MODEST: u64 = RESERVE / 4;

/// More per-CPU memory than a module can count on.
pub(super) struct LargePerCpu {
    /// The first variable, and its object.
    pub(super) object: TouchedId,
    pub(super) name: String,
    pub(super) why: String,
    /// Whether no kernel loads it.
    pub(super) is_refused: bool,
}

/// Whether the variables in `extraction` take more than that.
pub(super) fn large(
    sources: &CorrelatedObjects<'_>,
    extraction: &Extraction,
) -> Option<LargePerCpu> {
    let variables = extraction.copied.keys().filter_map(|piece| {
        let source = &sources[piece.object];
        let section = source.patched.analysis.elf.section(piece.section);
        is_per_cpu(section.name).then(|| (*piece, section.align, owner_name(source, *piece)))
    });
    let variables: Vec<_> = variables.collect();
    let end = variables.iter().fold(0u64, |end, (piece, alignment, _)| {
        let start = end.checked_next_multiple_of((*alignment).max(1)).unwrap_or(u64::MAX);
        start.saturating_add(piece.len())
    });
    let (first, ..) = variables.first().filter(|_| end > MODEST)?;
    let mut names: Vec<&str> = variables.iter().map(|(_, _, name)| name.as_str()).collect();
    names.dedup();
    let is_refused = end > RESERVE;
    let what = if is_refused { "is not loaded" } else { "may not be loaded beside others" };
    let why = format!(
        "the module's per-CPU variables ({}) take {end} bytes, and all modules together have {RESERVE} for theirs: it {what}; \
         get such memory by alloc_percpu() in a pre-patch callback",
        names.join(", ")
    );
    let name = names.first().copied().unwrap_or_default().to_owned();
    Some(LargePerCpu { object: first.object, name, why, is_refused })
}
