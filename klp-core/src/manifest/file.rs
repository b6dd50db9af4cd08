//! The checksum file: JSON lines, so that a person can read it and any tool can use it.
//!
//! The first line is `{"reason":"checksums","format-version":3,…}`. Then, for each object, one line
//! with `"reason":"object"` and one for each of its functions and data objects.

use std::io::{self, BufRead, Write};

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Data, Function, Manifest, Object};

/// The version of the file format and of the definition of the digests. Files of different versions
/// cannot be compared.
pub const FORMAT_VERSION: u32 = 5;

/// Why a checksum file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ManifestError {
    /// Reading failed.
    #[error("failed to read it")]
    Read(#[from] io::Error),
    /// A line is not what it should be.
    #[error("line {line} is no record of a checksum file")]
    Syntax {
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        source: serde_json::Error,
    },
    /// The first line is missing or of another format.
    #[error("not a checksum file")]
    NotAManifest,
    /// Another version wrote it.
    #[error("format version {0}, this program reads version {FORMAT_VERSION}")]
    Version(u32),
    /// Something follows no object, or the end is missing.
    #[error("cut off or out of order at line {0}")]
    Order(usize),
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "kebab-case")]
enum Line<'a> {
    Checksums {
        #[serde(rename = "format-version")]
        format_version: u32,
        tool: std::borrow::Cow<'a, str>,
        objects: usize,
    },
    Object {
        functions: usize,
        data: usize,
        #[serde(flatten)]
        object: std::borrow::Cow<'a, Object>,
    },
    FunctionChecksum(std::borrow::Cow<'a, Function>),
    DataChecksum(std::borrow::Cow<'a, Data>),
}

/// Whether `start`, the first bytes of a file, begin a checksum file.
#[must_use]
pub fn is_manifest(start: &[u8]) -> bool {
    start.starts_with(b"{\"reason\":\"checksums\"")
}

impl Manifest {
    /// Writes the checksum file, on the current rayon pool.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        use std::borrow::Cow::Borrowed;
        let tool = Borrowed(concat!("cargo-klp ", env!("CARGO_PKG_VERSION")));
        let objects = self.objects.len();
        line(&mut out, &Line::Checksums { format_version: FORMAT_VERSION, tool, objects })?;
        for object in &self.objects {
            let (functions, data) = (object.functions.len(), object.data.len());
            line(&mut out, &Line::Object { functions, data, object: Borrowed(object) })?;
            lines(&mut out, &object.functions, |one| Line::FunctionChecksum(Borrowed(one)))?;
            lines(&mut out, &object.data, |one| Line::DataChecksum(Borrowed(one)))?;
        }
        out.flush()
    }

    /// Reads a checksum file, on the current rayon pool.
    pub fn read(input: impl BufRead) -> Result<Self, ManifestError> {
        let mut read: Vec<Object> = Vec::new();
        let mut promised = None;
        let mut open = (0usize, 0usize);
        let mut last = 0;
        for (parsed, number) in parsed(input).zip(1usize..) {
            let (is_start, parsed) = parsed?;
            last = number;
            if number == 1 && !is_start {
                return Err(ManifestError::NotAManifest);
            }
            let parsed = parsed.map_err(|source| ManifestError::Syntax { line: number, source })?;
            match (parsed, read.last_mut()) {
                (Line::Checksums { format_version, objects, .. }, None) if number == 1 => {
                    if format_version != FORMAT_VERSION {
                        return Err(ManifestError::Version(format_version));
                    }
                    promised = Some(objects);
                }
                (Line::Object { functions, data, object }, _) if open == (0, 0) => {
                    open = (functions, data);
                    read.push(object.into_owned());
                }
                (Line::FunctionChecksum(function), Some(object)) if open.0 > 0 => {
                    open.0 = open.0.saturating_sub(1);
                    object.functions.push(function.into_owned());
                }
                (Line::DataChecksum(data), Some(object)) if open.0 == 0 && open.1 > 0 => {
                    open.1 = open.1.saturating_sub(1);
                    object.data.push(data.into_owned());
                }
                _ => return Err(ManifestError::Order(number)),
            }
        }
        match promised {
            None => Err(ManifestError::NotAManifest),
            Some(objects) if objects == read.len() && open == (0, 0) => {
                Ok(read.into_iter().collect())
            }
            Some(_) => Err(ManifestError::Order(last)),
        }
    }
}

/// Lines that are written or parsed at a time.
const BATCH: usize = 4096;

/// For each line whether it is a first one, and what it says.
fn parsed(
    input: impl BufRead,
) -> impl Iterator<Item = io::Result<(bool, serde_json::Result<Line<'static>>)>> {
    let mut lines = input.lines();
    let batches = std::iter::from_fn(move || {
        let batch: Vec<io::Result<String>> = lines.by_ref().take(BATCH).collect();
        (!batch.is_empty()).then_some(batch)
    });
    batches.flat_map(|batch| {
        let read = |text: String| (is_manifest(text.as_bytes()), Line::parse(&text));
        batch.into_par_iter().map(|text| text.map(read)).collect::<Vec<_>>()
    })
}

impl Line<'static> {
    /// As serde does it, but without a copy in between for what is nearly all of the file: its records start
    /// with what they are.
    fn parse(text: &str) -> serde_json::Result<Self> {
        use std::borrow::Cow::Owned;
        if text.starts_with(r#"{"reason":"function-checksum","#) {
            serde_json::from_str(text).map(|function| Self::FunctionChecksum(Owned(function)))
        } else if text.starts_with(r#"{"reason":"data-checksum","#) {
            serde_json::from_str(text).map(|data| Self::DataChecksum(Owned(data)))
        } else {
            serde_json::from_str(text)
        }
    }
}

/// A line for each of `items`.
fn lines<'a, T: Sync>(
    out: &mut impl Write,
    items: &'a [T],
    of: impl Fn(&'a T) -> Line<'a> + Sync,
) -> io::Result<()> {
    for batch in items.chunks(BATCH) {
        let text = |items: &'a [T]| {
            let mut text = Vec::new();
            items.iter().try_for_each(|item| line(&mut text, &of(item))).map(|()| text)
        };
        let texts: Vec<io::Result<Vec<u8>>> = batch.par_chunks(BATCH / 16).map(text).collect();
        for text in texts {
            out.write_all(&text?)?;
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, line: &Line<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Manifest {
        let data = include_bytes!("file.rs");
        let digest = crate::checksum::Digest::of(data);
        let function = Function {
            name: "foo".into(),
            file: Some(0),
            origin: Some(0),
            aliases: vec!["bar".into()],
            parts: vec!["foo.cold".into()],
            checksum: Some(digest),
            refused: None,
            kinds: vec![(crate::checksum::Kind::JumpTable, digest.into())],
            references: vec![0],
            behind: Vec::new(),
        };
        let data = Data {
            name: Some("table".into()),
            section: ".data".into(),
            file: None,
            origin: None,
            checksum: None,
            refused: Some("because".into()),
            references: Vec::new(),
        };
        let object = Object {
            object: "a.o".into(),
            linked: Some("vmlinux".into()),
            function_symbols: 3,
            files: vec!["a.c".into()],
            globals: vec!["baz".into()],
            locals: Vec::new(),
            local_files: Vec::new(),
            origins: vec!["b.o".into()],
            content: Some(crate::checksum::Digest::of(b"a.o")),
            functions: vec![function],
            data: vec![data],
        };
        [object].into_iter().collect()
    }

    #[test]
    fn what_is_written_is_read_back() {
        let mut bytes = Vec::new();
        example().write(&mut bytes).unwrap();
        assert!(is_manifest(&bytes));
        assert_eq!(Manifest::read(bytes.as_slice()).unwrap(), example());
    }

    #[test]
    fn a_file_that_was_cut_off_is_an_error() {
        let mut bytes = Vec::new();
        example().write(&mut bytes).unwrap();
        for lines in 0..4 {
            let start: Vec<&[u8]> =
                bytes.split_inclusive(|byte| *byte == b'\n').take(lines).collect();
            assert!(Manifest::read(start.concat().as_slice()).is_err(), "{lines} lines");
        }
    }

    #[test]
    fn another_version_is_refused() {
        let text = r#"{"reason":"checksums","format-version":999,"tool":"x","objects":0}"#;
        assert!(matches!(Manifest::read(text.as_bytes()), Err(ManifestError::Version(999))));
    }
}
