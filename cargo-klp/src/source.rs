//! A file to be digested.

use camino::Utf8PathBuf;
use klp_core::checksum::{Digest, Digested};
use klp_core::elf::ElfError;
use klp_core::input::Input;
use klp_core::manifest::Object;
use klp_core::origin::{Definitions, Index};

use crate::cache::{Cache, Key};
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
        let stamp = || Stamp::of(&self.file).ok().filter(|_| cache.takes(input));
        let before = stamp();
        let content = || before.map(|_| Digest::of_large(input));
        let (content, definitions) = rayon::join(content, || self.definitions());
        input.give_back();
        let definitions = definitions?;
        let key = content.and_then(|content| cache.key(content, Definitions::digest(&definitions)));
        if let Some((known, boundaries)) = key.as_ref().and_then(Key::find) {
            let (name, linked) = (self.name.clone(), self.linked.clone());
            let object = Object { object: name, linked, ..known };
            return Ok((object, Digested::known(input, boundaries)));
        }
        let digest = || digest(input, &self.name, self.linked.as_deref());
        let (digested, index) = rayon::join(digest, || Index::of(&definitions));
        let (mut object, digested) =
            digested.map_err(|source| Error::Object { path: self.file.clone(), source })?;
        if self.members.is_some() {
            object.attribute(&index);
        }
        // What was written meanwhile is not what was hashed.
        if let Some(key) = key.filter(|_| stamp() == before) {
            object = key.keep(object, digested.boundaries());
        }
        Ok((object, digested))
    }

    /// What the objects define that it was linked from.
    fn definitions(&self) -> Result<Vec<Definitions>, Error> {
        self.members.as_ref().map_or_else(|| Ok(Vec::new()), Members::definitions)
    }
}
