//! `__mcount_loc`: the calls to ftrace. Entry: one absolute address (kernel/trace/ftrace.c).

use super::{Entry, Format};

pub(super) const FORMAT: Format = Format {
    section: "__mcount_loc",
    sizes: &[(8, &[0])],
    length: None,
    decode: |_| Ok(Entry::Ftrace),
};
