//! A finished build of the user's as the start of ours, so that nothing is compiled twice.
//!
//! It is copied, and the two paths that differ, of the sources and of the output directory, are
//! replaced in what Kbuild wrote down. Then make looks at it as at any build that was stopped: an
//! object stays if it is younger than all that it was made from, by the same command. The mirror has
//! the times of the user's files.

use camino::Utf8Path;
use fs_err as fs;

use super::{BuildError, clone};
use crate::config::Config;
use crate::objects::linked_objects;
use crate::tree::Tree;

/// What a build knows the sources and itself by, before and after.
struct Paths<'a> {
    replaced: [(&'a Utf8Path, &'a Utf8Path); 2],
}

/// Why the user's build is of no use to ours; `None` when there is nothing to say.
pub(super) enum Fit {
    Fits,
    Differs(String),
    NoBuild,
}

/// Whether the user built this configuration with this compiler.
pub(super) fn look(tree: &Tree, compiler: &str) -> Result<Fit, BuildError> {
    let output = &tree.output;
    if linked_objects(output).map_or(true, |objects| objects.is_empty()) {
        return Ok(Fit::NoBuild);
    }
    if tree.source == *output {
        let why = "objects between the sources were made with other paths";
        return Ok(Fit::Differs(why.to_owned()));
    }
    let theirs = fs::canonicalize(output.join("source")).unwrap_or_default();
    if theirs != tree.source {
        return Ok(Fit::Differs(format!("it was made from the sources in {}", theirs.display())));
    }
    let time = |path: &str| fs::metadata(output.join(path)).and_then(|file| file.modified()).ok();
    if time("include/config/auto.conf").is_none_or(|made| time(".config") > Some(made)) {
        return Ok(Fit::Differs("its configuration was changed since".to_owned()));
    }
    let config = Config::read(&tree.config_path())?;
    let theirs = config.get("CONFIG_CC_VERSION_TEXT").unwrap_or(compiler);
    if theirs != compiler {
        return Ok(Fit::Differs(format!("it was made with {theirs}, not with {compiler}")));
    }
    Ok(Fit::Fits)
}

/// Copies the user's build to `build`.
pub(super) fn copy(
    tree: &Tree,
    mirror: &Utf8Path,
    build: &Utf8Path,
    work: &Utf8Path,
) -> Result<(), BuildError> {
    let paths = Paths { replaced: [(&tree.output, build), (&tree.source, mirror)] };
    clone::make_with(&tree.output, build, &mut |from, to| {
        let top = from.parent() == Some(tree.output.as_path());
        let name = from.file_name().unwrap_or_default();
        if from == work || top && is_of_no_use(name) {
            return Ok(true);
        }
        let is_record = matches!(from.extension(), Some("cmd" | "d")) || top && name == "Makefile";
        if !is_record || !from.is_file() {
            return Ok(false);
        }
        let text = paths.replace(&fs::read(from)?);
        fs::write(to, text)?;
        clone::copy_time(from, to)?;
        Ok(true)
    })
}

/// What the final link makes, and what is ours.
fn is_of_no_use(name: &str) -> bool {
    name.starts_with("vmlinux") && !name.starts_with("vmlinux.a") && !name.starts_with("vmlinux.o")
        || name.starts_with(".tmp_vmlinux")
        || matches!(name, ".klp" | "changed-functions.json" | "source")
}

impl Paths<'_> {
    fn replace(&self, text: &[u8]) -> Vec<u8> {
        let mut result = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some((at, (old, new))) = self.next(rest) {
            let (before, after) = rest.split_at(at);
            result.extend_from_slice(before);
            result.extend_from_slice(new.as_str().as_bytes());
            rest = after.get(old.as_str().len()..).unwrap_or_default();
        }
        result.extend_from_slice(rest);
        result
    }

    /// The first place of a path; the longer one where both are.
    fn next(&self, text: &[u8]) -> Option<(usize, (&Utf8Path, &Utf8Path))> {
        let places = self.replaced.iter().filter_map(|(old, new)| {
            let old_bytes = old.as_str().as_bytes();
            let is_whole = |at: &usize| {
                let next = text.get(at.saturating_add(old_bytes.len()));
                !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.+~".contains(byte))
            };
            let at = memchr::memmem::find_iter(text, old_bytes).find(is_whole)?;
            Some((at, (*old, *new)))
        });
        places.min_by_key(|(at, (old, _))| (*at, std::cmp::Reverse(old.as_str().len())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_in_the_other() {
        let paths = Paths {
            replaced: [
                ("/src/out".into(), "/src/out/.klp/build".into()),
                ("/src".into(), "/src/out/.klp/mirror".into()),
            ],
        };
        let replaced = paths.replace(b"-I/src/include=/src/ /src/out/x.o /src-2/a /src /srcs");
        assert_eq!(
            String::from_utf8(replaced).unwrap(),
            "-I/src/out/.klp/mirror/include=/src/out/.klp/mirror/ /src/out/.klp/build/x.o /src-2/a \
             /src/out/.klp/mirror /srcs"
        );
    }
}
