//! Both versions of changed functions, instruction by instruction.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildVersion, is_lto};
use klp_core::checksum::{self, Analysis, Digest};
use klp_core::diff::Changes;
use klp_core::explain::{self, AlignedRow};
use klp_core::ids::List;
use klp_core::input::Input;
use klp_core::layout::FunctionId;
use klp_core::record::{Change, ChangedFunction, Record};

use crate::cache::{Cache, CachePath, CachedObject};
use crate::checksums::Checksums;
use crate::error::Error;
use crate::finished::read;
use crate::kernel::Kernel;
use crate::lines::built;
use crate::operands::in_words;
use crate::why::file_of;

/// A function of the changed-function set.
#[derive(Debug)]
pub struct Explained {
    /// What is known of it.
    pub function: ChangedFunction,
    /// Both versions side by side.
    pub rows: Vec<AlignedRow>,
}

/// A function, and both versions of it where they were found.
type FunctionRows = (ChangedFunction, Option<Vec<AlignedRow>>);

/// The files that have a function before and after the patch.
type FunctionFiles = (Option<Utf8PathBuf>, Option<Utf8PathBuf>);

impl Kernel {
    /// The functions that the last build found changed: those of these `names`, or all where there are none.
    pub fn explain(&self, names: &[String]) -> Result<Vec<Explained>, Error> {
        let functions = self.last_records()?.into_iter().filter_map(|record| match record {
            Record::Function(function) => Some(function),
            _ => None,
        });
        let last = self.last_build();
        let is_lto = is_lto(&last.kernel);
        let files = |function: &ChangedFunction| {
            let object = file_of(function, is_lto);
            let of = |version| built(&last, &object, version);
            (of(BuildVersion::Original), of(BuildVersion::Patched))
        };
        explained(chosen(functions, names)?, files, &self.digests())
    }
}

impl Kernel {
    /// Whether `changes` are still what the last build with a patch found: another one takes their place, and removes them
    /// when it begins.
    #[must_use]
    pub fn has_results(&self, changes: &Changes) -> bool {
        self.last_records().is_ok_and(|records| records.into_iter().eq(changes.records()))
    }

    /// What the last build with a patch found.
    pub(crate) fn last_records(&self) -> Result<Vec<Record>, Error> {
        let path = &self.results;
        let text = fs_err::read(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NoResults { path: path.clone() },
            _ => Error::Read { path: path.clone(), source },
        })?;
        serde_json::from_slice(&text)
            .map_err(|source| Error::Results { path: path.clone(), source })
    }
}

/// `functions` of two files that were compared: those of these `names`, or all where there are none.
pub fn explain_files(
    functions: Vec<ChangedFunction>,
    (original, patched): (&Utf8Path, &Utf8Path),
    names: &[String],
    cache: &Cache,
) -> Result<Vec<Explained>, Error> {
    let files = |_: &ChangedFunction| (Some(original.to_owned()), Some(patched.to_owned()));
    explained(chosen(functions.into_iter(), names)?, files, cache)
}

/// The functions of `changes`, which were found between `original` and `patched`: those whose objects are there.
pub fn explain_compared(
    changes: &Changes,
    original: &Checksums<'_>,
    patched: &Checksums<'_>,
) -> Result<Vec<Explained>, Error> {
    let file =
        |side: &Checksums<'_>, index: Option<usize>| side.file(index?).map(Utf8Path::to_owned);
    let functions = changes.functions.iter().cloned().enumerate().map(|(number, function)| {
        let objects = changes.objects_of(number);
        (function, (file(original, objects.original), file(patched, objects.patched)))
    });
    let listed = listed(functions, &Cache::default())?.into_iter();
    Ok(listed.filter_map(|(function, rows)| Some(Explained { function, rows: rows? })).collect())
}

/// The functions that one of `names` means, as symbol or as path.
pub(crate) fn chosen(
    functions: impl Iterator<Item = ChangedFunction>,
    names: &[String],
) -> Result<Vec<ChangedFunction>, Error> {
    let is = |function: &ChangedFunction, name: &str| {
        let others = [function.original_name.as_deref(), function.demangled.as_deref()];
        let is_alias = || function.aliases.iter().any(|alias| alias == name);
        function.name == name || others.contains(&Some(name)) || is_alias()
    };
    let functions: Vec<ChangedFunction> = functions.collect();
    let is_there = |name: &&String| functions.iter().any(|function| is(function, name));
    if let Some(name) = names.iter().find(|name| !is_there(name)) {
        return Err(Error::NotChanged { name: name.clone() });
    }
    let mut chosen = functions;
    chosen.retain(|function| names.is_empty() || names.iter().any(|name| is(function, name)));
    Ok(chosen)
}

fn explained(
    functions: Vec<ChangedFunction>,
    files: impl Fn(&ChangedFunction) -> FunctionFiles,
    cache: &Cache,
) -> Result<Vec<Explained>, Error> {
    let functions = functions.into_iter().map(|function| {
        let files = files(&function);
        (function, files)
    });
    let listed = listed(functions, cache)?.into_iter().map(|(function, rows)| match rows {
        Some(rows) => Ok(Explained { function, rows }),
        None => Err(Error::OtherObjects { object: function.object.into() }),
    });
    listed.collect()
}

/// The rows of each function; none where its files are not those that it was found in.
fn listed(
    functions: impl Iterator<Item = (ChangedFunction, FunctionFiles)>,
    cache: &Cache,
) -> Result<Vec<FunctionRows>, Error> {
    let mut by_files: BTreeMap<FunctionFiles, Vec<ChangedFunction>> = BTreeMap::new();
    for (function, files) in functions {
        by_files.entry(files).or_default().push(function);
    }
    let mut all = Vec::new();
    for ((original, patched), functions) in by_files {
        let (before, after) = (open(original.as_deref())?, open(patched.as_deref())?);
        let before = before.as_ref().map(|file| ExplainedObject::of(file, cache)).transpose()?;
        let after = after.as_ref().map(|file| ExplainedObject::of(file, cache)).transpose()?;
        for function in functions {
            let rows = rows(&function, before.as_ref(), after.as_ref());
            all.push((function, rows));
        }
    }
    Ok(all)
}

fn open(path: Option<&Utf8Path>) -> Result<Option<(Utf8PathBuf, Input)>, Error> {
    path.map(|path| Ok((path.to_owned(), read(path)?))).transpose()
}

/// An object and the digests of its functions.
struct ExplainedObject<'i> {
    analysis: Analysis<'i>,
    digests: List<FunctionId, Option<Digest>>,
}

impl<'i> ExplainedObject<'i> {
    /// Of a large object `cache` has the digests of who compared it.
    fn of((path, input): &'i (Utf8PathBuf, Input), cache: &Cache) -> Result<Self, Error> {
        let analysis = Analysis::of(input)
            .map_err(|source| Error::Object { path: path.to_owned(), source })?;
        let known = cache.place(input).as_ref().and_then(CachePath::find);
        let (digests, boundaries) = if let Some(CachedObject { object, boundaries, .. }) = known {
            (object.functions.iter().map(|function| function.checksum).collect(), boundaries)
        } else {
            let checksum::ObjectDigests { functions, boundaries, .. } = analysis.checksums();
            (functions.digests.into_iter().map(Result::ok).collect(), boundaries)
        };
        Ok(Self { analysis: analysis.with_boundaries(boundaries), digests })
    }

    /// The function of that name with that `digest`.
    fn find(&self, name: &str, digest: Option<&Digest>) -> Option<(&Analysis<'i>, FunctionId)> {
        let is_it = |id: &FunctionId| self.digests.get(*id).and_then(Option::as_ref) == digest;
        let function = explain::named(&self.analysis, name).into_iter().find(is_it)?;
        Some((&self.analysis, function))
    }
}

/// Both versions of `function`; none where the objects are not those that it was found in.
fn rows(
    function: &ChangedFunction,
    before: Option<&ExplainedObject<'_>>,
    after: Option<&ExplainedObject<'_>>,
) -> Option<Vec<AlignedRow>> {
    let original = function.original_name.as_deref().unwrap_or(&function.name);
    let was = || before?.find(original, function.original_checksum.as_ref());
    let is = || after?.find(&function.name, function.patched_checksum.as_ref());
    let lines =
        |(analysis, function): (&Analysis<'_>, FunctionId)| explain::lines(analysis, function);
    Some(match function.change {
        Change::Changed => explain::rows(was()?, is()?).into_iter().map(in_words).collect(),
        Change::Removed => lines(was()?).into_iter().map(AlignedRow::Removed).collect(),
        Change::Added => lines(is()?).into_iter().map(AlignedRow::Added).collect(),
    })
}
