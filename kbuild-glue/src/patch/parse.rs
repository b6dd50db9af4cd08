//! From the bytes of a patch to files and hunks.

use camino::{Utf8Path, Utf8PathBuf};

use super::error::PatchError;
use super::hunk::{Hunk, HunkLine, split_lines};
use super::left_out::Unpatchable;
use super::{FileDiff, FileOrigin, foreign, header};

/// Parses all diffs in a patch file; text around them is skipped.
pub(super) fn parse(bytes: &[u8], patch: &Utf8Path) -> Result<Vec<FileDiff>, PatchError> {
    let mut parser =
        Parser { lines: split_lines(bytes).collect(), at: 0, patch, files: Vec::new() };
    while let Some(line) = parser.line() {
        if let Some(names) = line.strip_prefix(b"diff --git ") {
            parser.git_file(names)?;
        } else if parser.at_names() {
            let file = FileDiff { line: parser.number(), ..FileDiff::default() };
            parser.named_file(file)?;
        } else if line.starts_with(b"Binary files ") && line.ends_with(b" differ") {
            return Err(parser.binary(line));
        } else if line.starts_with(b"@@ -")
            && line.get(4..).is_some_and(|rest| rest.contains(&b'+'))
        {
            return Err(parser.malformed("a hunk without the name of its file"));
        } else if let Some(what) = foreign::found(parser.lines_ahead()) {
            return Err(parser.malformed(what));
        } else {
            parser.at = parser.at.saturating_add(1);
        }
    }
    Ok(parser.files)
}

const MORE_LINES: &str = "more lines in a hunk than its header says";

struct Parser<'a> {
    lines: Vec<&'a [u8]>,
    /// The line that is looked at, counted from 0.
    at: usize,
    patch: &'a Utf8Path,
    files: Vec<FileDiff>,
}

impl<'a> Parser<'a> {
    /// The line that is looked at, without its end.
    fn line(&self) -> Option<&'a [u8]> {
        self.line_ahead(0)
    }

    fn line_ahead(&self, ahead: usize) -> Option<&'a [u8]> {
        let line = *self.lines.get(self.at.saturating_add(ahead))?;
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }

    fn lines_ahead(&self) -> &[&'a [u8]] {
        self.lines.get(self.at..).unwrap_or_default()
    }

    fn number(&self) -> usize {
        self.at.saturating_add(1)
    }

    fn next(&mut self) {
        self.at = self.at.saturating_add(1);
    }

    fn malformed(&self, what: impl Into<String>) -> PatchError {
        PatchError::Malformed {
            patch: self.patch.to_owned(),
            line: self.number(),
            what: what.into(),
        }
    }

    /// What `diff -r` says of two files: their names stand in a sentence.
    fn binary(&self, line: &[u8]) -> PatchError {
        let names = line.strip_prefix(b"Binary files ").unwrap_or(line);
        let names = names.strip_suffix(b" differ").unwrap_or(names);
        let what = Unpatchable::Binary { line: self.number() };
        what.error(self.patch.to_owned(), Utf8Path::new(&String::from_utf8_lossy(names)))
    }

    /// Whether the two name lines of a file stand here. A mail's text can have a line that
    /// starts with `--- ` too, so all three lines must fit.
    fn at_names(&self) -> bool {
        let starts = |ahead, prefix: &[u8]| {
            self.line_ahead(ahead).is_some_and(|line| line.starts_with(prefix))
        };
        starts(0, b"--- ") && starts(1, b"+++ ") && starts(2, b"@@ -")
    }

    /// A file of a git diff: extended headers, then names and hunks where lines change.
    fn git_file(&mut self, names: &'a [u8]) -> Result<(), PatchError> {
        let mut file = FileDiff { line: self.number(), ..FileDiff::default() };
        let both = header::git_names(names);
        let (mut created, mut deleted) = (false, false);
        let mut bare: [Option<Utf8PathBuf>; 2] = [None, None];
        self.next();
        while let Some(line) = self.line() {
            if self.at_names() || line.starts_with(b"diff --git ") {
                break;
            }
            let value = |prefix: &[u8]| line.strip_prefix(prefix);
            if let Some(mode) = value(b"new file mode ") {
                created = true;
                file.mode = self.mode(mode, &mut file)?;
            } else if let Some(mode) = value(b"deleted file mode ") {
                deleted = true;
                self.mode(mode, &mut file)?;
            } else if let Some(mode) = value(b"new mode ") {
                file.mode = self.mode(mode, &mut file)?;
            } else if let Some(mode) = value(b"old mode ") {
                self.mode(mode, &mut file)?;
            } else if let Some(rest) = value(b"index ") {
                // The mode stands here when it does not change.
                if let Some(at) = rest.iter().position(|&byte| byte == b' ') {
                    self.mode(rest.get(at..).unwrap_or_default(), &mut file)?;
                }
            } else if let Some(name) = value(b"rename from ").or_else(|| value(b"copy from ")) {
                file.origin = if line.starts_with(b"copy") {
                    FileOrigin::Copied
                } else {
                    FileOrigin::Renamed
                };
                bare[0] = Some(self.bare_name(name)?);
            } else if let Some(name) = value(b"rename to ").or_else(|| value(b"copy to ")) {
                bare[1] = Some(self.bare_name(name)?);
            } else if line.starts_with(b"GIT binary patch") || line.starts_with(b"Binary files ") {
                // The bytes are skipped like any text between files.
                file.unpatchable = Some(Unpatchable::Binary { line: self.number() });
                self.next();
                break;
            } else if value(b"similarity index ").is_none()
                && value(b"dissimilarity index ").is_none()
            {
                break;
            }
            self.next();
        }
        if let Some((old, new)) = &both {
            // `git diff --no-prefix`: the names are equal, and there is nothing to strip.
            file.unprefixed = old == new;
        }
        let [from, to] = bare;
        let renamed = from.is_some() && to.is_some();
        file.unprefixed |= renamed;
        if !renamed {
            file.origin = FileOrigin::Same;
        }
        let is_binary = matches!(file.unpatchable, Some(Unpatchable::Binary { .. }));
        // Names behind a binary change are those of another file.
        if self.at_names() && !is_binary {
            return self.named_file_as(file, renamed.then_some((from, to)));
        }
        if renamed {
            (file.old, file.new) = (from, to);
        } else {
            let (old, new) = both.ok_or_else(|| PatchError::Malformed {
                patch: self.patch.to_owned(),
                line: file.line,
                what: "a file name that cannot be read".to_owned(),
            })?;
            file.old = (!created).then_some(old);
            file.new = (!deleted).then_some(new);
            if !created && !deleted && file.mode.is_none() && file.unpatchable.is_none() {
                // Nothing changes: a header without a diff, as in a mail's text.
                return Ok(());
            }
        }
        self.files.push(file);
        Ok(())
    }

    fn named_file(&mut self, file: FileDiff) -> Result<(), PatchError> {
        self.named_file_as(file, None)
    }

    /// A file from its `---` line on.
    fn named_file_as(
        &mut self,
        mut file: FileDiff,
        renamed: Option<(Option<Utf8PathBuf>, Option<Utf8PathBuf>)>,
    ) -> Result<(), PatchError> {
        let raw = self.lines.get(self.at.saturating_add(1)).copied().unwrap_or_default();
        // A patch whose own lines end in CR LF, headers included, was converted on its way.
        let converted = raw.ends_with(b"\r\n");
        let mut names = Vec::new();
        for _ in 0..2 {
            let line = self.line().and_then(|line| line.get(4..)).unwrap_or_default();
            names.push(
                header::name(line)
                    .ok_or_else(|| self.malformed("a file name that is not UTF-8"))?,
            );
            self.next();
        }
        if let [old, new] = names.as_slice() {
            (file.epoch_old, file.epoch_new) = (old.epoch, new.epoch);
            (file.old, file.new) = (old.path.clone(), new.path.clone());
        }
        if let Some((from, to)) = renamed {
            (file.old, file.new) = (from, to);
        }
        if file.old.is_none() && file.new.is_none() {
            return Err(self.malformed("a change of /dev/null"));
        }
        while self.line().is_some_and(|line| line.starts_with(b"@@ -")) {
            let hunk = self.hunk(converted)?;
            file.hunks.push(hunk);
        }
        self.files.push(file);
        Ok(())
    }

    fn hunk(&mut self, converted: bool) -> Result<Hunk, PatchError> {
        let (old, new) = self
            .line()
            .and_then(ranges)
            .ok_or_else(|| self.malformed("a hunk header that cannot be read"))?;
        let mut hunk =
            Hunk { line: self.number(), old_start: old.0, new_start: new.0, lines: Vec::new() };
        let (mut old_left, mut new_left) = (old.1, new.1);
        self.next();
        while old_left > 0 || new_left > 0 {
            let Some(&raw) = self.lines.get(self.at) else {
                return Err(self.malformed("the patch ends within a hunk"));
            };
            let (kind, content) = match raw.split_first() {
                // Mail programs strip the blank of an empty line.
                Some((b'\n', _) | (b'\r', b"\n")) | None => (b' ', raw),
                Some((&kind, content)) => (kind, content),
            };
            let content = match content.strip_suffix(b"\r\n") {
                Some(text) if converted => [text, b"\n"].concat(),
                _ => content.to_vec(),
            };
            let (line, of_old, of_new) = match kind {
                b' ' => (HunkLine::Both(content), true, true),
                b'-' => (HunkLine::Removed(content), true, false),
                b'+' => (HunkLine::Added(content), false, true),
                b'\\' => {
                    self.strip_end(&mut hunk)?;
                    continue;
                }
                _ => {
                    return Err(self.malformed("a line in a hunk that starts with none of ` +-\\`"));
                }
            };
            let left =
                |left: usize, used: bool| if used { left.checked_sub(1) } else { Some(left) };
            match (left(old_left, of_old), left(new_left, of_new)) {
                (Some(old), Some(new)) => (old_left, new_left) = (old, new),
                _ => return Err(self.malformed(MORE_LINES)),
            }
            hunk.lines.push(line);
            self.next();
        }
        if self.line().is_some_and(|line| line.starts_with(b"\\ ")) {
            self.strip_end(&mut hunk)?;
        }
        if self.is_in_hunk() {
            return Err(self.malformed(MORE_LINES));
        }
        Ok(hunk)
    }

    /// Whether a line of a hunk stands here, though the hunk is whole. What follows one is an empty line, a header, or
    /// the two dashes before a mail's signature.
    fn is_in_hunk(&self) -> bool {
        let line = self.line().unwrap_or_default();
        let is_dashes = line.starts_with(b"---") || line == b"--" || line == b"-- ";
        matches!(line.first(), Some(b' ' | b'+' | b'-')) && !is_dashes
    }

    /// Takes the line end off the line that `\ No newline at end of file` speaks of.
    fn strip_end(&mut self, hunk: &mut Hunk) -> Result<(), PatchError> {
        if let Some(HunkLine::Both(bytes) | HunkLine::Removed(bytes) | HunkLine::Added(bytes)) =
            hunk.lines.last_mut()
            && bytes.last() == Some(&b'\n')
        {
            bytes.pop();
            if bytes.is_empty() {
                return Err(self.malformed("an empty line without an end is no line"));
            }
        }
        self.next();
        Ok(())
    }

    /// The permissions of a plain file. What is none, is written down in `file`.
    fn mode(&self, mode: &[u8], file: &mut FileDiff) -> Result<Option<u32>, PatchError> {
        let mode = String::from_utf8_lossy(mode).trim().to_owned();
        let number = u32::from_str_radix(&mode, 8)
            .map_err(|_| self.malformed(format!("`{mode}` is not a file mode")))?;
        if number & 0o170_000 != 0o100_000 {
            let what = Unpatchable::NotAFile { line: self.number(), mode };
            file.unpatchable.get_or_insert(what);
            return Ok(None);
        }
        Ok(Some(number & 0o777))
    }

    fn bare_name(&self, bytes: &[u8]) -> Result<Utf8PathBuf, PatchError> {
        header::name(bytes)
            .and_then(|name| name.path)
            .ok_or_else(|| self.malformed("a file name that cannot be read"))
    }
}

/// Start and number of lines of one side.
type LineRange = (usize, usize);

/// Parses `@@ -1,3 +1,4 @@`.
fn ranges(line: &[u8]) -> Option<(LineRange, LineRange)> {
    let text = String::from_utf8_lossy(line);
    let inner = text.strip_prefix("@@ -")?.split_once(" @@")?.0;
    let (old, new) = inner.split_once(" +")?;
    let range = |text: &str| -> Option<LineRange> {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse().ok()?, count.parse().ok()?))
    };
    Some((range(old)?, range(new)?))
}
