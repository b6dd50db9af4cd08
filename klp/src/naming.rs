//! Which objects of a kernel that was shipped can have anything of a function. None of them was compiled here yet, so what
//! stands in the sources has to tell.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildError, Recipes, is_word};

use crate::error::Error;
use crate::finished::read;
use crate::why::blocks::{Blocks, Kind};
use crate::why::called::{defines, system_call};

/// Each object is compiled twice, so more of them than this are not looked at to answer a question.
const MOST: usize = 50;
/// How many inline functions and macros of headers, each used by the next, are followed.
const DEEP: usize = 4;
/// How many of them are looked for at a time.
const WIDE: usize = 64;

/// The objects that are looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    pub(crate) objects: BTreeSet<Utf8PathBuf>,
    /// What the person should know about those that are not.
    pub(crate) note: Option<String>,
}

impl Naming {
    /// Those that are made from a source with one of `names` in it, or with an inline function or a macro of a header that
    /// uses one. Where that are too many, those whose source has the name itself; else those that define the function.
    pub(crate) fn of(stock: &Recipes, names: &[String]) -> Result<Self, Error> {
        let words: BTreeSet<String> = names.iter().map(|name| word(name).to_owned()).collect();
        let sources = Sources::of(stock, &words)?;
        let objects = |sources| stock.objects_from(sources).map_err(BuildError::from);
        let all = objects(&sources.all)?;
        if !sources.is_cut && all.len() <= MOST {
            return Ok(Self { objects: all, note: None });
        }
        let at_least = if sources.is_cut { "at least " } else { "" };
        let many = format!("{at_least}{}", all.len());
        let names = names.join(", ");
        let with_note = |objects, whose| {
            let note = format!(
                "by the text of the sources, {many} objects can have something of {names}; only those are looked at whose \
                 source {whose}: --object OBJECT names another one"
            );
            Self { objects, note: Some(note) }
        };
        let own = objects(&sources.own)?;
        if own.len() <= MOST && !own.is_empty() {
            return Ok(with_note(own, "names it itself"));
        }
        let (defining, is_each_defined) = defining(stock, &sources.own, &words)?;
        let defining = objects(&defining)?;
        if is_each_defined && defining.len() <= MOST {
            return Ok(with_note(defining, "defines it"));
        }
        Err(Error::TooManyUsers { names, count: many, most: MOST })
    }
}

/// The word that stands in a source for the function `name`, which can be a path of Rust, a symbol that a compiler has
/// appended something to, or a system call.
fn word(name: &str) -> &str {
    let last = name.rsplit("::").next().unwrap_or(name);
    let last = last.split('.').next().unwrap_or(last);
    system_call(last).unwrap_or(last)
}

/// The sources of objects that can have something of a function.
#[derive(Default)]
struct Sources {
    /// Those that have its name.
    own: BTreeSet<Utf8PathBuf>,
    /// Those, and others that use it through headers.
    all: BTreeSet<Utf8PathBuf>,
    /// Whether there are more.
    is_cut: bool,
}

impl Sources {
    fn of(stock: &Recipes, words: &BTreeSet<String>) -> Result<Self, Error> {
        let mut sources = Self::default();
        let (mut known, mut open) = (words.clone(), words.clone());
        for round in 0..=DEEP {
            let found = stock.sources_with(&open).map_err(BuildError::from)?;
            let (headers, found): (BTreeSet<_>, BTreeSet<_>) =
                found.into_iter().partition(|path| is_header(path));
            if round == 0 {
                sources.own.clone_from(&found);
            }
            sources.all.extend(found);
            let mut users = BTreeSet::new();
            for header in headers {
                users.extend(users_in(&read(&stock.source_path(&header))?, &open));
            }
            open = users.difference(&known).cloned().collect();
            if open.is_empty() {
                return Ok(sources);
            }
            // What each of them uses is not worth the time where there are too many already.
            if open.len() > WIDE || sources.all.len() > MOST {
                break;
            }
            known.extend(open.iter().cloned());
        }
        sources.is_cut = true;
        Ok(sources)
    }
}

fn is_header(path: &Utf8Path) -> bool {
    matches!(path.extension(), Some("h" | "inc"))
}

/// The inline functions and macros of a header with one of `words` in their text.
fn users_in(header: &[u8], words: &BTreeSet<String>) -> BTreeSet<String> {
    let blocks = Blocks::of(header);
    let parts = blocks.blocks.iter();
    let parts = parts.filter(|part| matches!(part.kind, Kind::Function | Kind::Macro));
    let users = parts.filter(|part| {
        let text = blocks.text(part);
        words.iter().any(|word| is_word(text.as_bytes(), word))
    });
    users.filter_map(|part| part.names.first().cloned()).collect()
}

/// Those of `sources` that define a function called like one of `words`, and whether each of `words` is defined in one.
fn defining(
    stock: &Recipes,
    sources: &BTreeSet<Utf8PathBuf>,
    words: &BTreeSet<String>,
) -> Result<(BTreeSet<Utf8PathBuf>, bool), Error> {
    let (mut found, mut missing) = (BTreeSet::new(), words.clone());
    for source in sources {
        let blocks = Blocks::of(&read(&stock.source_path(source))?);
        for word in words {
            let is_it = |name: &str| blocks.blocks.iter().any(|block| defines(block, name));
            if is_it(word) || is_it(&format!("__do_sys_{word}")) {
                found.insert(source.clone());
                missing.remove(word);
            }
        }
    }
    Ok((found, missing.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_what_stands_in_sources() {
        assert_eq!(word("ext4_statfs"), "ext4_statfs");
        assert_eq!(word("ext4_statfs.isra.0"), "ext4_statfs");
        assert_eq!(word("kernel::sync::Arc::new"), "new");
        assert_eq!(word("__x64_sys_read"), "read");
    }

    /// A prototype uses nothing.
    #[test]
    fn headers_tell_what_uses_a_function() {
        let header = b"int used(int n);\n\
            #define MAC(n) \\\n\tused(n)\n\
            static inline int inl(int n)\n{\n\treturn used(n);\n}\n\
            static inline int not(int n)\n{\n\treturn unused(n); /* used */\n}\n";
        let users = users_in(header, &BTreeSet::from(["used".to_owned()]));
        assert_eq!(users.into_iter().collect::<Vec<_>>(), ["MAC", "inl"]);
    }
}
