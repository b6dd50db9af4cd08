//! A finished build of the user's as the start of ours, so that nothing is compiled twice.
//!
//! It is copied, and the two paths that differ, of the sources and of the output directory, are
//! replaced in what Kbuild wrote down. Then make looks at it as at any build that was stopped: an
//! object stays if it is younger than all that it was made from, by the same command. The mirror has
//! the times of the user's files.

use std::time::SystemTime;

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
pub(super) enum SeedMisfit {
    Fits,
    Differs(String),
    NoBuild,
}

/// Whether the user built this configuration with this compiler.
pub(super) fn look(tree: &Tree, compiler: &str) -> Result<SeedMisfit, BuildError> {
    let output = &tree.output;
    let objects = linked_objects(output).unwrap_or_default();
    if objects.is_empty() {
        return Ok(SeedMisfit::NoBuild);
    }
    if tree.source == *output {
        let why = "objects between the sources were made with other paths";
        return Ok(SeedMisfit::Differs(why.to_owned()));
    }
    let theirs = fs::canonicalize(output.join("source")).unwrap_or_default();
    if theirs != tree.source {
        return Ok(SeedMisfit::Differs(format!(
            "it was made from the sources in {}",
            theirs.display()
        )));
    }
    let time = |path: &str| fs::metadata(output.join(path)).and_then(|file| file.modified()).ok();
    let now = SystemTime::now();
    if objects.iter().any(|object| time(object.object.as_str()).is_some_and(|time| time > now)) {
        return Ok(SeedMisfit::Differs("its objects are from the future".to_owned()));
    }
    if time("include/config/auto.conf").is_none_or(|made| time(".config") > Some(made)) {
        return Ok(SeedMisfit::Differs("its configuration was changed since".to_owned()));
    }
    let config = Config::read(&tree.config_path())?;
    let theirs = config.get("CONFIG_CC_VERSION_TEXT").unwrap_or(compiler);
    if theirs != compiler {
        return Ok(SeedMisfit::Differs(format!("it was made with {theirs}, not with {compiler}")));
    }
    if let Some(why) = with_other_objects(&config) {
        return Ok(SeedMisfit::Differs(why));
    }
    Ok(SeedMisfit::Fits)
}

/// Why objects are others where they are made again from other sources: compilers write the path of the source into data or
/// bitcode, as it is on their command line, or draw numbers. `__FILE__` is no matter, since Kbuild takes the directory off it.
fn with_other_objects(config: &Config) -> Option<String> {
    const PATHS: &str = "hold the paths of their sources";
    // With UBSAN_TRAP nothing is reported.
    let options = [
        ("CONFIG_UBSAN", !config.is_enabled("CONFIG_UBSAN_TRAP"), PATHS),
        ("CONFIG_KASAN", true, PATHS),
        ("CONFIG_GCOV_KERNEL", true, PATHS),
        ("CONFIG_LTO_CLANG", true, PATHS),
        ("CONFIG_GCC_PLUGIN_LATENT_ENTROPY", true, "have numbers that were drawn"),
    ];
    let mut options = options.into_iter();
    let (option, _, why) =
        options.find(|(option, counts, _)| *counts && config.is_enabled(option))?;
    Some(format!("with {option} its objects {why}"))
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
        let mut done = 0;
        // Where each path is next: it is looked for again only once we are past it.
        let mut next = self.replaced.map(|(old, _)| find(text, old, 0));
        loop {
            for (place, (old, _)) in next.iter_mut().zip(&self.replaced) {
                if place.is_some_and(|at| at < done) {
                    *place = find(text, old, done);
                }
            }
            // The longer one where both are.
            let first = next
                .iter()
                .zip(&self.replaced)
                .filter_map(|(place, paths)| Some(((*place)?, paths)))
                .min_by_key(|(at, (old, _))| (*at, std::cmp::Reverse(old.as_str().len())));
            let Some((at, (old, new))) = first else { break };
            result.extend_from_slice(text.get(done..at).unwrap_or_default());
            result.extend_from_slice(new.as_str().as_bytes());
            done = at.saturating_add(old.as_str().len());
        }
        result.extend_from_slice(text.get(done..).unwrap_or_default());
        result
    }
}

/// The next place of `path` in `text`, as a whole path or the start of one.
fn find(text: &[u8], path: &Utf8Path, from: usize) -> Option<usize> {
    let path = path.as_str().as_bytes();
    let is_whole = |at: &usize| {
        let next = text.get(at.saturating_add(path.len()));
        !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_-.+~".contains(byte))
    };
    let rest = text.get(from..)?;
    let places = memchr::memmem::find_iter(rest, path).map(|at| at.saturating_add(from));
    places.into_iter().find(is_whole)
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
