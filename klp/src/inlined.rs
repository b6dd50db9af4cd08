//! Where functions have gone: inlined, cloned, merged.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{Version, kept_objects};
use klp_core::debug::{Debug, DebugError};
use klp_core::inlined::{Went, went};

use crate::error::Error;
use crate::event::{Event, Events};
use crate::finished::read;
use crate::kernel::Kernel;
use crate::lines::lined;
use crate::session::Session;

/// Where functions went in one object.
#[derive(Debug)]
pub struct Gone {
    /// The object: relative to the build, or as it was named.
    pub object: Utf8PathBuf,
    /// Each function that it knows anything of.
    pub functions: Vec<Went>,
}

/// More objects than this are not compiled again to answer a question.
const MOST: usize = 200;

impl Kernel {
    /// Where the functions of these `names` went in the original kernel of the last build: in those objects whose sources
    /// have the name in them.
    pub fn inlined(
        &self,
        names: &[String],
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<Vec<Gone>, Error> {
        let kept = match self.module() {
            Some(_) => return Err(Error::NoObjectsOfModule),
            None => kept_objects(&self.root)?,
        };
        let (root, objects) =
            kept.ok_or_else(|| Error::NoOriginal { path: self.root.join("build") })?;
        let candidates = session.on_threads(|| {
            kbuild_glue::mentioning(&root, &self.root.join("mirror"), &objects, names)
        })??;
        if candidates.len() > MOST {
            let (count, names) = (candidates.len(), names.join(", "));
            return Err(Error::TooManyObjects { names, count, most: MOST });
        }
        let objects = candidates.len();
        events(Event::Reading { objects });
        let wanted: BTreeSet<_> =
            candidates.into_iter().map(|object| (object, Version::Original)).collect();
        let lined = lined(self, session, &wanted, events)?;
        let mirror = self.root.join("mirror");
        let mut all = Vec::new();
        for ((object, _), path) in lined {
            match path {
                Ok(path) => {
                    let mut gone = gone(&path, object, names)?;
                    for went in gone.iter_mut().flat_map(|gone| &mut gone.functions) {
                        went.shorten(&format!("{mirror}/"));
                    }
                    all.extend(gone);
                }
                Err(why) => events(Event::Warning(format!("{object} was not looked at: {why}"))),
            }
        }
        found(all, names)
    }
}

/// Where the functions of these `names` went in the object, module or kernel `file`.
pub fn inlined_in(file: &Utf8Path, names: &[String]) -> Result<Vec<Gone>, Error> {
    found(gone(file, file.to_owned(), names)?.into_iter().collect(), names)
}

/// What the file at `path` says; nothing where it knows none of the functions.
fn gone(path: &Utf8Path, object: Utf8PathBuf, names: &[String]) -> Result<Option<Gone>, Error> {
    let input = read(path)?;
    let failed = |source| Error::Debug { path: path.to_owned(), source };
    let debug = Debug::of(&input).map_err(failed)?;
    let mut functions = went(&input, &debug, names).map_err(DebugError::from).map_err(failed)?;
    functions.retain(|function| !function.is_nowhere());
    Ok((!functions.is_empty()).then_some(Gone { object, functions }))
}

/// All of them, or the first name that nothing is known of.
fn found(all: Vec<Gone>, names: &[String]) -> Result<Vec<Gone>, Error> {
    let is_there = |name: &&String| {
        let mut functions = all.iter().flat_map(|gone| &gone.functions);
        functions.any(|function| function.function == **name)
    };
    match names.iter().find(|name| !is_there(name)) {
        Some(name) => Err(Error::NowhereInlined { name: name.clone() }),
        None => Ok(all),
    }
}
