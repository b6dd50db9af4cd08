//! `__mcount_loc`: the calls to ftrace. Entry: one absolute address (kernel/trace/ftrace.c).

use super::{Effect, Entry, Reader};
use crate::checksum::{Refusal, Site, Unit};

pub(crate) const READER: Reader =
    Reader { section: "__mcount_loc", sizes: &[8], length: None, write };

/// The call can be `call __fentry__` or, after objtool or with `-mnop-mcount`, a NOP.
#[expect(clippy::unnecessary_wraps, reason = "all readers have this signature")]
fn write<'d>(
    unit: &mut Unit<'_, 'd, '_>,
    _: &Entry<'_, 'd>,
    site: &Site<'_>,
) -> Result<Effect, Refusal> {
    unit.traceable(site);
    Ok(if site.calls_fentry() { Effect::Replace } else { Effect::Keep })
}
