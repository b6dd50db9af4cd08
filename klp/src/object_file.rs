//! A file to be digested.

use camino::Utf8PathBuf;
use klp_core::checksum::{Digest, DigestedObject};
use klp_core::elf::ElfError;
use klp_core::input::Input;
use klp_core::manifest::ManifestObject;
use klp_core::origin::{DefinerIndex, Definitions};

use crate::cache::{Cache, CachePath, CachedObject};
use crate::error::Error;
use crate::finished::read;
use crate::origins::LinkOrder;
use crate::stamp::Stamp;

/// A file to be digested.
pub(crate) struct ObjectFile {
    pub(crate) name: String,
    pub(crate) file: Utf8PathBuf,
    pub(crate) linked: Option<String>,
    /// What it was linked from, where the names of those are to be told.
    pub(crate) members: Option<LinkOrder>,
}

impl ObjectFile {
    pub(crate) fn open(&self) -> Result<Input, Error> {
        read(&self.file)
    }

    /// Its digests.
    pub(crate) fn object(&self, cache: &Cache) -> Result<ManifestObject, Error> {
        let input = self.open()?;
        let (object, _) = self.digested(cache, &input, ManifestObject::of_input)?;
        Ok(object)
    }

    /// The digests of `input`, which are kept, or else what `digest` gives, with where the functions come from.
    pub(crate) fn digested<'i>(
        &self,
        cache: &Cache,
        input: &'i Input,
        digest: DigestMaker<'i>,
    ) -> Result<(ManifestObject, DigestedObject<'i>), Error> {
        let stamp = || Stamp::of(&self.file).ok();
        let before = stamp();
        let CacheLookup { place, known } = CacheLookup::of(cache, input);
        let origins = known.as_ref().map(|known| known.definitions);
        let (made, said) = rayon::join(
            || self.known_or(known, input, digest),
            || self.origins(place.as_ref().map(|_| cache), origins),
        );
        let (mut object, digested) =
            made.map_err(|source| Error::Object { path: self.file.clone(), source })?;
        let Some((definitions, own)) = said? else { return Ok((object, digested)) };
        if self.members.is_some() || origins.is_some() {
            object.attribute(&DefinerIndex::of(&definitions));
        }
        // What was written meanwhile is not what was hashed.
        if let Some(place) = place.filter(|_| before.is_some() && stamp() == before) {
            object = place.keep(object, digested.boundaries(), own);
        }
        Ok((object, digested))
    }

    /// What is `known` of `input`, or else what `digest` gives.
    fn known_or<'i>(
        &self,
        known: Option<CachedObject>,
        input: &'i Input,
        digest: DigestMaker<'i>,
    ) -> Result<(ManifestObject, DigestedObject<'i>), ElfError> {
        let linked = self.linked.as_deref();
        let Some(CachedObject { object, boundaries, .. }) = known else {
            return digest(input, &self.name, linked);
        };
        let object = ManifestObject {
            object: self.name.clone(),
            linked: linked.map(str::to_owned),
            ..object
        };
        Ok((object, DigestedObject::known(input, boundaries)))
    }

    /// What the objects define that it was linked from, and the digest of that, if it is not what is `known`.
    fn origins(
        &self,
        cache: Option<&Cache>,
        known: Option<Digest>,
    ) -> Result<Option<(Vec<Definitions>, Digest)>, Error> {
        let stamp = cache.and_then(|cache| Some((cache, self.members.as_ref()?.stamp()?)));
        if known.is_some() && known == stamp.and_then(|(cache, stamp)| cache.definitions(&stamp)) {
            return Ok(None);
        }
        let found = self.members.as_ref().map_or_else(|| Ok(Vec::new()), LinkOrder::definitions)?;
        let own = Definitions::digest(&found);
        if let Some((cache, stamp)) = stamp {
            cache.keep_definitions(&stamp, &own);
        }
        Ok((known != Some(own)).then_some((found, own)))
    }
}

/// Digests an object of that name that is linked into that.
pub(crate) type DigestMaker<'i> =
    fn(&'i Input, &str, Option<&str>) -> Result<(ManifestObject, DigestedObject<'i>), ElfError>;

/// What was looked for.
struct CacheLookup {
    /// Where digests are kept.
    place: Option<CachePath>,
    known: Option<CachedObject>,
}

impl CacheLookup {
    fn of(cache: &Cache, input: &Input) -> Self {
        let place = cache.place(input);
        input.give_back();
        let known = place.as_ref().and_then(CachePath::find);
        Self { place, known }
    }
}
