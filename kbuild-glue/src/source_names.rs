//! What `__FILE__` says in code that is compiled from a copy of its sources.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};

/// `variables` for a compiler that finds sources below `from`, and names them as if they were below `to`. Both end with a
/// slash, or are empty.
pub(crate) fn named_below(variables: &[String], (from, to): (&str, &str)) -> Vec<String> {
    let theirs = variables.iter().rev().find_map(|variable| variable.strip_prefix("KCPPFLAGS="));
    let theirs = theirs.map(|flags| format!("{flags} ")).unwrap_or_default();
    let flags = format!("KCPPFLAGS={theirs}-fmacro-prefix-map={from}={to}");
    variables.iter().cloned().chain([flags]).collect()
}

/// The directory below which a text in `bytes`, which are a module, names one of its `sources`; none if there are two.
#[must_use]
pub fn directory_in(bytes: &[u8], sources: &BTreeSet<Utf8PathBuf>) -> Option<Utf8PathBuf> {
    let mut found = BTreeSet::new();
    for text in bytes.split(|byte| *byte == 0).filter(|text| text.starts_with(b"/")) {
        let Ok(path) = std::str::from_utf8(text).map(Utf8Path::new) else { continue };
        let directory = |source: &Utf8PathBuf| path.as_str().strip_suffix(source.as_str());
        found.extend(sources.iter().filter_map(directory).filter_map(|it| it.strip_suffix('/')));
    }
    let directory = found.pop_first().filter(|directory| is_plain(directory))?;
    found.is_empty().then(|| directory.into())
}

/// Whether make, a shell and a compiler read `path` as it stands: a text of a file must not tell them anything else.
pub(crate) fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"/._+@-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_of_the_user_stay() {
        let map = ("/a/copy/", "/a/");
        assert_eq!(named_below(&[], map), ["KCPPFLAGS=-fmacro-prefix-map=/a/copy/=/a/"]);
        let theirs = ["KCPPFLAGS=-DX".to_owned()];
        let both = named_below(&theirs, map);
        assert_eq!(both.last().unwrap(), "KCPPFLAGS=-DX -fmacro-prefix-map=/a/copy/=/a/");
    }

    #[test]
    fn the_directory_that_a_module_names() {
        let sources = BTreeSet::from(["main.c".into(), "sub/tune.h".into()]);
        let found = |text: &str| directory_in(text.as_bytes(), &sources);
        assert_eq!(
            found("main.c\0/var/a/main.c\0no/main.c\0/var/a/sub/tune.h\0"),
            Some("/var/a".into())
        );
        assert_eq!(found("/var/a/main.c\0/var/b/sub/tune.h\0"), None);
        assert_eq!(found("main.c\0remain.c\0/var/a/remain.c\0"), None);
        for evil in ["/$(shell touch x)/main.c", "/a b/main.c", "/a;b/main.c", "/a=b/main.c"] {
            assert_eq!(found(evil), None, "{evil}");
        }
    }
}
