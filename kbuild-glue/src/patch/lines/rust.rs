//! The lines of a Rust source, which has no `#line`: what a patch adds goes onto lines that are there.
//!
//! A line end between two tokens is as good as a blank, so lines that are added are joined to the line
//! before them, and removed ones leave empty lines. Comments that would swallow what follows are left
//! out, and doc comments become the attributes that they stand for.

use ra_ap_rustc_lexer::{DocStyle, FrontmatterAllowed, TokenKind, tokenize};

/// The patched source with each line on the number in `numbers`, as far as that can be done. Lines without a
/// number go where there is room.
pub(super) fn keep(source: &str, numbers: &[Option<usize>]) -> String {
    let mut printer = Printer { text: String::with_capacity(source.len()), line: 1, comment: None };
    // Lines behind the last with a number need not be joined to anything.
    let last = numbers.iter().rposition(Option::is_some).unwrap_or(0);
    let mut line = 0_usize;
    let mut offset = 0_usize;
    printer.start(0, numbers, last);
    for token in tokenize(source, FrontmatterAllowed::No) {
        let end = offset.saturating_add(usize::try_from(token.len).unwrap_or(usize::MAX));
        let text = source.get(offset..end).unwrap_or_default();
        offset = end;
        match token.kind {
            TokenKind::Whitespace => {
                for part in text.split_inclusive('\n') {
                    if part.ends_with('\n') {
                        line = line.saturating_add(1);
                        printer.start(line, numbers, last);
                    } else {
                        printer.push(part);
                    }
                }
            }
            TokenKind::LineComment { doc_style } => printer.line_comment(text, doc_style),
            _ => {
                printer.push(text);
                let ends = text.matches('\n').count();
                printer.line = printer.line.saturating_add(ends);
                line = line.saturating_add(ends);
            }
        }
    }
    printer.end(source.ends_with('\n'));
    printer.text
}

struct Printer {
    text: String,
    /// The line that is being written, counted from 1.
    line: usize,
    /// A comment at the end of it, which is written when nothing follows on the line.
    comment: Option<(String, Option<DocStyle>)>,
}

impl Printer {
    /// Goes on to line `index` of the source: to its number, or to a line that nobody needs, or stays.
    fn start(&mut self, index: usize, numbers: &[Option<usize>], last: usize) {
        if index == 0 {
            return self.go_to(numbers.first().copied().flatten().unwrap_or(1));
        }
        match numbers.get(index) {
            Some(Some(number)) => self.go_to(*number),
            _ if index > last => self.go_to(self.line.saturating_add(1)),
            _ => {
                let next =
                    numbers.get(index..).unwrap_or_default().iter().copied().flatten().next();
                let free = next.is_some_and(|next| self.line.saturating_add(1) < next);
                if free { self.go_to(self.line.saturating_add(1)) } else { self.stay() }
            }
        }
    }

    fn go_to(&mut self, line: usize) {
        if line <= self.line {
            return self.stay();
        }
        if let Some((comment, _)) = self.comment.take() {
            self.text.push_str(&comment);
        }
        while self.line < line {
            self.text.push('\n');
            self.line = self.line.saturating_add(1);
        }
    }

    /// Lets the next line stand behind what is on this one.
    fn stay(&mut self) {
        if let Some((comment, Some(style))) = self.comment.take() {
            self.text.push_str(&attribute(&comment, style));
        }
        if !self.text.is_empty() {
            self.text.push(' ');
        }
    }

    fn line_comment(&mut self, text: &str, style: Option<DocStyle>) {
        self.comment = Some((text.to_owned(), style));
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    fn end(&mut self, line_end: bool) {
        if let Some((comment, _)) = self.comment.take() {
            self.text.push_str(&comment);
        }
        if line_end && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }
}

/// What a doc comment means.
fn attribute(comment: &str, style: DocStyle) -> String {
    let text = comment.get(3..).unwrap_or_default().trim_end_matches('\r');
    match style {
        DocStyle::Outer => format!("#[doc = {text:?}]"),
        DocStyle::Inner => format!("#![doc = {text:?}]"),
    }
}
