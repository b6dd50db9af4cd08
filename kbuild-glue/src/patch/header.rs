//! The names and modes in the headers of a diff.

use camino::Utf8PathBuf;

/// A name from a `---` or `+++` line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct HeaderName {
    /// `None` is `/dev/null`.
    pub(super) path: Option<Utf8PathBuf>,
    /// Whether the time stamp behind it is the epoch, in some time zone.
    pub(super) epoch: bool,
}

/// Parses what stands behind `--- ` or `+++ `; `None` when it is not UTF-8.
pub(super) fn name(bytes: &[u8]) -> Option<HeaderName> {
    let (path, rest) = if bytes.first() == Some(&b'"') {
        quoted(bytes)?
    } else {
        let end = bytes.iter().position(|&byte| byte == b'\t').unwrap_or(bytes.len());
        let (path, rest) = bytes.split_at(end);
        (path.trim_ascii_end().to_vec(), rest)
    };
    let path = String::from_utf8(path).ok()?;
    let stamp = rest.trim_ascii();
    Some(HeaderName {
        path: (path != "/dev/null").then(|| Utf8PathBuf::from(path)),
        epoch: stamp.starts_with(b"1970-01-01 ") || stamp.starts_with(b"1969-12-31 "),
    })
}

/// Parses what stands behind `diff --git `: two names without a separator that is sure.
///
/// Only needed where nothing else names the file (a mode change, an empty file), and there both
/// names are the same but for their prefix.
pub(super) fn git_names(bytes: &[u8]) -> Option<(Utf8PathBuf, Utf8PathBuf)> {
    let path = |bytes: Vec<u8>| String::from_utf8(bytes).ok().map(Utf8PathBuf::from);
    if bytes.first() == Some(&b'"') {
        let (old, rest) = quoted(bytes)?;
        let new = match rest.trim_ascii() {
            new if new.first() == Some(&b'"') => quoted(new)?.0,
            new => new.to_vec(),
        };
        return Some((path(old)?, path(new)?));
    }
    let middle = bytes.len() / 2;
    let (old, rest) = bytes.split_at_checked(middle)?;
    let new = rest.strip_prefix(b" ")?;
    let tail =
        |name: &[u8]| name.iter().position(|&byte| byte == b'/').map(|at| name[at..].to_vec());
    (old == new || tail(old) == tail(new)).then_some(())?;
    Some((path(old.to_vec())?, path(new.to_vec())?))
}

/// Parses a name with C quotes, as git writes unusual ones. Returns what is behind it as well.
pub(super) fn quoted(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = bytes.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                name.push(match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b't' => b'\t',
                    b'n' => b'\n',
                    b'v' => 11,
                    b'f' => 12,
                    b'r' => b'\r',
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let text = [escape, *digits.first()?, *digits.get(1)?];
                        u8::from_str_radix(std::str::from_utf8(&text).ok()?, 8).ok()?
                    }
                    other => other,
                });
            }
            other => name.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(bytes: &[u8]) -> Option<String> {
        name(bytes)?.path.map(Utf8PathBuf::into_string)
    }

    #[test]
    fn names() {
        assert_eq!(path(b"a/fs/a.c").unwrap(), "a/fs/a.c");
        assert_eq!(path(b"a/with space.c\t2024-01-01 00:00:00").unwrap(), "a/with space.c");
        assert_eq!(path(b"\"a/t\\tab\\303\\244\"").unwrap(), "a/t\tab\u{e4}");
        assert_eq!(path(b"/dev/null"), None);
        assert_eq!(name(b"a/\xff"), None);
        assert!(name(b"b/x\t1970-01-01 01:00:00.0 +0100").unwrap().epoch);
        assert!(!name(b"b/x\t2024-01-01 01:00:00.0 +0100").unwrap().epoch);
    }

    #[test]
    fn both_names() {
        let names =
            |bytes| git_names(bytes).map(|(old, new)| (old.into_string(), new.into_string()));
        assert_eq!(names(b"a/x y b/x y"), Some(("a/x y".into(), "b/x y".into())));
        assert_eq!(names(b"\"a/x\" \"b/x\""), Some(("a/x".into(), "b/x".into())));
        assert_eq!(names(b"a/x b/longer"), None);
        assert_eq!(names(b""), None);
    }
}
