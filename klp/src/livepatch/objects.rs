//! The objects that a livepatch is cut out of.

use std::collections::{BTreeMap, BTreeSet};

use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::{BuildEvents, ComparedFile, LinkedObject, Recompiled, is_lto, linked_files};
use klp_core::input::Input;
use klp_core::origin::Definitions;
use klp_core::{attest, livepatch};
use serde::{Deserialize, Serialize};

use crate::checksums::target;
use crate::error::Error;
use crate::finished::read;
use crate::origins::LinkOrder;

use crate::patched::Builds;

/// One of them.
pub(crate) struct LivepatchObject {
    object: Utf8PathBuf,
    linked: String,
    plain: Option<Input>,
    original: Option<Input>,
    patched: Input,
    members: Option<[Vec<Definitions>; 2]>,
    /// As the patched build made it, of Rust.
    built: Option<Input>,
    types: Vec<TypedObject>,
    files: ObjectFiles,
}

/// Objects with debug information, where the others are made without.
struct TypedObject {
    object: Utf8PathBuf,
    before: Option<Input>,
    after: Input,
}

/// Where these bytes are.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ObjectFiles {
    pub(crate) plain: Option<Utf8PathBuf>,
    pub(crate) original: Option<Utf8PathBuf>,
    pub(crate) patched: Utf8PathBuf,
}

impl LivepatchObject {
    pub(crate) fn input(&self) -> livepatch::TouchedObject<'_> {
        let members = self.members.as_ref();
        livepatch::TouchedObject {
            object: self.object.as_str(),
            linked: &self.linked,
            plain: self.plain.as_deref(),
            original: self.original.as_deref(),
            patched: &self.patched,
            built: self.built.as_deref(),
            types: self.types.iter().map(TypedObject::input).collect(),
            lto: members.map(|[original, patched]| livepatch::LinkMembers { original, patched }),
        }
    }

    /// The same for the second opinion.
    pub(crate) fn object(&self) -> attest::AttestedObject<'_> {
        attest::AttestedObject {
            object: self.object.as_str(),
            linked: &self.linked,
            plain: self.plain.as_deref(),
            original: self.original.as_deref(),
            patched: &self.patched,
        }
    }

    pub(crate) fn files(&self) -> &ObjectFiles {
        &self.files
    }

    /// What is still at the places where it was.
    pub(crate) fn read_again(
        object: Utf8PathBuf,
        linked: String,
        files: ObjectFiles,
    ) -> Result<Self, Error> {
        let read = |path: &Option<Utf8PathBuf>| path.as_deref().map(read).transpose();
        let (plain, original) = (read(&files.plain)?, read(&files.original)?);
        let patched = self::read(&files.patched)?;
        let (members, built, types) = (None, None, Vec::new());
        Ok(Self { object, linked, plain, original, patched, members, built, types, files })
    }
}

impl TypedObject {
    fn input(&self) -> livepatch::TypedVersions<'_> {
        let (before, after) = (self.before.as_deref(), &*self.after);
        livepatch::TypedVersions { object: self.object.as_str(), before, after }
    }
}

/// Those of the `touched` objects: compiled again, each function and variable in a section of its own, or,
/// where these are bitcode, what they are linked into. There the linker has made such sections.
pub(crate) fn of(
    builds: &Builds<'_>,
    touched: &BTreeSet<String>,
    events: &mut BuildEvents<'_>,
) -> Result<Vec<LivepatchObject>, Error> {
    if is_lto(&builds.original.root) {
        linked(builds, touched, events)
    } else {
        compiled(builds, touched, events)
    }
}

fn linked(
    builds: &Builds<'_>,
    touched: &BTreeSet<String>,
    events: &mut BuildEvents<'_>,
) -> Result<Vec<LivepatchObject>, Error> {
    let Builds { original, patched, .. } = builds;
    let of_c = of_c(builds, touched)?;
    let again = RecompiledObjects::compile(builds, &of_c, events)?;
    let before = linked_files(&original.objects);
    let members_of = |compared: &ComparedFile| match compared.members.as_slice() {
        [] => vec![compared.file.clone()],
        members => members.to_vec(),
    };
    let after = linked_files(&patched.objects).into_iter().filter(|compared| {
        members_of(compared).iter().any(|member| touched.contains(member.as_str()))
    });
    let source = |after: ComparedFile| {
        let before = before.iter().find(|before| before.file == after.file);
        let was = before.map(members_of).unwrap_or_default();
        let was = LinkOrder::new(&original.root, was, |object| original.root.join(object));
        let is = members_of(&after);
        let types = of_c.iter().filter(|object| is.contains(object));
        let types = types.filter_map(|object| again.typed(object).transpose());
        let types = types.collect::<Result<Vec<TypedObject>, Error>>()?;
        let is = LinkOrder::new(&patched.original_root, is, |object| patched.path(object));
        let files = ObjectFiles {
            plain: None,
            original: before.map(|before| original.root.join(&before.file)),
            patched: patched.path(&after.file),
        };
        let original = files.original.as_deref().map(read).transpose()?;
        Ok(LivepatchObject {
            linked: target(&after.linked).to_owned(),
            plain: None,
            original,
            patched: read(&files.patched)?,
            members: Some([was.definitions()?, is.definitions()?]),
            built: None,
            types,
            object: after.file,
            files,
        })
    };
    after.map(source).collect()
}

/// Those of `touched` that are made of C in the patched build.
fn of_c(builds: &Builds<'_>, touched: &BTreeSet<String>) -> Result<Vec<Utf8PathBuf>, Error> {
    let objects: BTreeSet<&Utf8PathBuf> =
        builds.patched.objects.iter().map(|linked| &linked.object).collect();
    let mut found = Vec::new();
    for object in objects.into_iter().filter(|object| touched.contains(object.as_str())) {
        let source = builds.workshop.source_of(object)?;
        if source.is_some_and(|source| source.extension() == Some("c")) {
            found.push(object.clone());
        }
    }
    Ok(found)
}

/// Touched objects that were compiled again, of both builds.
struct RecompiledObjects {
    original: BTreeMap<Utf8PathBuf, Recompiled>,
    patched: BTreeMap<Utf8PathBuf, Recompiled>,
}

impl RecompiledObjects {
    fn compile(
        builds: &Builds<'_>,
        objects: &[Utf8PathBuf],
        events: &mut BuildEvents<'_>,
    ) -> Result<Self, Error> {
        let was_there = |object: &Utf8PathBuf| {
            builds.original.objects.iter().any(|linked| linked.object == *object)
        };
        let before: Vec<Utf8PathBuf> =
            objects.iter().filter(|object| was_there(object)).cloned().collect();
        let settings = builds.session.settings();
        let mut compile = |objects: &[Utf8PathBuf], made: &BTreeMap<_, _>, changes| {
            if objects.iter().all(|object| made.contains_key(object)) {
                return Ok::<_, Error>(made.clone());
            }
            let workshop = &builds.workshop;
            let files = workshop.compile_with_sections(objects, changes, &settings, events)?;
            Ok(objects.iter().cloned().zip(files).collect())
        };
        let Builds { original, patched, .. } = builds;
        let original = compile(&before, &original.with_sections, None)?;
        let patched = compile(objects, &patched.with_sections, Some(&patched.changes))?;
        Ok(Self { original, patched })
    }

    /// What tells the types of `object`: the file that was made for that, or the only one.
    fn typed(&self, object: &Utf8Path) -> Result<Option<TypedObject>, Error> {
        let types = |again: &Recompiled| read(again.types.as_ref().unwrap_or(&again.object));
        let before = self.original.get(object).map(types).transpose()?;
        let after = self.patched.get(object).map(types).transpose()?;
        Ok(after.map(|after| TypedObject { object: object.to_owned(), before, after }))
    }
}

fn compiled(
    builds: &Builds<'_>,
    touched: &BTreeSet<String>,
    events: &mut BuildEvents<'_>,
) -> Result<Vec<LivepatchObject>, Error> {
    let is_touched = |object: &&LinkedObject| touched.contains(object.object.as_str());
    let inputs: Vec<&LinkedObject> = builds.patched.objects.iter().filter(is_touched).collect();
    let paths: BTreeSet<Utf8PathBuf> = inputs.iter().map(|input| input.object.clone()).collect();
    let paths: Vec<Utf8PathBuf> = paths.into_iter().collect();
    let again = RecompiledObjects::compile(builds, &paths, events)?;
    let source = |input: &LinkedObject| {
        let original = again.original.get(&input.object);
        let Some(patched) = again.patched.get(&input.object) else { return Ok(None) };
        let files = ObjectFiles {
            plain: original.map(|_| builds.original.root.join(&input.object)),
            original: original.map(|again| again.object.clone()),
            patched: patched.object.clone(),
        };
        let is_rust = patched.types.is_some();
        let built = is_rust.then(|| read(&builds.patched.path(&input.object))).transpose()?;
        let types = if is_rust { again.typed(&input.object)? } else { None };
        Ok(Some(LivepatchObject {
            object: input.object.clone(),
            linked: target(&input.linked).to_owned(),
            plain: files.plain.as_deref().map(read).transpose()?,
            original: files.original.as_deref().map(read).transpose()?,
            patched: read(&patched.object)?,
            members: None,
            built,
            types: types.into_iter().collect(),
            files,
        }))
    };
    inputs.into_iter().filter_map(|input| source(input).transpose()).collect()
}
