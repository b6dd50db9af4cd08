//! A file to be digested.

use camino::Utf8PathBuf;
use klp_core::checksum::Digested;
use klp_core::elf::ElfError;
use klp_core::input::Input;
use klp_core::manifest::Object;
use klp_core::origin::{Definitions, Index};

use crate::cache::{Cache, Place};
use crate::error::Error;
use crate::origins::Members;
use crate::stamp::Stamp;

/// A file to be digested.
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    pub(crate) linked: Option<String>,
    /// What it was linked from, where the names of those are to be told.
    pub(crate) members: Option<Members>,
}

impl Source {
    pub(crate) fn open(&self) -> Result<Input, Error> {
        Input::open(self.file.as_std_path())
            .map_err(|source| Error::Read { path: self.file.clone(), source })
    }

    /// Its digests.
    pub(crate) fn object(&self, cache: &Cache) -> Result<Object, Error> {
        let input = self.open()?;
        let (object, _) =
            self.digested(cache, &input, |_, name, linked| Object::of_input(&input, name, linked))?;
        Ok(object)
    }

    /// The digests of `input`, which are kept, or else what `digest` gives, with where the functions come from.
    pub(crate) fn digested<'i>(
        &self,
        cache: &Cache,
        input: &'i Input,
        digest: impl FnOnce(&'i [u8], &str, Option<&str>) -> Result<(Object, Digested<'i>), ElfError>
        + Send,
    ) -> Result<(Object, Digested<'i>), Error> {
        let stamp = || Stamp::of(&self.file).ok();
        let before = stamp();
        let find = || {
            let place = cache.place(input);
            input.give_back();
            if let Some(known) = place.as_ref().and_then(Place::find) {
                let object = Object {
                    object: self.name.clone(),
                    linked: self.linked.clone(),
                    ..known.object
                };
                let digested = Digested::known(input, known.boundaries);
                return Ok((place, object, digested, Some(known.definitions)));
            }
            let (object, digested) = digest(input, &self.name, self.linked.as_deref())?;
            Ok((place, object, digested, None))
        };
        let definitions = || {
            let found = self.definitions()?;
            let digest = Definitions::digest(&found);
            Ok::<_, Error>((found, digest))
        };
        let (found, definitions) = rayon::join(find, definitions);
        let (place, mut object, digested, known) =
            found.map_err(|source| Error::Object { path: self.file.clone(), source })?;
        let (definitions, of_now) = definitions?;
        if known == Some(of_now) {
            return Ok((object, digested));
        }
        if self.members.is_some() || known.is_some() {
            object.attribute(&Index::of(&definitions));
        }
        // What was written meanwhile is not what was hashed.
        if let Some(place) = place.filter(|_| stamp() == before) {
            object = place.keep(object, digested.boundaries(), of_now);
        }
        Ok((object, digested))
    }

    /// What the objects define that it was linked from.
    fn definitions(&self) -> Result<Vec<Definitions>, Error> {
        self.members.as_ref().map_or_else(|| Ok(Vec::new()), Members::definitions)
    }
}
