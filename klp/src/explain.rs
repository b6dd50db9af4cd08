//! Both versions of changed functions, instruction by instruction.

use std::collections::BTreeMap;
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::is_lto;
use klp_core::checksum::{Analysis, Digest};
use klp_core::explain::{self, Row};
use klp_core::record::{Change, Function, Record};

use crate::error::Error;
use crate::finished::read;
use crate::kernel::Kernel;

/// A function of the changed-function set.
#[derive(Debug)]
pub struct Explained {
    /// What is known of it.
    pub function: Function,
    /// Both versions side by side.
    pub rows: Vec<Row>,
}

/// The files that have a function before and after the patch.
type Files = (Option<Utf8PathBuf>, Option<Utf8PathBuf>);

impl Kernel {
    /// The functions that the last build found changed: those of these `names`, or all where there are none.
    pub fn explain(&self, names: &[String]) -> Result<Vec<Explained>, Error> {
        let path = &self.results;
        let text = fs_err::read(path).map_err(|source| match source.kind() {
            ErrorKind::NotFound => Error::NoResults { path: path.clone() },
            _ => Error::Read { path: path.clone(), source },
        })?;
        let records: Vec<Record> = serde_json::from_slice(&text)
            .map_err(|source| Error::Results { path: path.clone(), source })?;
        let functions = records.into_iter().filter_map(|record| match record {
            Record::Function(function) => Some(function),
            _ => None,
        });
        let build = match self.module() {
            Some(_) => return Err(Error::NoObjectsOfModule),
            None => self.root.join("build"),
        };
        let patched = self.root.join("patched");
        let is_lto = is_lto(&build);
        let files = |function: &Function| {
            let object = match (is_lto, function.linked.as_deref()) {
                (true, Some("vmlinux")) => "vmlinux.o".to_owned(),
                (true, Some(module)) => format!("{module}.o"),
                _ => function.object.clone(),
            };
            let made = Some(patched.join(&object)).filter(|path| path.is_file());
            let was = Some(build.join(&object)).filter(|path| path.is_file());
            (was.clone(), made.or(was))
        };
        explained(chosen(functions, names)?, files)
    }
}

/// `functions` of two files that were compared: those of these `names`, or all where there are none.
pub fn explain_files(
    functions: Vec<Function>,
    (original, patched): (&Utf8Path, &Utf8Path),
    names: &[String],
) -> Result<Vec<Explained>, Error> {
    let files = |_: &Function| (Some(original.to_owned()), Some(patched.to_owned()));
    explained(chosen(functions.into_iter(), names)?, files)
}

/// The functions that one of `names` means, as symbol or as path.
fn chosen(
    functions: impl Iterator<Item = Function>,
    names: &[String],
) -> Result<Vec<Function>, Error> {
    let is = |function: &Function, name: &str| {
        let others = [function.original_name.as_deref(), function.demangled.as_deref()];
        function.name == name || others.contains(&Some(name))
    };
    let functions: Vec<Function> = functions.collect();
    let is_there = |name: &&String| functions.iter().any(|function| is(function, name));
    if let Some(name) = names.iter().find(|name| !is_there(name)) {
        return Err(Error::NotChanged { name: name.clone() });
    }
    let mut chosen = functions;
    chosen.retain(|function| names.is_empty() || names.iter().any(|name| is(function, name)));
    Ok(chosen)
}

fn explained(
    functions: Vec<Function>,
    files: impl Fn(&Function) -> Files,
) -> Result<Vec<Explained>, Error> {
    let mut by_files: BTreeMap<Files, Vec<Function>> = BTreeMap::new();
    for function in functions {
        by_files.entry(files(&function)).or_default().push(function);
    }
    let mut all = Vec::new();
    for ((original, patched), functions) in by_files {
        let (before, after) = (open(original.as_deref())?, open(patched.as_deref())?);
        let before = before.as_ref().map(|(path, input)| analysis(path, input)).transpose()?;
        let after = after.as_ref().map(|(path, input)| analysis(path, input)).transpose()?;
        for function in functions {
            let rows = rows(&function, before.as_ref(), after.as_ref());
            all.push(Explained { function, rows });
        }
    }
    Ok(all)
}

fn open(path: Option<&Utf8Path>) -> Result<Option<(Utf8PathBuf, klp_core::input::Input)>, Error> {
    path.map(|path| Ok((path.to_owned(), read(path)?))).transpose()
}

fn analysis<'i>(path: &Utf8Path, input: &'i [u8]) -> Result<Analysis<'i>, Error> {
    Analysis::of(input).map_err(|source| Error::Object { path: path.to_owned(), source })
}

fn rows(
    function: &Function,
    before: Option<&Analysis<'_>>,
    after: Option<&Analysis<'_>>,
) -> Vec<Row> {
    let original = function.original_name.as_deref().unwrap_or(&function.name);
    let was = |digest: &Option<Digest>| {
        before.and_then(|before| Some((before, number(before, original, digest.as_ref())?)))
    };
    let is = |digest: &Option<Digest>| {
        after.and_then(|after| Some((after, number(after, &function.name, digest.as_ref())?)))
    };
    let original = was(&function.original_checksum).filter(|_| function.change != Change::Added);
    let patched = is(&function.patched_checksum).filter(|_| function.change != Change::Removed);
    match (original, patched) {
        (Some(original), Some(patched)) => explain::rows(original, patched),
        (Some((before, number)), None) => {
            explain::lines(before, number).into_iter().map(Row::Removed).collect()
        }
        (None, Some((after, number))) => {
            explain::lines(after, number).into_iter().map(Row::Added).collect()
        }
        (None, None) => Vec::new(),
    }
}

/// The function of that name; where several have it, the one with that `digest`.
fn number(analysis: &Analysis<'_>, name: &str, digest: Option<&Digest>) -> Option<usize> {
    match explain::named(analysis, name).as_slice() {
        [] => None,
        [only] => Some(*only),
        several => {
            let digests = analysis.checksums().functions.digests;
            let is_it = |number: &&usize| {
                let own = digests.get(**number).and_then(|digest| digest.as_ref().ok());
                own.is_some() && own == digest
            };
            several.iter().find(is_it).copied()
        }
    }
}
