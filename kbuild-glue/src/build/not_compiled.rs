//! Why nothing is compiled from a source file: the options that Makefiles want.

mod conditions;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use super::makefiles;
use crate::config::Config;
use crate::event::{BuildEvent, BuildEvents};
use crate::names;

use conditions::{Conditions, Unmet, unmet_of};

/// A source of the patch from which nothing is compiled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotCompiled {
    /// Relative to the root of the sources.
    pub path: Utf8PathBuf,
    /// The options for which it is not, as the end of a sentence, where the Makefiles tell: `CONFIG_A is not set`.
    pub options: Option<String>,
}

/// How many objects may be parts of one another.
const DEPTH: usize = 4;

/// What makes a line of a Makefile count that does not: one list for each line that names a file, the outer options
/// first. A list that is empty is a line that counts.
type Ways = Vec<Vec<Unmet>>;

/// Those of `paths` of which it is known that nothing is made from them.
pub(super) fn told(
    paths: &[&Utf8PathBuf],
    root: &Utf8Path,
    config: &Config,
) -> BTreeSet<NotCompiled> {
    let known = paths.iter().filter_map(|path| {
        let options = missing_options(root, path, config);
        // What a full make did with it, nobody knows.
        let is_known = options.is_some() || makefiles::searches(path, root).is_none();
        is_known.then(|| NotCompiled { path: (*path).clone(), options })
    });
    known.collect()
}

/// Says it to somebody who waits for a build, once for all files with one reason.
pub(crate) fn warn_not_compiled(files: &BTreeSet<NotCompiled>, events: &mut BuildEvents<'_>) {
    let mut by_reason: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for NotCompiled { path, options } in files {
        by_reason.entry(options.as_deref()).or_default().push(path.as_str());
    }
    for (options, paths) in by_reason {
        let (verb, them) = if paths.len() == 1 { ("is", "it") } else { ("are", "them") };
        let nothing = format!("no object of this kernel is made from {them}");
        let why = options.unwrap_or(&nothing);
        let message = format!("{} {verb} not compiled here: {why}", names::joined(&paths));
        events(BuildEvent::Note { message });
    }
}

/// The options for which the source file `path` is not compiled, as the end of a sentence, where the Makefiles of `root`
/// tell: `CONFIG_A is not set`.
pub(super) fn missing_options(root: &Utf8Path, path: &Utf8Path, config: &Config) -> Option<String> {
    let mut ways: Option<Ways> = None;
    // What stands at the end of the way to the top: an object, then directories. A header has no object.
    let mut wanted = path.with_extension("o");
    let mut is_object = path.extension() != Some("h");
    // Their headers are for all.
    if path.starts_with("include") {
        return None;
    }
    for directory in path.ancestors().skip(1) {
        let makefile = Assignments::of(&root.join(directory), config);
        // A Makefile names files of directories below it, too, and enters several at once.
        let below = wanted.strip_prefix(directory).ok()?;
        let directories = below.ancestors().skip(1).filter(|name| !name.as_str().is_empty());
        let names = is_object.then(|| below.to_string()).into_iter();
        let mut names = names.chain(directories.map(|name| format!("{name}/")));
        let outer = names.find_map(|name| makefile.ways_to(&name, 0));
        if let Some(outer) = outer {
            ways = Some(match ways {
                Some(inner) => both(&outer, &inner),
                None => outer,
            });
            wanted = directory.join("_");
            is_object = false;
        }
    }
    sentence(&ways?)
}

/// What is wanted where both are.
fn both(outer: &Ways, inner: &Ways) -> Ways {
    let join = |outer: &Vec<Unmet>| {
        let outer = outer.clone();
        inner.iter().map(move |inner| outer.iter().chain(inner).cloned().collect())
    };
    outer.iter().flat_map(join).collect()
}

/// What stands in every way; else one thing of each.
fn sentence(ways: &Ways) -> Option<String> {
    let (first, others) = ways.split_first()?;
    let mut common: Vec<&Unmet> = Vec::new();
    for unmet in first {
        if others.iter().all(|way| way.contains(unmet)) && !common.contains(&unmet) {
            common.push(unmet);
        }
    }
    if !common.is_empty() {
        let (unset, set): (Vec<&Unmet>, Vec<&Unmet>) =
            common.into_iter().partition(|unmet| unmet.is_unset());
        let verb = if unset.len() == 1 { "is" } else { "are" };
        let unset = (!unset.is_empty()).then(|| format!("{} {verb} not set", options(&unset)));
        return Some(
            unset
                .into_iter()
                .chain(set.iter().map(ToString::to_string))
                .collect::<Vec<_>>()
                .join(", and "),
        );
    }
    let mut one_of_each: Vec<&Unmet> = Vec::new();
    for way in ways {
        let unmet = way.first()?;
        if !one_of_each.contains(&unmet) {
            one_of_each.push(unmet);
        }
    }
    if !one_of_each.iter().all(|unmet| unmet.is_unset()) {
        return None;
    }
    Some(match one_of_each.as_slice() {
        [one, other] => format!("neither {} nor {} is set", one.option(), other.option()),
        several => format!("none of {} is set", options(several)),
    })
}

fn options(of: &[&Unmet]) -> String {
    names::joined(&of.iter().map(|unmet| unmet.option()).collect::<Vec<_>>())
}

/// What a Makefile assigns.
struct Assignments(Vec<Assignment>);

struct Assignment {
    left: String,
    unmet: Vec<Unmet>,
    words: Vec<(String, Vec<Unmet>)>,
}

impl Assignments {
    fn of(directory: &Utf8Path, config: &Config) -> Self {
        // Kbuild takes `Kbuild` where there is one.
        let files = ["Kbuild", "Makefile"].map(|name| directory.join(name));
        let text = files.iter().find_map(|file: &Utf8PathBuf| fs::read_to_string(file).ok());
        let text = text.unwrap_or_default().replace("\\\n", " ");
        let mut conditions = Conditions::new(config);
        let mut assignments = Vec::new();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default().trim();
            if conditions.take(line) {
                continue;
            }
            let Some((left, right)) = line.split_once('=') else { continue };
            let left = left.trim_end_matches([':', '+', '?', ' ', '\t']).trim().to_owned();
            let mut unmet = conditions.unmet();
            unmet.extend(unmet_of(&left, config));
            assignments.push(Assignment { left, unmet, words: conditions::words(right, config) });
        }
        Self(assignments)
    }

    /// The ways in which `wanted`, an object or a directory, becomes a part of the kernel; none if it is not named.
    fn ways_to(&self, wanted: &str, depth: usize) -> Option<Ways> {
        let mut found: Option<Ways> = None;
        for Assignment { left, unmet, words } in &self.0 {
            let named = words.iter().filter(|(word, _)| word == wanted);
            for (_, of_word) in named {
                let own: Vec<Unmet> = unmet.iter().chain(of_word).cloned().collect();
                let ways = match self.ways_of_whole(left, depth) {
                    Some(outer) => both(&outer, &vec![own]),
                    None => vec![own],
                };
                found.get_or_insert_default().extend(ways);
            }
        }
        found
    }

    /// The same of what the left side of an assignment is: a list of another one, or an object that is linked from parts.
    fn ways_of_whole(&self, left: &str, depth: usize) -> Option<Ways> {
        if depth >= DEPTH {
            return None;
        }
        let depth = depth.saturating_add(1);
        if let Some(ways) = self.ways_to(&format!("$({left})"), depth) {
            return Some(ways);
        }
        let expression = left.find("-$(");
        let whole = match expression {
            Some(at) => left.get(..at)?,
            None => left.rsplit_once('-')?.0,
        };
        (!matches!(whole, "obj" | "lib")).then(|| self.ways_to(&format!("{whole}.o"), depth))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options() {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        for (path, text) in [
            ("Kbuild", "obj-y += net/ fs/\nobj-$(CONFIG_HEADERS) += include/\n"),
            (
                "net/Makefile",
                "obj-$(CONFIG_E1000) += e1000/\nobj-$(CONFIG_ON) += on.o\nobj-$(CONFIG_AMD) += gpu/amd/\n",
            ),
            (
                "net/e1000/Makefile",
                "obj-$(CONFIG_E1000) += e1000.o\ne1000-y := main.o \\\n\thw.o # x.o\n\
                 e1000-$(CONFIG_EXTRA) += x.o\ne1000-$(CONFIG_ON) += on.o\nunused-y := unused.o\n",
            ),
            (
                "fs/Makefile",
                "obj-$(subst m,y,$(CONFIG_HYPERV)) += hv.o\nobj-$(if $(CONFIG_IF),y) += if.o\n\
                 obj-$(filter y,$(CONFIG_FILTER)) += filter.o\nobj-$(CONFIG_MODULAR:m=y) += suffix.o\n\
                 obj-$(or $(CONFIG_OR1),$(CONFIG_OR2)) += or.o\nobj-$(or $(CONFIG_OR1),$(CONFIG_ON)) += or-on.o\n\
                 ifdef CONFIG_DEF\nobj-y += def.o\nelse\nobj-y += undef.o\nendif\n\
                 ifneq ($(CONFIG_UNICODE),)\nobj-y += unicode.o\nunicode-y := core.o\nendif\n\
                 ifeq ($(CONFIG_ON),y)\nobj-$(CONFIG_INNER) += inner.o\nelse ifdef CONFIG_ELSE\nobj-y += not-on.o\nendif\n\
                 obj-$(CONFIG_ONE) += many.o\nobj-$(CONFIG_TWO) += many.o\n\
                 obj-$(CONFIG_ONE) += more.o\nobj-$(CONFIG_TWO) += more.o\nobj-$(CONFIG_THREE) += more.o\n\
                 parts := part.o\nfs-y := $(parts) $(if $(CONFIG_PART),if-part.o,else-part.o)\nobj-$(CONFIG_FS) += fs.o\n\
                 obj-y += sub/deep.o\nobj-$(CONFIG_SUB) += sub/other.o\nobj-$(CONFIG_A) += $(obj)/obj.o\n\
                 ifeq ($(CONFIG_HZ),1000)\nobj-y += hz.o\nendif\nifndef CONFIG_ON\nobj-y += off.o\nendif\n\
                 ifeq ($(call some,test),y)\nobj-y += unknown.o\nendif\nobj-$(if $(CONFIG_IF),,y) += inverted.o\n",
            ),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let path = root.join(".config");
        fs::write(&path, "CONFIG_ON=y\nCONFIG_HZ=250\n").unwrap();
        let config = Config::read(&path).unwrap();
        let told = |path: &str| missing_options(root, path.into(), &config).unwrap_or_default();
        for (path, expected) in [
            ("net/e1000/hw.c", "CONFIG_E1000 is not set"),
            ("net/e1000/x.c", "CONFIG_E1000 and CONFIG_EXTRA are not set"),
            ("net/e1000/on.c", "CONFIG_E1000 is not set"),
            ("net/e1000/unnamed.c", "CONFIG_E1000 is not set"),
            ("net/e1000/hw.h", "CONFIG_E1000 is not set"),
            ("net/on.c", ""),
            ("net/gpu/amd/a.c", "CONFIG_AMD is not set"),
            ("net/gpu/amd/b/c/d.c", "CONFIG_AMD is not set"),
            ("include/linux/hw.h", ""),
            ("fs/hv.c", "CONFIG_HYPERV is not set"),
            ("fs/if.c", "CONFIG_IF is not set"),
            ("fs/filter.c", "CONFIG_FILTER is not set"),
            ("fs/suffix.c", "CONFIG_MODULAR is not set"),
            ("fs/or.c", "CONFIG_OR1 and CONFIG_OR2 are not set"),
            ("fs/or-on.c", ""),
            ("fs/def.c", "CONFIG_DEF is not set"),
            ("fs/undef.c", ""),
            ("fs/core.c", "CONFIG_UNICODE is not set"),
            ("fs/inner.c", "CONFIG_INNER is not set"),
            ("fs/not-on.c", "CONFIG_ELSE is not set, and CONFIG_ON is set"),
            ("fs/many.c", "neither CONFIG_ONE nor CONFIG_TWO is set"),
            ("fs/more.c", "none of CONFIG_ONE, CONFIG_TWO and CONFIG_THREE is set"),
            ("fs/part.c", "CONFIG_FS is not set"),
            ("fs/if-part.c", "CONFIG_FS and CONFIG_PART are not set"),
            ("fs/else-part.c", "CONFIG_FS is not set"),
            ("fs/sub/deep.c", ""),
            ("fs/sub/other.c", "CONFIG_SUB is not set"),
            ("fs/obj.c", "CONFIG_A is not set"),
            ("fs/hz.c", "CONFIG_HZ is 250"),
            ("fs/off.c", "CONFIG_ON is set"),
            ("fs/unknown.c", ""),
            ("fs/inverted.c", ""),
            ("fs/unnamed.c", ""),
        ] {
            assert_eq!(told(path), expected, "{path}");
        }
    }
}
