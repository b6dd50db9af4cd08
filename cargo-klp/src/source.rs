//! A file to be digested.

use camino::Utf8PathBuf;
use klp_core::checksum::{Digest, Digested};
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
        let (object, _) = self.digested(cache, &input, Object::of_input)?;
        Ok(object)
    }

    /// The digests of `input`, which are kept, or else what `digest` gives, with where the functions come from.
    pub(crate) fn digested<'i>(
        &self,
        cache: &Cache,
        input: &'i Input,
        digest: Make<'i>,
    ) -> Result<(Object, Digested<'i>), Error> {
        let stamp = || Stamp::of(&self.file).ok();
        let before = stamp();
        let (found, definitions) =
            rayon::join(|| self.find(cache, input, digest), || self.definitions());
        let Found { mut object, digested, place, origins } =
            found.map_err(|source| Error::Object { path: self.file.clone(), source })?;
        let (definitions, own) = definitions?;
        if origins == Some(own) {
            return Ok((object, digested));
        }
        if self.members.is_some() || origins.is_some() {
            object.attribute(&Index::of(&definitions));
        }
        // What was written meanwhile is not what was hashed.
        if let Some(place) = place.filter(|_| before.is_some() && stamp() == before) {
            object = place.keep(object, digested.boundaries(), own);
        }
        Ok((object, digested))
    }

    fn find<'i>(
        &self,
        cache: &Cache,
        input: &'i Input,
        digest: Make<'i>,
    ) -> Result<Found<'i>, ElfError> {
        let place = cache.place(input);
        input.give_back();
        let (name, linked) = (self.name.as_str(), self.linked.as_deref());
        let Some(known) = place.as_ref().and_then(Place::find) else {
            let (object, digested) = digest(input, name, linked)?;
            return Ok(Found { object, digested, place, origins: None });
        };
        let (name, linked) = (name.to_owned(), linked.map(str::to_owned));
        Ok(Found {
            object: Object { object: name, linked, ..known.object },
            digested: Digested::known(input, known.boundaries),
            place,
            origins: Some(known.definitions),
        })
    }

    /// What the objects define that it was linked from, and the digest of that.
    fn definitions(&self) -> Result<(Vec<Definitions>, Digest), Error> {
        let found = self.members.as_ref().map_or_else(|| Ok(Vec::new()), Members::definitions)?;
        let digest = Definitions::digest(&found);
        Ok((found, digest))
    }
}

/// Digests an object of that name that is linked into that.
pub(crate) type Make<'i> =
    fn(&'i Input, &str, Option<&str>) -> Result<(Object, Digested<'i>), ElfError>;

/// Digests that were made or found.
struct Found<'i> {
    object: Object,
    digested: Digested<'i>,
    /// Where they are kept.
    place: Option<Place>,
    /// What the functions are said to come from, by the digest of [`Source::definitions`].
    origins: Option<Digest>,
}
