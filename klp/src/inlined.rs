//! Where functions have gone: inlined, cloned, merged.

use std::collections::BTreeSet;

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{
    BuildVersion, LastBuild, Reads, StockParts, StockTouched, Workspace, kept_objects,
    linked_modules,
};
use klp_core::debug::{DebugError, DebugInfo};
use klp_core::inlined::{Whereabouts, went};

use crate::error::Error;
use crate::event::{Event, Events, of_build};
use crate::finished::read;
use crate::kernel::{Kernel, KernelKind};
use crate::lines::{ObjectsWithLines, WantedObject, lined, lined_in};
use crate::naming::Naming;
use crate::proofs::Proofs;
use crate::session::Session;

/// Where functions went in one object.
#[derive(Debug)]
pub struct ObjectWhereabouts {
    /// The object: relative to the build, or as it was named.
    pub object: Utf8PathBuf,
    /// Each function that it knows anything of.
    pub functions: Vec<Whereabouts>,
}

/// More objects than this are not compiled again to answer a question.
const MOST: usize = 200;
/// The same of a kernel that was shipped, where each is compiled twice.
const MOST_SHIPPED: usize = 50;

impl Kernel {
    /// Where the functions of these `names` went, in `object` or in those objects which the sources say can have something
    /// of them: in the original kernel of the last build, or in a kernel that was shipped, as far as what is compiled here
    /// is proven to be what was shipped.
    pub fn inlined(
        &self,
        names: &[String],
        object: Option<&Utf8Path>,
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<Vec<ObjectWhereabouts>, Error> {
        let lined = match &self.kind {
            KernelKind::Module(_) => self.lined_of_module(object, session, events)?,
            KernelKind::Built => self.lined_of_build(names, object, session, events)?,
            KernelKind::Shipped(parts) => {
                self.lined_of_shipped(parts, names, object, session, events)?
            }
        };
        let sources = self.last_build().sources;
        let mut all = Vec::new();
        for ((object, _), path) in lined {
            match path {
                Ok(path) => {
                    let mut gone = gone(&path, object, names)?;
                    for went in gone.iter_mut().flat_map(|gone| &mut gone.functions) {
                        went.shorten(&format!("{sources}/"));
                    }
                    all.extend(gone);
                }
                Err(why) => events(not_looked_at(&object, &why)),
            }
        }
        found(all, names, events)
    }

    /// Objects of the original of the last build.
    fn lined_of_build(
        &self,
        names: &[String],
        object: Option<&Utf8Path>,
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<ObjectsWithLines, Error> {
        let (root, objects) = kept_objects(&self.root)?
            .ok_or_else(|| Error::NoOriginal { path: self.root.join("build") })?;
        let objects = match object {
            Some(object) => BTreeSet::from([object.to_owned()]),
            None => session
                .on_threads(|| {
                    let reads = Reads::of(&root, &self.root.join("mirror"), &objects);
                    Naming::of(&reads, names, MOST)
                })??
                .told(events),
        };
        events(Event::Reading { objects: objects.len() });
        lined(self, session, &originals(objects), events)
    }

    /// Objects of the module of the last build: all of them, if none is named.
    fn lined_of_module(
        &self,
        object: Option<&Utf8Path>,
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<ObjectsWithLines, Error> {
        let LastBuild { original, .. } = self.last_build();
        if !original.is_dir() {
            return Err(Error::NoOriginal { path: original });
        }
        let objects = match object {
            Some(object) => BTreeSet::from([object.to_owned()]),
            None => linked_modules(&original)?.into_iter().map(|it| it.object).collect(),
        };
        events(Event::Reading { objects: objects.len() });
        lined(self, session, &originals(objects), events)
    }

    /// Objects of a kernel that was shipped: compiled, proven, and compiled once more with debug information.
    fn lined_of_shipped(
        &self,
        parts: &StockParts,
        names: &[String],
        object: Option<&Utf8Path>,
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<ObjectsWithLines, Error> {
        let Self { tree, root, .. } = self;
        let mut workspace = Workspace::open(tree, root, &session.interrupt, &mut of_build(events))?;
        let settings = session.settings();
        let stock = workspace.prepare_stock(parts, &settings, &mut of_build(events))?;
        let objects = match object {
            Some(object) if stock.recipes.linked(object).is_empty() => {
                let (object, release) = (object.to_owned(), parts.release.clone());
                return Err(Error::NoShippedObject { object, release });
            }
            Some(object) => BTreeSet::from([object.to_owned()]),
            None => session
                .on_threads(|| Naming::of(&stock.recipes, names, MOST_SHIPPED))??
                .told(events),
        };
        events(Event::Reading { objects: objects.len() });
        let touched = StockTouched { objects, ..StockTouched::default() };
        let build =
            workspace.compile_stock_original(&stock, &touched, &settings, &mut of_build(events))?;
        let proofs = session.on_threads(|| Proofs::of(parts, &build.objects, &build.root))??;
        events(proofs.event());
        let mut proven = touched.objects;
        for proof in proofs.records() {
            let Some(first) = proof.first else { continue };
            let causes: String = proof.suspects.iter().flat_map(|it| ["; ", it]).collect();
            let why = format!("it is not what {} has: {first}{causes}", parts.release);
            events(not_looked_at(Utf8Path::new(&proof.object), &why));
            proven.remove(Utf8Path::new(&proof.object));
        }
        lined_in(workspace, session, &originals(proven), events)
    }
}

fn originals(objects: impl IntoIterator<Item = Utf8PathBuf>) -> BTreeSet<WantedObject> {
    objects.into_iter().map(|object| (object, BuildVersion::Original)).collect()
}

fn not_looked_at(object: &Utf8Path, why: &str) -> Event {
    Event::Warning(format!("{object} was not looked at: {why}"))
}

/// Where the functions of these `names` went in the object, module or kernel `file`.
pub fn inlined_in(
    file: &Utf8Path,
    names: &[String],
    events: &mut Events<'_>,
) -> Result<Vec<ObjectWhereabouts>, Error> {
    found(gone(file, file.to_owned(), names)?.into_iter().collect(), names, events)
}

/// What the file at `path` says; nothing where it knows none of the functions.
fn gone(
    path: &Utf8Path,
    object: Utf8PathBuf,
    names: &[String],
) -> Result<Option<ObjectWhereabouts>, Error> {
    let input = read(path)?;
    let failed = |source| Error::Debug { path: path.to_owned(), source };
    let debug = DebugInfo::of(&input).map_err(failed)?;
    let mut functions = went(&input, &debug, names).map_err(DebugError::from).map_err(failed)?;
    functions.retain(|function| !function.is_nowhere());
    Ok((!functions.is_empty()).then_some(ObjectWhereabouts { object, functions }))
}

/// All of them. Of which name nothing is known is a warning, or an error where that is so of each.
fn found(
    all: Vec<ObjectWhereabouts>,
    names: &[String],
    events: &mut Events<'_>,
) -> Result<Vec<ObjectWhereabouts>, Error> {
    let is_there = |name: &&String| {
        let mut functions = all.iter().flat_map(|gone| &gone.functions);
        functions.any(|function| function.function == **name)
    };
    for name in names.iter().filter(|name| !is_there(name)) {
        let unknown = Error::NowhereInlined { name: name.clone() };
        if all.is_empty() {
            return Err(unknown);
        }
        events(Event::Warning(unknown.to_string()));
    }
    Ok(all)
}
