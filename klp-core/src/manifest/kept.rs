//! Digests as the same program keeps them for its next run: read many times faster than the checksum file,
//! and nothing to anyone else.

use std::sync::Arc;

use bitcode::{Decode, DecodeOwned, Encode};
use rayon::prelude::*;

use crate::checksum::Boundaries;

use super::{Manifest, Object};

impl Manifest {
    /// The bytes to keep, made on the current rayon pool.
    #[must_use]
    pub fn to_kept(&self) -> Vec<u8> {
        bitcode::encode(&Shares::of(&self.objects))
    }

    /// Reads what [`Manifest::to_kept`] of this very program made, on the current rayon pool; none if these are
    /// other bytes.
    #[must_use]
    pub fn from_kept(bytes: &[u8]) -> Option<Self> {
        let objects: Vec<Arc<Object>> = bitcode::decode::<Shares>(bytes).ok()?.joined()?;
        Some(Self { objects })
    }
}

impl Object {
    /// The bytes to keep of an object and its `boundaries`, made on the current rayon pool.
    #[must_use]
    pub fn to_kept(mut self, boundaries: &Boundaries) -> (Self, Vec<u8>) {
        let functions = std::mem::take(&mut self.functions);
        let data = std::mem::take(&mut self.data);
        let shares = (Shares::of(&functions), Shares::of(&data));
        let bytes = bitcode::encode(&(bitcode::encode(&self), bitcode::encode(boundaries), shares));
        (Self { functions, data, ..self }, bytes)
    }

    /// Reads what [`Object::to_kept`] of this very program made, on the current rayon pool; none if these are
    /// other bytes.
    #[must_use]
    pub fn from_kept(bytes: &[u8]) -> Option<(Self, Boundaries)> {
        let kept: (Vec<u8>, Vec<u8>, (Shares, Shares)) = bitcode::decode(bytes).ok()?;
        let (head, boundaries, (functions, data)) = kept;
        let (functions, data) = rayon::join(|| functions.joined(), || data.joined());
        let head: Self = bitcode::decode(&head).ok()?;
        let object = Self { functions: functions?, data: data?, ..head };
        Some((object, bitcode::decode(&boundaries).ok()?))
    }
}

/// A list, encoded in one piece for each thread.
#[derive(Encode, Decode)]
struct Shares(Vec<Vec<u8>>);

impl Shares {
    fn of<T: Encode + Sync>(items: &[T]) -> Self {
        let share = items.len().div_ceil(rayon::current_num_threads()).max(1);
        Self(items.par_chunks(share).map(bitcode::encode::<[T]>).collect())
    }

    fn joined<T: DecodeOwned + Send>(&self) -> Option<Vec<T>> {
        let shares: Option<Vec<Vec<T>>> =
            self.0.par_iter().map(|share| bitcode::decode(share).ok()).collect();
        Some(shares?.into_iter().flatten().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &[u8] = include_bytes!("../../../tests/golden/gcc.o");

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_is() {
        let objects = ["a.o", "b.o", "c.o"].map(|name| Object::of(OBJECT, name, None).unwrap());
        let manifest: Manifest = objects.into_iter().collect();
        let bytes = manifest.to_kept();
        assert_eq!(Manifest::from_kept(&bytes), Some(manifest));
        for cut in (0..bytes.len()).step_by(97) {
            assert_eq!(Manifest::from_kept(&bytes[..cut]), None, "{cut} bytes");
        }
    }

    #[test]
    fn an_object_is_read_back_with_its_boundaries() {
        let (object, digested) = Object::digest(OBJECT, "a.o", None).unwrap();
        let boundaries = digested.boundaries();
        assert_ne!(boundaries, &Boundaries::default());
        let (object, bytes) = object.to_kept(boundaries);
        assert!(!object.functions.is_empty() && !object.data.is_empty());
        assert_eq!(Object::from_kept(&bytes), Some((object, boundaries.clone())));
        for cut in (0..bytes.len()).step_by(97) {
            assert_eq!(Object::from_kept(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
