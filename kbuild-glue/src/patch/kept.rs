//! A series of patches in one file of ours.

use std::io;

use camino::Utf8Path;

use super::{Patch, PatchError, PatchSet};
use crate::atomic;

impl PatchSet {
    /// Writes the series to a file.
    pub(crate) fn keep(&self, path: &Utf8Path) -> io::Result<()> {
        let mut bytes = format!("{}\n", self.fuzz).into_bytes();
        for patch in &self.patches {
            let strip = patch.strip.map_or("-".to_owned(), |strip| strip.to_string());
            let head = format!("{} {strip} {}\n", patch.text.len(), patch.path);
            bytes.extend_from_slice(head.as_bytes());
            bytes.extend_from_slice(&patch.text);
        }
        atomic::write_sealed(path, &bytes)
    }

    /// Reads what was [written](Self::keep); none if nothing is there, or something else by now.
    pub(crate) fn kept(path: &Utf8Path) -> Result<Option<Self>, PatchError> {
        let failed = |source| PatchError::Io { path: path.to_owned(), source };
        let Some(bytes) = atomic::read_sealed(path).map_err(failed)? else { return Ok(None) };
        let Some((fuzz, mut rest)) = line(&bytes) else { return Ok(None) };
        let Ok(fuzz) = fuzz.parse() else { return Ok(None) };
        let mut patches = Vec::new();
        while let Some((head, after)) = line(rest) {
            let mut words = head.splitn(3, ' ');
            let mut word = || words.next().unwrap_or_default();
            let (length, strip, name) = (word().parse().unwrap_or(usize::MAX), word(), word());
            let Some((text, after)) = after.split_at_checked(length) else { return Ok(None) };
            let read = Patch::parse(text, Utf8Path::new(name))?;
            patches.push(Patch { strip: strip.parse().ok(), ..read });
            rest = after;
        }
        Ok(Some(Self { patches, fuzz }))
    }
}

/// The first line of `bytes`, and what follows.
fn line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = bytes.split_at(end);
    Some((std::str::from_utf8(line).ok()?, rest.get(1..)?))
}
