//! `__mcount_loc`: the calls to ftrace. Entry: one absolute address (kernel/trace/ftrace.c).

use super::{DecodedEntry, TableFormat};

pub(super) const FORMAT: TableFormat = TableFormat {
    section: "__mcount_loc",
    sizes: &[(8, &[0])],
    length: None,
    decode: |_| Ok(DecodedEntry::Ftrace),
};
