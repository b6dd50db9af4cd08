//! A place in a function.

/// A place in part number `part` of the function, for people.
pub(super) fn shown((part, offset): (usize, u64)) -> String {
    if part == 0 { format!("+{offset:#x}") } else { format!("part {part}+{offset:#x}") }
}
