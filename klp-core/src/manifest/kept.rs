//! A manifest as the same program keeps it for its next run: read many times faster than the checksum file,
//! and nothing to anyone else.

use std::sync::Arc;

use rayon::prelude::*;

use super::{Manifest, Object};

impl Manifest {
    /// The bytes to keep, made on the current rayon pool.
    #[must_use]
    pub fn to_kept(&self) -> Vec<u8> {
        let share = self.objects.len().div_ceil(rayon::current_num_threads()).max(1);
        let shares: Vec<Vec<u8>> =
            self.objects.par_chunks(share).map(bitcode::encode::<[Arc<Object>]>).collect();
        bitcode::encode(&shares)
    }

    /// Reads what [`Manifest::to_kept`] of this very program made, on the current rayon pool; none if these are
    /// other bytes.
    #[must_use]
    pub fn from_kept(bytes: &[u8]) -> Option<Self> {
        let shares: Vec<Vec<u8>> = bitcode::decode(bytes).ok()?;
        let objects: Option<Vec<Vec<Arc<Object>>>> =
            shares.par_iter().map(|share| bitcode::decode(share).ok()).collect();
        Some(Self { objects: objects?.into_iter().flatten().collect() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_back_and_nothing_else_is() {
        let object = include_bytes!("../../../tests/golden/gcc.o");
        let objects = ["a.o", "b.o", "c.o"].map(|name| Object::of(object, name, None).unwrap());
        let manifest: Manifest = objects.into_iter().collect();
        let bytes = manifest.to_kept();
        assert_eq!(Manifest::from_kept(&bytes), Some(manifest));
        for cut in (0..bytes.len()).step_by(97) {
            assert_eq!(Manifest::from_kept(&bytes[..cut]), None, "{cut} bytes");
        }
    }
}
