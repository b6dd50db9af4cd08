//! Changes in forms that are not read here. Text around diffs is skipped, and these are not that.

/// What the first of `lines` begins that would be lost; the others tell whether it is that or text.
pub(super) fn found(lines: &[&[u8]]) -> Option<&'static str> {
    let [first, rest @ ..] = lines else { return None };
    let next = |prefix: &[u8]| rest.first().is_some_and(|line| line.starts_with(prefix));
    if first.starts_with(b"diff --cc ") || first.starts_with(b"diff --combined ") {
        return Some(
            "a combined diff of a merge: a diff against one of its parents can be applied",
        );
    }
    if first.starts_with(b"*** ") && next(b"--- ") && starts(rest.get(1), b"***************") {
        return Some("a context diff: `diff -u` makes one that can be applied");
    }
    if is_command(first) && (next(b"< ") || next(b"> ")) {
        return Some("a diff without names and context: `diff -u` makes one that can be applied");
    }
    if is_submodule(first) {
        return Some("a change of a submodule");
    }
    if is_only_in(first) {
        return Some(
            "a source that is in one of both trees only: `diff -N` has its content as well",
        );
    }
    None
}

fn starts(line: Option<&&[u8]>, prefix: &[u8]) -> bool {
    line.is_some_and(|line| line.starts_with(prefix))
}

/// `12c12`, `3,4d2`, `7a8,9`.
fn is_command(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let mut sides = line.split(|byte| b"acd".contains(byte));
    let is_range = |side: &[u8]| {
        let mut numbers = side.split(|byte| *byte == b',');
        numbers.all(|number| !number.is_empty() && number.iter().all(u8::is_ascii_digit))
    };
    matches!((sides.next(), sides.next(), sides.next()), (Some(old), Some(new), None)
        if is_range(old) && is_range(new))
}

/// `Submodule lib/x 1111111..2222222:`, of `git diff --submodule`.
fn is_submodule(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"Submodule ") else { return false };
    let range = rest.trim_ascii_end().rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let range = range.strip_suffix(b":").unwrap_or(range);
    range.windows(2).any(|dots| dots == b"..")
        && range.iter().all(|byte| byte.is_ascii_hexdigit() || *byte == b'.')
}

/// `Only in b/fs: new.c`, of `diff -r`, for what code is made from.
fn is_only_in(line: &[u8]) -> bool {
    const SOURCES: [&[u8]; 4] = [b".c", b".h", b".S", b".rs"];
    line.starts_with(b"Only in ")
        && line.contains(&b':')
        && SOURCES.iter().any(|end| line.trim_ascii_end().ends_with(end))
}

#[cfg(test)]
mod tests {
    use super::found;

    fn is_found(text: &str) -> bool {
        let lines: Vec<&[u8]> = text.lines().map(str::as_bytes).collect();
        found(&lines).is_some()
    }

    #[test]
    fn changes_in_other_forms() {
        for text in [
            "diff --cc kernel/fork.c",
            "diff --combined kernel/fork.c",
            "*** a/f.c\n--- b/f.c\n***************",
            "40c40\n< foo",
            "3,4d2\n< foo",
            "7a8,9\n> foo",
            "Submodule lib/x 1111111..2222222:",
            "Only in b/fs: new.c",
        ] {
            assert!(is_found(text), "{text}");
        }
    }

    #[test]
    fn text() {
        for text in [
            "",
            "*** note",
            "*** a\n--- b",
            "40c40",
            "abc\n> quoted",
            "12 c\n> quoted",
            "Submodule support is new:",
            "Only in b/fs: .config",
            "Only in this case: foo",
            "diff --git a/f b/f",
        ] {
            assert!(!is_found(text), "{text}");
        }
    }
}
