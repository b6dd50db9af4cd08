//! Which hunks reach a function.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildVersion, TracedHunk};
use klp_core::record::{Change, ChangedFunction};

use super::about::HunkSubject;
use super::blocks::BlockKind;
use super::choice::CompilerChoice;
use super::instances::{CodeLine, DebuggedObject, Instance};
use super::sources::Sources;
use super::uses::{FunctionText, Macros, UsedWords, add_macros};

/// Why a hunk is a reason for a function.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HunkReason {
    /// The hunk, as number of [`super::Why::hunks`].
    pub hunk: usize,
    /// How it reaches the function.
    pub how: ReachKind,
    /// Through what: the functions that were inlined, the outermost first, or a macro, a type or a variable.
    pub through: Vec<String>,
    /// How that is known.
    pub evidence: Evidence,
}

/// How a hunk reaches a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ReachKind {
    /// It changes the function's own source.
    Direct,
    /// It changes that of a function that is, or was, inlined into it.
    Inlined,
    /// It changes a macro that the function uses.
    Macro,
    /// It changes a type that the function uses.
    Type,
    /// It changes a variable or a declaration that the function uses.
    Data,
    /// It takes in or leaves out a header of which the function uses something.
    Include,
    /// It changes a call of the function, which is static.
    Call,
    /// It changes how others use a static variable that the function uses.
    Use,
    /// It changes how objects are compiled.
    Build,
    /// The function's object is made from its file, and nobody knows what it changes there.
    Untraced,
}

/// How that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// Debug information says that code of the function comes from a changed line.
    Lines,
    /// The change is in the text of a function that debug information says is in the code.
    Extent,
    /// A name that the hunk is about stands in the text of the function.
    Text,
    /// The object is made from a file in which the hunk changes it, and nothing else tells why.
    File,
}

/// Both versions of one object, and the hunks.
pub(super) struct HunkReach<'a> {
    pub(super) hunks: &'a [TracedHunk],
    pub(super) sources: &'a Sources,
    /// The source of the object, where one is.
    pub(super) source: Option<Utf8PathBuf>,
    /// All that it is made from.
    pub(super) files: BTreeSet<Utf8PathBuf>,
    /// What only the original, and only the patched one, is made from.
    pub(super) only: [BTreeSet<Utf8PathBuf>; 2],
    /// What other files are made from that it is made from.
    pub(super) behind: &'a BTreeSet<Utf8PathBuf>,
    /// The original and the patched one, where their lines are known.
    pub(super) objects: [Option<&'a DebuggedObject<'a>>; 2],
    /// What each hunk is about, in both versions.
    pub(super) about: &'a [[HunkSubject; 2]],
    /// The macros of the files that hunks change, in both versions.
    pub(super) macros: &'a [Macros; 2],
}

pub(crate) const VERSIONS: [BuildVersion; 2] = [BuildVersion::Original, BuildVersion::Patched];

impl HunkReach<'_> {
    /// The hunks that reach `function`.
    pub(super) fn because(
        &self,
        function: &ChangedFunction,
        choice: &CompilerChoice,
    ) -> Vec<HunkReason> {
        let mut found: BTreeMap<usize, HunkReason> = BTreeMap::new();
        keep(&mut found, self.lines(function));
        keep(&mut found, self.extents(function));
        keep(&mut found, self.names(function));
        // Without debug information nobody else tells what is inlined.
        if !self.knows_lines(function) || found.is_empty() && choice.is_none() {
            keep(&mut found, self.called(function));
        }
        if found.is_empty() || is_specialized(function) {
            keep(&mut found, self.calls(function));
        }
        if found.is_empty() && choice.is_none() {
            keep(&mut found, self.variables(function));
        }
        if found.is_empty() && choice.is_none() {
            keep(&mut found, self.files(function));
        }
        found.into_values().collect()
    }

    /// Whether debug information tells where all code of `function` comes from.
    pub(super) fn knows_lines(&self, function: &ChangedFunction) -> bool {
        VERSIONS.iter().all(|version| {
            symbol(function, *version)
                .is_none_or(|symbol| self.object(*version).is_some_and(|it| it.has(symbol)))
        })
    }

    fn object(&self, version: BuildVersion) -> Option<&DebuggedObject<'_>> {
        let [original, patched] = self.objects;
        if version == BuildVersion::Original { original } else { patched }
    }

    /// What code of `function` there is, by debug information, else by the text of the object's source.
    pub(super) fn instances(
        &self,
        function: &ChangedFunction,
        version: BuildVersion,
    ) -> Vec<Instance> {
        let Some(symbol) = symbol(function, version) else { return Vec::new() };
        // gcc can leave out where the code of a function begins.
        if let Some(object) = self.object(version).filter(|object| object.has(symbol)) {
            return object.instances(symbol, self.sources);
        }
        self.defined(symbol, version)
    }

    /// Hunks with lines that code comes from.
    fn lines(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for version in VERSIONS {
            let Some((object, symbol)) = self.object(version).zip(symbol(function, version)) else {
                continue;
            };
            let instances = self.instances(function, version);
            for line in object.code_lines(symbol, self.sources) {
                for (hunk, _) in self.with_line(&line.file, line.line, version) {
                    let through = self.through(&line, &instances, version);
                    let how =
                        if through.is_empty() { ReachKind::Direct } else { ReachKind::Inlined };
                    found.push(HunkReason { hunk, how, through, evidence: Evidence::Lines });
                }
            }
        }
        found
    }

    /// Through what was inlined the code of a line came into the function. Compilers move code between the stretches of what
    /// they inlined, and leave some out. Then the text tells whose it is: of what the code is inlined through, then of what
    /// was inlined there, then of any.
    fn through(
        &self,
        line: &CodeLine,
        instances: &[Instance],
        version: BuildVersion,
    ) -> Vec<String> {
        let blocks = self.sources.blocks(&line.file, version);
        let block = blocks.at(line.line).filter(|block| block.kind == BlockKind::Function);
        let Some(block) = block.filter(|_| !instances.is_empty()) else {
            return line.chain.clone();
        };
        let has_text = |instance: &&Instance| {
            instance.file == line.file && (block.first..=block.last).contains(&instance.line)
        };
        let owners = || instances.iter().filter(has_text).map(|instance| &instance.chain);
        let passed =
            owners().filter(|chain| line.chain.starts_with(chain)).max_by_key(|it| it.len());
        let deeper = || owners().filter(|chain| chain.starts_with(&line.chain));
        let owner = passed.or_else(|| deeper().min_by_key(|chain| chain.len()));
        let name = block.names.first().into_iter();
        owner.map_or_else(|| line.chain.iter().chain(name).cloned().collect(), Clone::clone)
    }

    /// The hunks that change line `line` of `file`.
    fn with_line<'s>(
        &'s self,
        file: &'s Utf8Path,
        line: usize,
        version: BuildVersion,
    ) -> impl Iterator<Item = (usize, &'s TracedHunk)> {
        let of_file = self.hunks.iter().enumerate().filter(move |(_, hunk)| hunk.file == file);
        of_file.filter(move |(_, hunk)| changed(hunk, version).contains(&line))
    }

    /// Hunks in the text of the function, or of one that is inlined into it.
    fn extents(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for version in VERSIONS {
            for instance in self.instances(function, version) {
                let blocks = self.sources.blocks(&instance.file, version);
                let Some(block) = blocks.at(instance.line) else { continue };
                let extent = block.first..=block.last;
                for (hunk, traced) in self.hunks.iter().enumerate() {
                    let is_in = traced.file == instance.file
                        && changed(traced, version)
                            .iter()
                            .any(|line| extent.contains(line) && !blocks.is_blank(&[*line]));
                    if is_in {
                        let through = instance.chain.clone();
                        let how =
                            if through.is_empty() { ReachKind::Direct } else { ReachKind::Inlined };
                        found.push(HunkReason { hunk, how, through, evidence: Evidence::Extent });
                    }
                }
            }
        }
        found
    }

    /// Whether the object can be made from what a hunk changes. Headers that the build makes are made from others, and what
    /// Rust sees of C is.
    pub(super) fn can_read(&self, hunk: &TracedHunk) -> bool {
        let is_rust = self.files.iter().any(|file| file.extension() == Some("rs"));
        let is_behind = self.behind.contains(&hunk.file) || is_rust;
        is_behind && hunk.file.extension() == Some("h")
            || self.files.is_empty()
            || self.files.contains(&hunk.file)
    }

    /// Hunks that are about a macro, a type or data whose name stands in the text of the function.
    fn names(&self, function: &ChangedFunction) -> Vec<HunkReason> {
        let mut found = Vec::new();
        for version in VERSIONS {
            let instances = self.instances(function, version);
            let texts = self.texts(&instances, version);
            let [original, patched] = self.macros;
            let known = if version == BuildVersion::Original { original } else { patched };
            let own = self.own_macros(&instances, version);
            let in_text = UsedWords::of(&texts, &[known, &own]);
            found.extend(self.includes(&in_text, version));
            for (hunk, _) in self.hunks.iter().enumerate().filter(|(_, it)| self.can_read(it)) {
                let Some([original, patched]) = self.about.get(hunk) else { continue };
                let about = if version == BuildVersion::Original { original } else { patched };
                // That a function is exported changes nothing in it, though its name stands there.
                if function.change == Change::Changed && about.is_export {
                    continue;
                }
                let used = about.names.iter().filter_map(|(how, name)| {
                    let (how, through) = (*how, in_text.through(name)?);
                    Some(HunkReason { hunk, how, through, evidence: Evidence::Text })
                });
                found.extend(used);
                let held = about.holders.iter().filter_map(|way| {
                    let (outer, rest) = way.split_first()?;
                    let through = [in_text.through_type(outer)?, rest.to_vec()].concat();
                    Some(HunkReason {
                        hunk,
                        how: ReachKind::Type,
                        through,
                        evidence: Evidence::Text,
                    })
                });
                found.extend(held);
            }
        }
        found
    }

    /// The texts of these functions.
    pub(super) fn texts(
        &self,
        instances: &[Instance],
        version: BuildVersion,
    ) -> BTreeSet<FunctionText> {
        let of = |instance: &Instance| {
            let blocks = self.sources.blocks(&instance.file, version);
            let text = blocks.text(blocks.at(instance.line)?);
            Some(FunctionText { text, is_c: instance.file.extension() != Some("rs") })
        };
        instances.iter().filter_map(of).collect()
    }

    /// The macros of the files that these functions are defined in, where no hunk changes them.
    fn own_macros(&self, instances: &[Instance], version: BuildVersion) -> Macros {
        let mut all = Macros::new();
        let files: BTreeSet<&Utf8Path> =
            instances.iter().map(|instance| instance.file.as_path()).collect();
        for file in files {
            if self.hunks.iter().all(|hunk| hunk.file != file) {
                add_macros(&mut all, &self.sources.blocks(file, version));
            }
        }
        all
    }
}

/// Whether a compiler made `function` for some calls of it.
fn is_specialized(function: &ChangedFunction) -> bool {
    let names = [Some(function.name.as_str()), function.original_name.as_deref()];
    names.iter().flatten().any(|name| name.contains(".constprop.") || name.contains(".isra."))
}

/// Keeps the best reason of each hunk.
fn keep(found: &mut BTreeMap<usize, HunkReason>, all: Vec<HunkReason>) {
    let rank = |it: &HunkReason| (it.evidence, it.how, it.through.len());
    for because in all {
        let known = found.get(&because.hunk);
        if known.is_none_or(|known| rank(&because) < rank(known)) {
            found.insert(because.hunk, because);
        }
    }
}

/// The symbol of `function` in a build.
pub(crate) fn symbol(function: &ChangedFunction, version: BuildVersion) -> Option<&str> {
    let original = function.original_name.as_deref().unwrap_or(&function.name);
    match (version, function.change) {
        (BuildVersion::Original, Change::Added) | (BuildVersion::Patched, Change::Removed) => None,
        (BuildVersion::Original, _) => Some(original),
        (BuildVersion::Patched, _) => Some(&function.name),
    }
}

/// The lines of a version that a hunk is about: those that it removes or adds, and those around what it only removes.
pub(super) fn changed(hunk: &TracedHunk, version: BuildVersion) -> Vec<usize> {
    match version {
        BuildVersion::Original => hunk.removed.clone(),
        BuildVersion::Patched => hunk.added.iter().chain(&hunk.around).copied().collect(),
    }
}
