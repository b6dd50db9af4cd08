//! Which objects of a kernel can have anything of a function. What stands in the sources has to tell: of a kernel that was
//! shipped no object was compiled here yet, and others have no debug information.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildError, Reads, Recipes, is_word};

use crate::error::Error;
use crate::event::{Event, Events};
use crate::finished::read;
use crate::why::blocks::{Block, BlockKind, Blocks};
use crate::why::called::{defines, system_call};

/// How many inline functions and macros of headers, each used by the next, are followed.
const DEEP: usize = 4;
/// How many of them are looked for at a time.
const WIDE: usize = 64;

/// The sources of a kernel and what is made from them.
pub(crate) trait Texts {
    /// The sources in which one of `words` stands.
    fn with(&self, words: &BTreeSet<String>) -> Result<BTreeSet<Utf8PathBuf>, BuildError>;
    /// The objects that are made from one of `sources`.
    fn objects(&self, sources: &BTreeSet<Utf8PathBuf>)
    -> Result<BTreeSet<Utf8PathBuf>, BuildError>;
    /// Where a source is.
    fn path(&self, source: &Utf8Path) -> Utf8PathBuf;
}

impl Texts for Recipes {
    fn with(&self, words: &BTreeSet<String>) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        Ok(self.sources_with(words)?)
    }

    fn objects(
        &self,
        sources: &BTreeSet<Utf8PathBuf>,
    ) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        Ok(self.objects_from(sources)?)
    }

    fn path(&self, source: &Utf8Path) -> Utf8PathBuf {
        self.source_path(source)
    }
}

impl Texts for Reads {
    fn with(&self, words: &BTreeSet<String>) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        self.sources_with(words)
    }

    fn objects(
        &self,
        sources: &BTreeSet<Utf8PathBuf>,
    ) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
        Ok(self.objects_from(sources))
    }

    fn path(&self, source: &Utf8Path) -> Utf8PathBuf {
        self.source_path(source)
    }
}

/// The objects that are looked at.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Naming {
    pub(crate) objects: BTreeSet<Utf8PathBuf>,
    /// What the person should know about those that are not.
    pub(crate) note: Option<String>,
}

impl Naming {
    /// Those that are made from a source with one of `names` in it, or with something of a header that uses one. Where that
    /// are more than `most`, those whose source has the name itself; else those that define the function.
    pub(crate) fn of(texts: &dyn Texts, names: &[String], most: usize) -> Result<Self, Error> {
        let words: BTreeSet<String> = names.iter().map(|name| word(name).to_owned()).collect();
        let sources = CandidateSources::of(texts, &words, most)?;
        let all = texts.objects(&sources.all)?;
        if !sources.is_cut && all.len() <= most {
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
        let own = texts.objects(&sources.own)?;
        if own.len() <= most && !own.is_empty() {
            return Ok(with_note(own, "names it itself"));
        }
        let (defining, is_each_defined) = defining(texts, &sources.own, &words)?;
        let defining = texts.objects(&defining)?;
        if is_each_defined && defining.len() <= most {
            return Ok(with_note(defining, "defines it"));
        }
        Err(Error::TooManyUsers { names, count: many, most })
    }

    /// The objects; `events` are told of those that are left out.
    pub(crate) fn told(self, events: &mut Events<'_>) -> BTreeSet<Utf8PathBuf> {
        if let Some(note) = self.note {
            events(Event::Warning(note));
        }
        self.objects
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
struct CandidateSources {
    /// Those that have its name.
    own: BTreeSet<Utf8PathBuf>,
    /// Those, and others that use it through headers.
    all: BTreeSet<Utf8PathBuf>,
    /// Whether there are more.
    is_cut: bool,
}

impl CandidateSources {
    fn of(texts: &dyn Texts, words: &BTreeSet<String>, most: usize) -> Result<Self, Error> {
        let mut sources = Self::default();
        let (mut known, mut open) = (words.clone(), words.clone());
        for round in 0..=DEEP {
            let found = texts.with(&open)?;
            let (headers, found): (BTreeSet<_>, BTreeSet<_>) =
                found.into_iter().partition(|path| is_header(path));
            if round == 0 {
                sources.own.clone_from(&found);
            }
            sources.all.extend(found);
            let mut users = BTreeSet::new();
            for header in headers {
                users.extend(users_in(&read(&texts.path(&header))?, &open));
            }
            open = users.difference(&known).cloned().collect();
            if open.is_empty() {
                return Ok(sources);
            }
            // What each of them uses is not worth the time where there are too many already.
            if open.len() > WIDE || sources.all.len() > most {
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

/// What sources have to name to use one of `words` through a header: inline functions, macros, tables, and what macros such
/// as `DEFINE_GUARD` make. A prototype uses nothing.
fn users_in(header: &[u8], words: &BTreeSet<String>) -> BTreeSet<String> {
    let blocks = Blocks::of(header);
    let users = blocks.blocks.iter().filter(|block| {
        let text = blocks.text(block);
        words.iter().any(|word| is_word(text.as_bytes(), word))
    });
    users.flat_map(used_by).collect()
}

/// The names by which sources use `block` of a header.
fn used_by(block: &Block) -> Vec<String> {
    let Some(name) = block.names.first() else { return Vec::new() };
    let is_macro = name.bytes().all(|byte| !byte.is_ascii_lowercase());
    match block.kind {
        BlockKind::Function | BlockKind::Declaration if is_macro => made(&block.names),
        BlockKind::Function | BlockKind::Macro | BlockKind::Data => vec![name.clone()],
        BlockKind::Declaration | BlockKind::Type => Vec::new(),
    }
}

/// By which names sources use what a macro makes of these arguments: `DEFINE_GUARD(mutex, …)` is used as `guard(mutex)`,
/// `DEFINE_GUARD_COND(mutex, _try, …)` as `mutex_try` (`include/linux/cleanup.h` of Linux 7.2).
fn made(names: &[String]) -> Vec<String> {
    let [_, first, rest @ ..] = names else { return Vec::new() };
    let with_end = rest.first().filter(|end| end.starts_with('_'));
    let with_end = with_end.map(|end| format!("{first}{end}"));
    std::iter::once(first.clone()).chain(with_end).collect()
}

/// Those of `sources` that define a function called like one of `words`, and whether each of `words` is defined in one.
fn defining(
    texts: &dyn Texts,
    sources: &BTreeSet<Utf8PathBuf>,
    words: &BTreeSet<String>,
) -> Result<(BTreeSet<Utf8PathBuf>, bool), Error> {
    let (mut found, mut missing) = (BTreeSet::new(), words.clone());
    for source in sources {
        let blocks = Blocks::of(&read(&texts.path(source))?);
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

    /// Sources in a directory: an object is made of each that is no header.
    struct FewSources {
        root: Utf8PathBuf,
        files: Vec<&'static str>,
    }

    impl Texts for FewSources {
        fn with(&self, words: &BTreeSet<String>) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
            let has = |file: &&&str| {
                let text = fs_err::read(self.root.join(file)).unwrap();
                words.iter().any(|word| is_word(&text, word))
            };
            Ok(self.files.iter().filter(has).map(|file| (*file).into()).collect())
        }

        fn objects(
            &self,
            sources: &BTreeSet<Utf8PathBuf>,
        ) -> Result<BTreeSet<Utf8PathBuf>, BuildError> {
            Ok(sources.iter().map(|source| source.with_extension("o")).collect())
        }

        fn path(&self, source: &Utf8Path) -> Utf8PathBuf {
            self.root.join(source)
        }
    }

    #[test]
    fn names_are_what_stands_in_sources() {
        assert_eq!(word("ext4_statfs"), "ext4_statfs");
        assert_eq!(word("ext4_statfs.isra.0"), "ext4_statfs");
        assert_eq!(word("kernel::sync::Arc::new"), "new");
        assert_eq!(word("__x64_sys_read"), "read");
    }

    #[test]
    fn objects_are_those_that_use_it() {
        let texts = [
            ("a.h", "int used(int n);\nstatic inline int inl(int n)\n{\n\treturn used(n);\n}\n"),
            ("b.h", "#define MAC(n) inl(n)\n"),
            ("own.c", "#include <a.h>\nint used(int n)\n{\n\treturn n;\n}\n"),
            ("names.c", "#include <a.h>\nint call(void)\n{\n\treturn used(1);\n}\n"),
            ("through.c", "#include <b.h>\nint f(void)\n{\n\treturn MAC(1);\n}\n"),
            ("only-header.c", "#include <a.h>\nint g(void)\n{\n\treturn 1;\n}\n"),
        ];
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap().to_owned();
        for (name, text) in texts {
            fs_err::write(root.join(name), text).unwrap();
        }
        let few = FewSources { root, files: texts.iter().map(|(name, _)| *name).collect() };
        let found = |most: usize| {
            let Naming { objects, note } = Naming::of(&few, &["used".to_owned()], most).unwrap();
            (objects.into_iter().map(Utf8PathBuf::into_string).collect::<Vec<_>>(), note)
        };
        assert_eq!(found(3), (["names.o", "own.o", "through.o"].map(String::from).into(), None));
        let (objects, note) = found(2);
        assert_eq!(objects, ["names.o", "own.o"]);
        assert!(note.unwrap().contains("names it itself"));
        let (objects, note) = found(1);
        assert_eq!(objects, ["own.o"]);
        assert!(note.unwrap().contains("defines it"));
        let error = Naming::of(&few, &["inl".to_owned()], 0).unwrap_err();
        assert!(matches!(error, Error::TooManyUsers { most: 0, .. }), "{error}");
    }

    #[test]
    fn headers_tell_what_uses_a_function() {
        let header = b"int used(int n);\n\
            #define MAC(n) \\\n\tused(n)\n\
            static inline int inl(int n)\n{\n\treturn used(n);\n}\n\
            static inline int not(int n)\n{\n\treturn unused(n); /* used */\n}\n\
            static const struct ops table = { used };\n\
            DEFINE_GUARD(lock, struct lock *, take(_T), used(_T))\n\
            DEFINE_GUARD_COND(other, _try, used(_T))\n\
            DEFINE_GUARD(apart, struct lock *, take(_T), drop(_T))\n";
        let users = users_in(header, &BTreeSet::from(["used".to_owned()]));
        let users: Vec<String> = users.into_iter().collect();
        assert_eq!(users, ["MAC", "inl", "lock", "other", "other_try", "table"]);
    }
}
