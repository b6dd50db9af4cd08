//! Digests as the same program keeps them for its next run: read many times faster than the checksum file,
//! and nothing to anyone else.

use std::sync::Arc;

use bitcode::{DecodeOwned, Encode};
use rayon::prelude::*;

use crate::checksum::Boundaries;

use super::{DataObjects, Functions, Manifest, ManifestObject};

impl Manifest {
    /// The bytes to keep, made on the current rayon pool.
    #[must_use]
    pub fn to_kept(&self) -> Vec<u8> {
        framed(&[shares(&self.objects)])
    }

    /// Reads what [`Manifest::to_kept`] of this very program made, on the current rayon pool; none if these are
    /// other bytes.
    #[must_use]
    pub fn from_kept(bytes: &[u8]) -> Option<Self> {
        let [objects] = unframed(bytes)?;
        let objects: Vec<Arc<ManifestObject>> = joined(&objects)?;
        objects.iter().all(|object| object.is_whole()).then_some(Self { objects })
    }
}

impl ManifestObject {
    /// The bytes to keep of an object and its `boundaries`, made on the current rayon pool.
    #[must_use]
    pub fn to_kept(mut self, boundaries: &Boundaries) -> (Self, Vec<u8>) {
        let functions = std::mem::take(&mut self.functions);
        let data = std::mem::take(&mut self.data);
        let (of_functions, (of_data, own)) = rayon::join(
            || bitcode::encode(&functions),
            || (bitcode::encode(&data), vec![bitcode::encode(&self), bitcode::encode(boundaries)]),
        );
        let bytes = framed(&[vec![of_functions], vec![of_data], own]);
        (Self { functions, data, ..self }, bytes)
    }

    /// Reads what [`ManifestObject::to_kept`] of this very program made, on the current rayon pool; none if these are
    /// other bytes.
    #[must_use]
    pub fn from_kept(bytes: &[u8]) -> Option<(Self, Boundaries)> {
        let [functions, data, own] = unframed(bytes)?;
        let ([functions], [data], [own, boundaries]) =
            (functions.try_into().ok()?, data.try_into().ok()?, own.try_into().ok()?);
        let (functions, (data, own)) = rayon::join(
            || bitcode::decode::<Functions>(functions).ok(),
            || (bitcode::decode::<DataObjects>(data).ok(), bitcode::decode::<Self>(own).ok()),
        );
        let boundaries = bitcode::decode(boundaries).ok()?;
        let object = Self { functions: functions?, data: data?, ..own? };
        object.is_whole().then_some((object, boundaries))
    }

    /// Whether what was read can have been an object.
    fn is_whole(&self) -> bool {
        let names = [&self.globals, &self.locals];
        names.iter().all(|names| names.are(names.len()))
            && self.functions.is_whole()
            && self.data.is_whole()
    }
}

/// A list, encoded in some pieces for each thread.
fn shares<T: Encode + Sync>(items: &[T]) -> Vec<Vec<u8>> {
    let count = rayon::current_num_threads().saturating_mul(4);
    let share = items.len().div_ceil(count).max(1);
    items.par_chunks(share).map(bitcode::encode::<[T]>).collect()
}

fn joined<T: DecodeOwned + Send>(shares: &[&[u8]]) -> Option<Vec<T>> {
    let items: Option<Vec<Vec<T>>> =
        shares.par_iter().map(|share| bitcode::decode(share).ok()).collect();
    Some(items?.into_iter().flatten().collect())
}

/// Groups of pieces, one behind the other, behind an index of their lengths, which follows its own length.
fn framed(groups: &[Vec<Vec<u8>>]) -> Vec<u8> {
    let lengths = |group: &Vec<Vec<u8>>| group.iter().map(|piece| piece.len() as u64).collect();
    let index: Vec<Vec<u64>> = groups.iter().map(lengths).collect();
    let index = bitcode::encode(&index);
    let length = (index.len() as u64).to_le_bytes();
    let pieces = groups.iter().flatten().map(Vec::as_slice);
    [length.as_slice(), &index].into_iter().chain(pieces).collect::<Vec<_>>().concat()
}

/// The groups of exactly these bytes.
fn unframed<const GROUPS: usize>(bytes: &[u8]) -> Option<[Vec<&[u8]>; GROUPS]> {
    let (length, mut rest) = bytes.split_first_chunk()?;
    let mut piece = |length: u64| {
        let (piece, behind) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        rest = behind;
        Some(piece)
    };
    let index: Vec<Vec<u64>> = bitcode::decode(piece(u64::from_le_bytes(*length))?).ok()?;
    let groups: Option<Vec<Vec<&[u8]>>> =
        index.into_iter().map(|group| group.into_iter().map(&mut piece).collect()).collect();
    groups?.try_into().ok().filter(|_| rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OBJECT: &[u8] = include_bytes!("../../../tests/golden/gcc.o");

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_is() {
        let objects =
            ["a.o", "b.o", "c.o"].map(|name| ManifestObject::of(OBJECT, name, None).unwrap());
        let manifest: Manifest = objects.into_iter().collect();
        let bytes = manifest.to_kept();
        assert_eq!(Manifest::from_kept(&bytes), Some(manifest));
        for cut in (0..bytes.len()).step_by(97) {
            assert_eq!(Manifest::from_kept(&bytes[..cut]), None, "{cut} bytes");
        }
    }

    #[test]
    fn an_object_is_read_back_with_its_boundaries() {
        let (object, digested) = ManifestObject::digest(OBJECT, "a.o", None).unwrap();
        let boundaries = digested.boundaries();
        assert_ne!(boundaries, &Boundaries::default());
        let (object, bytes) = object.to_kept(boundaries);
        assert!(!object.functions.is_empty() && !object.data.is_empty());
        assert_eq!(ManifestObject::from_kept(&bytes), Some((object, boundaries.clone())));
        for cut in (0..bytes.len()).step_by(97) {
            assert_eq!(ManifestObject::from_kept(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
