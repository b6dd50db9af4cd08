//! Objects of the last build that know their source lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildError, BuildVersion, LastBuild, ModuleWorkspace, Workspace, is_lto};
use klp_core::checksum::{Analysis, Digest};
use klp_core::module::RawElf;

use crate::error::Error;
use crate::event::{Events, of_build};
use crate::finished::read;
use crate::kernel::{Kernel, KernelKind};
use crate::session::Session;

/// An object of one of both builds.
pub(crate) type WantedObject = (Utf8PathBuf, BuildVersion);

/// Where the objects are that know their lines, or why there is none.
pub(crate) type ObjectsWithLines = BTreeMap<WantedObject, Result<Utf8PathBuf, String>>;

/// Objects that are to be compiled, with the digest of what each is made from.
type MissingObjects = BTreeMap<BuildVersion, Vec<(Utf8PathBuf, String)>>;

/// The file with the machine code of `object` of the last build; none where it has none.
pub(crate) fn built(
    last: &LastBuild,
    object: &Utf8Path,
    version: BuildVersion,
) -> Option<Utf8PathBuf> {
    let (was, made) = (last.original.join(object), last.patched.join(object));
    let there = |path: Utf8PathBuf| Some(path).filter(|path| path.is_file());
    match version {
        BuildVersion::Original => there(was),
        BuildVersion::Patched => there(made).or_else(|| there(was)),
    }
}

/// Finds those that are `wanted`: the build's own where it has debug information, else what was compiled with it
/// before, else what is compiled with it now.
pub(crate) fn lined(
    kernel: &Kernel,
    session: &Session,
    wanted: &BTreeSet<WantedObject>,
    events: &mut Events<'_>,
) -> Result<ObjectsWithLines, Error> {
    let last = kernel.last_build();
    let (found, missing) = known(&last, wanted)?;
    if missing.is_empty() {
        return Ok(found);
    }
    let Kernel { tree, root, kind, .. } = kernel;
    let interrupt = &session.interrupt;
    let compiler = match kind {
        KernelKind::Module(directory) => {
            let events = &mut of_build(events);
            LineCompiler::Module(ModuleWorkspace::open(tree, directory, root, interrupt, events)?)
        }
        KernelKind::Built | KernelKind::Shipped(_) => {
            LineCompiler::Kernel(Workspace::open(tree, root, interrupt, &mut of_build(events))?)
        }
    };
    with_compiled(found, missing, (&last, &compiler), session, events)
}

/// The same for who has opened `workspace`.
pub(crate) fn lined_in(
    workspace: Workspace,
    session: &Session,
    wanted: &BTreeSet<WantedObject>,
    events: &mut Events<'_>,
) -> Result<ObjectsWithLines, Error> {
    let last = workspace.last_build();
    let (found, missing) = known(&last, wanted)?;
    with_compiled(found, missing, (&last, &LineCompiler::Kernel(workspace)), session, events)
}

/// What compiles objects again, and keeps other runs away from them.
enum LineCompiler {
    Kernel(Workspace),
    Module(ModuleWorkspace),
}

impl LineCompiler {
    fn compile(
        &self,
        objects: &[Utf8PathBuf],
        version: BuildVersion,
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<(), BuildError> {
        let (settings, events) = (session.settings(), &mut of_build(events));
        match self {
            Self::Kernel(workspace) => {
                workspace.compile_with_lines(objects, version, &settings, events)
            }
            Self::Module(workspace) => {
                workspace.compile_with_lines(objects, version, &settings, events)
            }
        }
    }
}

/// What is there, and what is not: objects with the digest of what each is made from.
fn known(
    last: &LastBuild,
    wanted: &BTreeSet<WantedObject>,
) -> Result<(ObjectsWithLines, MissingObjects), Error> {
    let (mut found, mut missing) = (ObjectsWithLines::new(), MissingObjects::new());
    let is_lto = is_lto(&last.kernel);
    for (object, version) in wanted {
        let key = (object.clone(), *version);
        let Some(plain) = built(last, object, *version) else { continue };
        let input = read(&plain)?;
        // A patched object was compiled with the numbers that lines had before.
        let is_patched = *version == BuildVersion::Patched;
        let has = RawElf::parse(&input).is_ok_and(|elf| elf.section_named(".debug_info").is_some());
        let digest = source_digest(last, &input, *version);
        let again = last.lines(*version).join(object);
        if is_lto {
            let path = if has { Ok(plain) } else { Err(LTO.to_owned()) };
            found.insert(key, path);
        } else if has && !is_patched {
            found.insert(key, Ok(plain));
        } else if again.is_file()
            && fs_err::read_to_string(stamp(&again)).is_ok_and(|it| it == digest)
        {
            found.insert(key, Ok(again));
        } else {
            missing.entry(*version).or_default().push((object.clone(), digest));
        }
    }
    Ok((found, missing))
}

/// `found`, and what was `missing`, which is compiled.
fn with_compiled(
    mut found: ObjectsWithLines,
    missing: MissingObjects,
    (last, compiler): (&LastBuild, &LineCompiler),
    session: &Session,
    events: &mut Events<'_>,
) -> Result<ObjectsWithLines, Error> {
    for (version, objects) in missing {
        let paths: Vec<Utf8PathBuf> = objects.iter().map(|(object, _)| object.clone()).collect();
        for object in &paths {
            // A run that is killed here leaves nothing that a later one believes.
            let stamp = stamp(&last.lines(version).join(object));
            match fs_err::remove_file(&stamp) {
                Err(source) if source.kind() != ErrorKind::NotFound => {
                    return Err(Error::Write { path: stamp, source });
                }
                _ => {}
            }
        }
        let result = compiler.compile(&paths, version, session, events);
        let why = match result {
            Err(error) if error.is_interrupt() => return Err(error.into()),
            Err(error) => error.to_string(),
            Ok(()) => "neither C nor Rust".to_owned(),
        };
        for (object, digest) in objects {
            let path = last.lines(version).join(&object);
            let plain = built(last, &object, version);
            let is_same = || -> Result<bool, Error> {
                let Some(plain) = plain.filter(|_| version == BuildVersion::Original) else {
                    return Ok(true);
                };
                Ok(functions(&plain)? == functions(&path)?)
            };
            let made = if !path.is_file() {
                Err(why.clone())
            } else if is_same()? {
                let stamp = stamp(&path);
                fs_err::write(&stamp, digest)
                    .map_err(|source| Error::Write { path: stamp, source })?;
                Ok(path)
            } else {
                Err("compiled with debug information, it is other code".to_owned())
            };
            found.insert((object, version), made);
        }
    }
    Ok(found)
}

const LTO: &str = "objects of a kernel with LTO are no machine code, and what was linked from them has no debug \
                   information (CONFIG_DEBUG_INFO)";

/// What an object with lines is made from: the same object can come from sources with other lines.
fn source_digest(last: &LastBuild, object: &[u8], version: BuildVersion) -> String {
    let mut all = blake3::Hasher::new();
    all.update(blake3::hash(object).as_bytes());
    for path in last.records_of_sources(version) {
        // What is not there has no part in it.
        let text = fs_err::read(path).unwrap_or_default();
        all.update(blake3::hash(&text).as_bytes());
    }
    all.finalize().to_hex().to_string()
}

/// The file that says what this was made from.
fn stamp(object: &Utf8Path) -> Utf8PathBuf {
    Utf8PathBuf::from(format!("{object}.of"))
}

/// A function by name and digest; a refused one has none.
type NamedDigest = (Vec<u8>, Option<Digest>);

/// The functions of an object; none where it cannot be read.
fn functions(path: &Utf8Path) -> Result<Option<Vec<NamedDigest>>, Error> {
    let input = read(path)?;
    let Ok(analysis) = Analysis::of(&input) else { return Ok(None) };
    let digests = analysis.checksums().functions.digests;
    let names = analysis.layout.functions.iter().map(|function| {
        let symbol = function.symbols.first().map(|symbol| analysis.elf.symbol(*symbol));
        symbol.map(|symbol| symbol.name.to_vec()).unwrap_or_default()
    });
    let mut all: Vec<_> = names.zip(digests.into_iter().map(Result::ok)).collect();
    all.sort();
    Ok(Some(all))
}
