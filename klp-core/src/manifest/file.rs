//! The checksum file: JSON lines, so that a person can read it and any tool can use it.
//!
//! The first line is `{"reason":"checksums","format-version":15,…}`. Then, for each object, one line
//! with `"reason":"object"` and one for each of its functions and data objects.

use std::io::{self, BufRead, Write};

use rayon::prelude::*;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};

use crate::checksum::{ContentKind, Digest, ShortDigest};

use super::{
    DataObjects, Functions, Manifest, ManifestData, ManifestFunction, ManifestObject, Stand,
    SymbolNames,
};

/// The version of the file format and of the definition of the digests. Files of different versions
/// cannot be compared.
pub const FORMAT_VERSION: u32 = 15;

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
    /// Nobody could tell what that line's function or data refers to.
    #[error("line {0} refers to a symbol that its object does not have")]
    Symbol(usize),
}

/// A line, with what a function and a data object are in it.
#[derive(Serialize, Deserialize, JsonSchema)]
#[expect(clippy::large_enum_variant, reason = "nearly all lines are of the large variant")]
#[serde(tag = "reason", rename_all = "kebab-case")]
#[schemars(rename = "ChecksumFile")]
enum ChecksumLine<'a, F, D> {
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
        object: std::borrow::Cow<'a, ManifestObject>,
    },
    FunctionChecksum(F),
    DataChecksum(D),
}

type WrittenLine<'a> = ChecksumLine<'a, ManifestFunction<'a>, ManifestData<'a>>;
type ReadLine = ChecksumLine<'static, ReadFunction, ReadData>;

/// [`ManifestFunction`], as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ReadFunction {
    name: String,
    file: Option<u32>,
    origin: Option<u32>,
    #[serde(default)]
    aliases: Vec<String>,
    #[serde(default)]
    parts: Vec<String>,
    checksum: Option<Digest>,
    refused: Option<String>,
    #[serde(default)]
    kinds: Vec<(ContentKind, ShortDigest)>,
    #[serde(default)]
    references: Vec<u32>,
    #[serde(default)]
    behind: Vec<u32>,
}

impl ReadFunction {
    fn add_to(&self, functions: &mut Functions) {
        let (aliases, parts) = (terminated(&self.aliases), terminated(&self.parts));
        functions.push(ManifestFunction {
            name: &self.name,
            file: self.file,
            origin: self.origin,
            aliases: SymbolNames::new(&aliases),
            parts: SymbolNames::new(&parts),
            checksum: self.checksum,
            refused: self.refused.as_deref(),
            kinds: &self.kinds,
            references: &self.references,
            behind: &self.behind,
        });
    }
}

/// [`ManifestData`], as it is read.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ReadData {
    name: Option<String>,
    #[serde(default)]
    aliases: Vec<String>,
    section: String,
    #[serde(flatten)]
    stand: Stand,
    file: Option<u32>,
    origin: Option<u32>,
    checksum: Option<Digest>,
    refused: Option<String>,
    #[serde(default)]
    references: Vec<u32>,
}

impl ReadData {
    fn add_to(&self, data: &mut DataObjects) {
        let aliases = terminated(&self.aliases);
        data.push(ManifestData {
            name: self.name.as_deref(),
            aliases: SymbolNames::new(&aliases),
            section: &self.section,
            stand: self.stand,
            file: self.file,
            origin: self.origin,
            checksum: self.checksum,
            refused: self.refused.as_deref(),
            references: &self.references,
        });
    }
}

/// Whether the object has all symbols of these numbers.
fn are_known<'r>(
    object: &ManifestObject,
    mut references: impl Iterator<Item = &'r u32>,
) -> Option<()> {
    references.all(|reference| object.symbol(*reference).is_some()).then_some(())
}

/// `names` with a NUL behind each.
fn terminated(names: &[String]) -> String {
    names.iter().flat_map(|name| [name, "\0"]).collect()
}

/// Whether `start`, the first bytes of a file, begin a checksum file.
#[must_use]
pub fn is_manifest(start: &[u8]) -> bool {
    start.starts_with(b"{\"reason\":\"checksums\"")
}

/// The schema of a line of the checksum file.
#[must_use]
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<WrittenLine<'_>>()
}

impl Manifest {
    /// Writes the checksum file, on the current rayon pool.
    pub fn write(&self, mut out: impl Write) -> io::Result<()> {
        use std::borrow::Cow::Borrowed;
        let tool = Borrowed(concat!("cargo-klp ", env!("CARGO_PKG_VERSION")));
        let objects = self.objects.len();
        line(&mut out, &WrittenLine::Checksums { format_version: FORMAT_VERSION, tool, objects })?;
        for object in &self.objects {
            let (functions, data) = (object.functions.len(), object.data.len());
            line(&mut out, &WrittenLine::Object { functions, data, object: Borrowed(object) })?;
            lines(&mut out, functions, |at| {
                ChecksumLine::FunctionChecksum(object.functions.at(at))
            })?;
            lines(&mut out, data, |at| ChecksumLine::DataChecksum(object.data.at(at)))?;
        }
        out.flush()
    }

    /// Reads a checksum file, on the current rayon pool.
    pub fn read(input: impl BufRead) -> Result<Self, ManifestError> {
        let mut read: Vec<ManifestObject> = Vec::new();
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
                (ChecksumLine::Checksums { format_version, objects, .. }, None) if number == 1 => {
                    if format_version != FORMAT_VERSION {
                        return Err(ManifestError::Version(format_version));
                    }
                    promised = Some(objects);
                }
                (ChecksumLine::Object { functions, data, object }, _) if open == (0, 0) => {
                    open = (functions, data);
                    read.push(object.into_owned());
                }
                (ChecksumLine::FunctionChecksum(function), Some(object)) if open.0 > 0 => {
                    open.0 = open.0.saturating_sub(1);
                    let references = function.references.iter().chain(&function.behind);
                    are_known(object, references).ok_or(ManifestError::Symbol(number))?;
                    function.add_to(&mut object.functions);
                }
                (ChecksumLine::DataChecksum(data), Some(object)) if open.0 == 0 && open.1 > 0 => {
                    open.1 = open.1.saturating_sub(1);
                    let references = data.references.iter();
                    are_known(object, references).ok_or(ManifestError::Symbol(number))?;
                    data.add_to(&mut object.data);
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

/// Those of them that one thread writes.
const SHARE: usize = BATCH / 16;

/// For each line whether it is a first one, and what it says.
fn parsed(
    input: impl BufRead,
) -> impl Iterator<Item = io::Result<(bool, serde_json::Result<ReadLine>)>> {
    let mut lines = input.lines();
    let batches = std::iter::from_fn(move || {
        let batch: Vec<io::Result<String>> = lines.by_ref().take(BATCH).collect();
        (!batch.is_empty()).then_some(batch)
    });
    batches.flat_map(|batch| {
        let read = |text: String| (is_manifest(text.as_bytes()), ReadLine::parse(&text));
        batch.into_par_iter().map(|text| text.map(read)).collect::<Vec<_>>()
    })
}

impl ReadLine {
    /// As serde does it, but without a copy in between for what is nearly all of the file: its records start
    /// with what they are.
    fn parse(text: &str) -> serde_json::Result<Self> {
        if text.starts_with(r#"{"reason":"function-checksum","#) {
            serde_json::from_str(text).map(Self::FunctionChecksum)
        } else if text.starts_with(r#"{"reason":"data-checksum","#) {
            serde_json::from_str(text).map(Self::DataChecksum)
        } else {
            serde_json::from_str(text)
        }
    }
}

/// The lines that `of` gives for the first `count` numbers.
fn lines<'a>(
    out: &mut impl Write,
    count: usize,
    of: impl Fn(usize) -> WrittenLine<'a> + Sync,
) -> io::Result<()> {
    let text = |start: usize| {
        let mut text = Vec::new();
        let numbers = start..count.min(start.saturating_add(SHARE));
        numbers.map(&of).try_for_each(|one| line(&mut text, &one)).map(|()| text)
    };
    for batch in (0..count).step_by(BATCH) {
        let starts = batch..count.min(batch.saturating_add(BATCH));
        let texts: Vec<io::Result<Vec<u8>>> =
            starts.into_par_iter().step_by(SHARE).map(text).collect();
        for text in texts {
            out.write_all(&text?)?;
        }
    }
    Ok(())
}

fn line(out: &mut impl Write, line: &WrittenLine<'_>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lists::Strings;
    use crate::manifest::Fact;

    fn example() -> Manifest {
        let data = include_bytes!("file.rs");
        let digest = Digest::of(data);
        let function = ManifestFunction {
            name: "foo",
            file: Some(0),
            origin: Some(0),
            aliases: SymbolNames::new("bar\0"),
            parts: SymbolNames::new("foo.cold\0"),
            checksum: Some(digest),
            refused: None,
            kinds: &[(ContentKind::JumpTable, digest.into())],
            references: &[0],
            behind: &[],
        };
        let data = ManifestData {
            name: Some("table"),
            aliases: SymbolNames::new("other\0"),
            section: ".data",
            stand: Stand {
                offset: 8,
                asks: 2,
                has: 3,
                may_ask: 3,
                writable: true,
                in_table: false,
            },
            file: None,
            origin: None,
            checksum: None,
            refused: Some("because"),
            references: &[],
        };
        let object = ManifestObject {
            object: "a.o".into(),
            linked: Some("vmlinux".into()),
            function_symbols: 3,
            files: vec!["a.c".into()],
            globals: Strings::from_iter(["baz"]),
            locals: Strings::default(),
            local_files: Vec::new(),
            local_ranks: Vec::new(),
            facts: vec![Fact::new("seal", "foo", "")],
            origins: vec!["b.o".into()],
            content: Some(Digest::of(b"a.o")),
            functions: Functions::from_iter([function]),
            data: DataObjects::from_iter([data]),
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
    fn a_reference_to_nothing_is_an_error() {
        let mut bytes = Vec::new();
        example().write(&mut bytes).unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let other = text.replace("\"references\":[0]", "\"references\":[1]");
        assert_ne!(other, text);
        let read = Manifest::read(other.as_bytes());
        assert!(matches!(read, Err(ManifestError::Symbol(3))), "{read:?}");
    }

    #[test]
    fn another_version_is_refused() {
        let text = r#"{"reason":"checksums","format-version":999,"tool":"x","objects":0}"#;
        assert!(matches!(Manifest::read(text.as_bytes()), Err(ManifestError::Version(999))));
    }
}
