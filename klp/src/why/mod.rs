//! Why a function is in the changed-function set: which hunks of the patches reach it, and how.

mod about;
pub(crate) mod blocks;
pub(crate) mod called;
mod calls;
mod choice;
mod comments;
mod conditionals;
mod defined;
mod files;
mod holders;
mod includes;
mod instances;
mod items;
mod made;
mod named;
mod nothing;
mod open;
mod reach;
pub(crate) mod sources;
mod text;
mod uses;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    AppliedPatches, BuildError, BuildVersion, Config, LastBuild, SavedCommand, TracedHunk, is_lto,
};
use klp_core::input::Input;
use klp_core::record::{Change, ChangedFunction, Record};

use crate::error::Error;
use crate::event::{Event, Events};
use crate::explain::chosen;
use crate::finished::read;
use crate::kernel::Kernel;
use crate::lines::{ObjectsWithLines, WantedObject, lined};
use crate::session::Session;

pub use choice::CompilerChoice;
pub use nothing::NoEffect;
pub use reach::{Evidence, HunkReason, ReachKind};
pub use words::hunk_words;

use about::HunkSubject;
use instances::DebuggedObject;
use made::{built_of, files_of, generators};
use open::OpenChanges;
use reach::HunkReach;
pub(crate) use reach::{VERSIONS, symbol};
use sources::Sources;
use uses::{Macros, add_macros};

/// What the hunks of the last build's patches did.
#[derive(Debug, Default)]
pub struct Why {
    /// Each hunk, in the order of the patches.
    pub hunks: Vec<HunkReached>,
    /// Each function of the changed-function set, in its order.
    pub functions: Vec<FunctionReached>,
}

/// A hunk, and what it reached.
#[derive(Debug)]
pub struct HunkReached {
    /// The hunk.
    pub hunk: TracedHunk,
    /// The functions that it reached, as numbers of [`Why::functions`].
    pub functions: Vec<usize>,
    /// The symbols of the data that all of it is about, and that changed.
    pub data: Vec<String>,
    /// Why it reached none, and a sentence about it; none also where not all functions were asked for.
    pub nothing: Option<(NoEffect, String)>,
}

/// A function of the changed-function set, and what reached it.
#[derive(Debug, Clone)]
pub struct FunctionReached {
    /// What is known of it.
    pub function: ChangedFunction,
    /// The hunks that reach it; none: the compiler chose otherwise, if that is known.
    pub because: Vec<HunkReason>,
    /// Whether a hunk can reach it of which nobody knows what it changes.
    pub is_open: bool,
    /// Whether debug information tells where its code comes from.
    pub has_lines: bool,
    /// What the compiler did otherwise.
    pub choice: CompilerChoice,
}

impl Kernel {
    /// What the hunks of the last build's patches did to functions of these `names`, or to all where there are none. Objects
    /// are compiled again with debug information, beside the build, where that was not done yet.
    pub fn why(
        &self,
        names: &[String],
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<Why, Error> {
        let records = self.last_records()?;
        let last = self.last_build();
        let Some(AppliedPatches { hunks, changes }) = last.patching()? else {
            let why = BuildError::PatchesGone;
            let told = format!("nothing tells because of which hunks functions changed: {why}");
            events(Event::Warning(told));
            return Ok(Why::default());
        };
        let sources = Sources::new(last.sources.clone(), changes);
        let functions = chosen(records.iter().filter_map(function).cloned(), names)?;
        let functions: Vec<&ChangedFunction> = functions.iter().collect();
        let lined = self.objects_of(&functions, session, events)?;
        let objects = read_all(&lined, events)?;
        let real: Vec<TracedHunk> =
            hunks.iter().map(|hunk| comments::without_comments(hunk, &sources)).collect();
        let asked = WhyQuestion { last: &last, hunks: &real, sources: &sources };
        let mut reached = asked.functions(&functions, &objects);
        let is_whole = names.is_empty();
        // Where not all are asked for, the others of an object tell which hunks are no reason for those that are.
        let has_open = reached.iter().any(|it| it.because.is_empty());
        let others = if is_whole || !has_open {
            Vec::new()
        } else {
            asked.functions(&beside(&functions, &records), &objects)
        };
        let config = Config::read(&last.kernel.join(".config"))?;
        let known = reached.iter().chain(&others).cloned().collect::<Vec<FunctionReached>>();
        let open = OpenChanges::of(&asked, &known, &records);
        let about = nothing::NothingContext {
            sources: &sources,
            config: &config,
            records: &records,
            built: if is_whole || has_open {
                built_of(&last, &hunks, session)?
            } else {
                BTreeSet::new()
            },
            open,
        };
        let mut all: Vec<HunkReached> = Vec::new();
        for (number, (hunk, real)) in hunks.iter().zip(&real).enumerate() {
            let is_of = |it: &FunctionReached| it.because.iter().any(|it| it.hunk == number);
            let nothing = (!known.iter().any(is_of)).then(|| about.nothing(real));
            if matches!(nothing, Some((NoEffect::NotTraced, _))) {
                open::keep(&about.open, number, &hunk.file, &mut reached);
            }
            let functions: Vec<usize> =
                (0..reached.len()).filter(|it| reached.get(*it).is_some_and(is_of)).collect();
            let nothing = nothing.filter(|_| functions.is_empty() && is_whole);
            let data = about.data(real);
            all.push(HunkReached { hunk: hunk.clone(), functions, data, nothing });
        }
        Ok(Why { hunks: all, functions: reached })
    }

    /// The objects of these functions that know their lines.
    pub(crate) fn objects_of(
        &self,
        functions: &[&ChangedFunction],
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<ObjectsWithLines, Error> {
        let is_lto = is_lto(&self.last_build().kernel);
        let mut wanted: BTreeSet<WantedObject> = BTreeSet::new();
        for function in functions {
            let object = file_of(function, is_lto);
            let versions: &[BuildVersion] = match function.change {
                Change::Changed => &[BuildVersion::Original, BuildVersion::Patched],
                Change::Added => &[BuildVersion::Patched],
                Change::Removed => &[BuildVersion::Original],
            };
            wanted.extend(versions.iter().map(|version| (object.clone(), *version)));
        }
        lined(self, session, &wanted, events)
    }
}

/// The file of a build that has the machine code of `function`.
pub(crate) fn file_of(function: &ChangedFunction, is_lto: bool) -> Utf8PathBuf {
    file_in(&function.object, function.linked.as_deref(), is_lto)
}

/// The file of a build that has the code and the data of `object`, which is linked into something.
pub(crate) fn file_in(object: &str, linked: Option<&str>, is_lto: bool) -> Utf8PathBuf {
    match linked {
        Some("vmlinux") if is_lto => "vmlinux.o".into(),
        Some(module) if is_lto => format!("{module}.o").into(),
        _ => object.into(),
    }
}

/// The changed functions among `records` that are in objects of `functions`, and none of these.
fn beside<'r>(functions: &[&ChangedFunction], records: &'r [Record]) -> Vec<&'r ChangedFunction> {
    let all = records.iter().filter_map(function).filter(|it| !functions.contains(it));
    all.filter(|it| functions.iter().any(|own| own.object == it.object)).collect()
}

fn function(record: &Record) -> Option<&ChangedFunction> {
    match record {
        Record::Function(function) => Some(function),
        _ => None,
    }
}

/// The bytes of all that were found; what was not is told.
fn read_all(
    lined: &ObjectsWithLines,
    events: &mut Events<'_>,
) -> Result<BTreeMap<WantedObject, Input>, Error> {
    let mut inputs = BTreeMap::new();
    for ((object, version), path) in lined {
        match path {
            Ok(path) => drop(inputs.insert((object.clone(), *version), read(path)?)),
            Err(why) => {
                events(Event::Warning(format!("the lines of {object} are not known: {why}")));
            }
        }
    }
    Ok(inputs)
}

/// What is asked about.
struct WhyQuestion<'a> {
    last: &'a LastBuild,
    hunks: &'a [TracedHunk],
    sources: &'a Sources,
}

impl WhyQuestion<'_> {
    /// What reached each of `functions`.
    fn functions(
        &self,
        functions: &[&ChangedFunction],
        inputs: &BTreeMap<WantedObject, Input>,
    ) -> Vec<FunctionReached> {
        let is_lto = is_lto(&self.last.kernel);
        // What is linked of several objects has the code of each.
        let mut by_object: BTreeMap<(Utf8PathBuf, &Utf8Path), Vec<usize>> = BTreeMap::new();
        for (number, function) in functions.iter().enumerate() {
            let key = (file_of(function, is_lto), Utf8Path::new(&function.object));
            by_object.entry(key).or_default().push(number);
        }
        let behind = self.behind();
        let objects: BTreeSet<&Utf8Path> = by_object.keys().map(|(_, object)| *object).collect();
        let about = self.about(&objects);
        let macros = VERSIONS.map(|version| self.macros(version));
        let known: BTreeMap<&WantedObject, DebuggedObject<'_>> = inputs
            .iter()
            .filter_map(|(key, input)| Some((key, DebuggedObject::of(input)?)))
            .collect();
        let mut found: BTreeMap<usize, FunctionReached> = BTreeMap::new();
        for ((file, object), numbers) in by_object {
            let input = |version| inputs.get(&(file.clone(), version));
            let of = |version| known.get(&(file.clone(), version));
            let (before, after) = (of(BuildVersion::Original), of(BuildVersion::Patched));
            let own: Vec<&ChangedFunction> =
                numbers.iter().filter_map(|number| functions.get(*number).copied()).collect();
            let reach = HunkReach {
                hunks: self.hunks,
                sources: self.sources,
                source: self.source_of(object),
                files: self.files_of(object),
                only: self.only(object),
                behind: &behind,
                objects: [before, after],
                about: &about,
                macros: &macros,
            };
            let choices = choice::choices(
                &reach,
                &own,
                [BuildVersion::Original, BuildVersion::Patched].map(input),
            );
            for (number, (function, choice)) in
                numbers.into_iter().zip(own.into_iter().zip(choices))
            {
                let because = reach.because(function, &choice);
                let has_lines = reach.knows_lines(function);
                let function = function.clone();
                let is_open = false;
                let reached = FunctionReached { function, because, is_open, has_lines, choice };
                found.insert(number, reached);
            }
        }
        found.into_values().collect()
    }

    /// What each hunk is about in both versions, for functions of `objects`.
    fn about(&self, objects: &BTreeSet<&Utf8Path>) -> Vec<[HunkSubject; 2]> {
        let of = |hunk: &TracedHunk| {
            VERSIONS.map(|version| {
                HunkSubject::of(&self.sources.blocks(&hunk.file, version), hunk, version)
            })
        };
        let mut about: Vec<[HunkSubject; 2]> = self.hunks.iter().map(of).collect();
        let types: BTreeSet<String> = about.iter().flatten().flat_map(HunkSubject::types).collect();
        if !types.is_empty() {
            let mut headers: BTreeSet<Utf8PathBuf> =
                objects.iter().flat_map(|object| self.files_of(object)).collect();
            headers.retain(|path| path.extension() == Some("h"));
            let holders = holders::holders(types, &headers, self.sources);
            about.iter_mut().flatten().for_each(|about| about.held(&holders));
        }
        about
    }

    /// The macros of the files that hunks change.
    fn macros(&self, version: BuildVersion) -> Macros {
        let mut all = Macros::new();
        let files: BTreeSet<&Utf8PathBuf> = self.hunks.iter().map(|hunk| &hunk.file).collect();
        for file in files {
            add_macros(&mut all, &self.sources.blocks(file, version));
        }
        all
    }

    /// All that an object is made from, before or after the patches.
    fn files_of(&self, object: &Utf8Path) -> BTreeSet<Utf8PathBuf> {
        let LastBuild { original, patched, .. } = self.last;
        let roots = [patched, original].into_iter();
        roots.flat_map(|root| files_of(self.last, root, object)).collect()
    }

    /// What only the original of an object, and only the patched one, is made from.
    fn only(&self, object: &Utf8Path) -> [BTreeSet<Utf8PathBuf>; 2] {
        let [was, is] =
            [&self.last.original, &self.last.patched].map(|root| files_of(self.last, root, object));
        if was.is_empty() || is.is_empty() {
            return Default::default();
        }
        [was.difference(&is).cloned().collect(), is.difference(&was).cloned().collect()]
    }

    /// What is read where the build makes headers and sources.
    fn behind(&self) -> BTreeSet<Utf8PathBuf> {
        if self.hunks.iter().all(|hunk| hunk.file.extension() != Some("h")) {
            return BTreeSet::new();
        }
        let original = &self.last.original;
        let made_by = generators(original).into_iter();
        made_by.flat_map(|target| files_of(self.last, original, &target)).collect()
    }

    /// The source that an object is made from, inside of the sources.
    fn source_of(&self, object: &Utf8Path) -> Option<Utf8PathBuf> {
        let roots = [&self.last.patched, &self.last.original];
        let source =
            roots.iter().find_map(|root| SavedCommand::of_target(root, object).ok()?.source)?;
        self.sources.inside(source.as_str()).map(Utf8Path::to_owned)
    }
}
