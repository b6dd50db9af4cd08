//! The source lines between the instructions of functions that changed.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use camino::Utf8Path;
use kbuild_glue::{BuildVersion, is_lto};
use klp_core::checksum::Analysis;
use klp_core::debug::{DebugInfo, Place, SourceLine};
use klp_core::explain::{self, AlignedRow, InstructionLine};
use klp_core::layout::FunctionId;
use klp_core::record::ChangedFunction;

use crate::error::Error;
use crate::event::{Event, Events};
use crate::explain::Explained;
use crate::finished::read;
use crate::kernel::Kernel;
use crate::md5::md5;
use crate::session::Session;
use crate::why::sources::Sources;
use crate::why::{file_of, symbol};

/// A line of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceText {
    /// The file; of a build, relative to the sources.
    pub file: String,
    /// Counted from 1; of the patched build as people see it in the patched source.
    pub line: u32,
    /// What stands there; none where the file is not there.
    pub text: Option<String>,
    /// Whether the patch adds this line, or removes it.
    pub is_changed: bool,
}

/// The lines of both versions of one function: by part and offset of the instruction where each begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SourceLines {
    original: BTreeMap<(usize, u64), SourceText>,
    patched: BTreeMap<(usize, u64), SourceText>,
}

impl SourceLines {
    /// The line that an instruction of the original comes from.
    #[must_use]
    pub fn original(&self, line: &InstructionLine) -> Option<&SourceText> {
        at(&self.original, line)
    }

    /// The line that an instruction of the patched version comes from.
    #[must_use]
    pub fn patched(&self, line: &InstructionLine) -> Option<&SourceText> {
        at(&self.patched, line)
    }
}

fn at<'l>(
    lines: &'l BTreeMap<(usize, u64), SourceText>,
    line: &InstructionLine,
) -> Option<&'l SourceText> {
    let mut before = lines.range(..=(line.part, line.offset)).rev();
    before.next().filter(|((part, _), _)| *part == line.part).map(|(_, text)| text)
}

impl Kernel {
    /// The source lines of functions of the last build. Objects are compiled again with debug information, beside the
    /// build, where that was not done yet.
    pub fn source_lines(
        &self,
        explained: &[Explained],
        session: &Session,
        events: &mut Events<'_>,
    ) -> Result<Vec<SourceLines>, Error> {
        let functions: Vec<&ChangedFunction> = explained.iter().map(|it| &it.function).collect();
        let lined = self.objects_of(&functions, session, events)?;
        let last = self.last_build();
        let changes = last.patching()?.unwrap_or_default().changes;
        let sources = Sources::new(last.sources, changes);
        let is_lto = is_lto(&last.kernel);
        let mut all = vec![SourceLines::default(); explained.len()];
        for ((object, version), path) in &lined {
            let path = match path {
                Ok(path) => path,
                Err(why) => {
                    events(Event::Warning(format!("the lines of {object} are not known: {why}")));
                    continue;
                }
            };
            let own = explained.iter().zip(&mut all);
            let own = own.filter(|(it, _)| file_of(&it.function, is_lto) == *object);
            let text = |debug: &DebugInfo, source: SourceLine| {
                let (file, line) = (debug.file(source), source.line);
                let inside = sources.inside(file)?;
                let text = line_of(&sources.bytes(inside, *version)?, line);
                let is_changed =
                    text.as_ref().is_some_and(|text| sources.is_only_in(*version, inside, text));
                Some(SourceText { file: inside.to_string(), line, text, is_changed })
            };
            fill(path, *version, own, &text)?;
        }
        Ok(all)
    }
}

/// The source lines of functions of two files that were compared, as far as those have debug information. A source is shown
/// for a version only if it is what that was compiled from: where nothing tells, a file that both versions name is that of
/// the patched one.
pub fn source_lines_of(
    (original, patched): (&Utf8Path, &Utf8Path),
    explained: &[Explained],
    events: &mut Events<'_>,
) -> Result<Vec<SourceLines>, Error> {
    let mut all = vec![SourceLines::default(); explained.len()];
    let files = |path| -> Result<BTreeSet<String>, Error> {
        let debug = DebugInfo::of(&read(path)?).unwrap_or_default();
        Ok(debug.files().map(ToOwned::to_owned).collect())
    };
    let of_patched = files(patched)?;
    let unsure = RefCell::new(BTreeSet::new());
    for (path, version) in [(original, BuildVersion::Original), (patched, BuildVersion::Patched)] {
        let text = |debug: &DebugInfo, source: SourceLine| {
            let file = debug.file(source);
            let bytes = fs_err::read(file).ok()?;
            let is_it = match debug.file_md5(source) {
                Some(known) => known == md5(&bytes),
                None => version == BuildVersion::Patched || !of_patched.contains(file),
            };
            if !is_it {
                unsure.borrow_mut().insert(file.to_owned());
            }
            let text = line_of(&bytes, source.line).filter(|_| is_it);
            Some(SourceText { file: file.to_owned(), line: source.line, text, is_changed: false })
        };
        fill(path, version, explained.iter().zip(&mut all), &text)?;
    }
    let unsure = unsure.into_inner();
    if let Some(first) = unsure.first() {
        let more = match unsure.len() {
            1 => String::new(),
            count => format!(" and {} more files", count.saturating_sub(1)),
        };
        events(Event::Warning(format!(
            "lines of {first}{more} are shown only for the version that was compiled from what is there now: both files \
             name that path, or debug information has another MD5 of it"
        )));
    }
    Ok(all)
}

/// One of the lines of a file, where the file is there.
type LineText<'t> = &'t dyn Fn(&DebugInfo, SourceLine) -> Option<SourceText>;

/// Adds the lines of functions that the object at `path` has.
fn fill<'e>(
    path: &Utf8Path,
    version: BuildVersion,
    functions: impl Iterator<Item = (&'e Explained, &'e mut SourceLines)>,
    text: LineText<'_>,
) -> Result<(), Error> {
    let input = read(path)?;
    // An object without debug information has no lines, and what cannot be read was told.
    let (Ok(debug), Ok(analysis)) = (DebugInfo::of(&input), Analysis::of(&input)) else {
        return Ok(());
    };
    for (explained, lines) in functions {
        let Some(symbol) = symbol(&explained.function, version) else { continue };
        let places: BTreeSet<(usize, u64)> = explained
            .rows
            .iter()
            .filter_map(|row| side(row, version))
            .map(|line| (line.part, line.offset))
            .collect();
        // With the lines of the patched source, `__LINE__` is another number in the same instruction.
        let is_same = |function: &FunctionId| {
            explain::places(&analysis, *function).into_iter().eq(places.iter().copied())
        };
        let Some(function) = explain::named(&analysis, symbol).into_iter().find(is_same) else {
            continue;
        };
        let found = match version {
            BuildVersion::Original => &mut lines.original,
            BuildVersion::Patched => &mut lines.patched,
        };
        for (part, stretch) in explain::stretches(&analysis, function).into_iter().enumerate() {
            for (Place { offset, .. }, line) in debug.lines(stretch) {
                let file = debug.file(line);
                let without_text = || SourceText {
                    file: file.to_owned(),
                    line: line.line,
                    text: None,
                    is_changed: false,
                };
                let source = text(&debug, line).unwrap_or_else(without_text);
                found.insert((part, offset.saturating_sub(stretch.start)), source);
            }
        }
    }
    Ok(())
}

fn side(row: &AlignedRow, version: BuildVersion) -> Option<&InstructionLine> {
    match (row, version) {
        (
            AlignedRow::Same(old, _) | AlignedRow::Changed(old, ..) | AlignedRow::Removed(old),
            BuildVersion::Original,
        ) => Some(old),
        (
            AlignedRow::Same(_, new) | AlignedRow::Changed(_, new, _) | AlignedRow::Added(new),
            BuildVersion::Patched,
        ) => Some(new),
        _ => None,
    }
}

/// The text of line `line`.
fn line_of(bytes: &[u8], line: u32) -> Option<String> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    let text = bytes.split(|byte| *byte == b'\n').nth(index)?;
    Some(String::from_utf8_lossy(text).trim_end().to_owned())
}
