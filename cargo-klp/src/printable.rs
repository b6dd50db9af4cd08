//! Text of others on a terminal. Symbols, sections, files and the output of other programs can hold control characters,
//! by which a terminal takes orders. They are written as escapes here, in whatever people read; records of JSON have the
//! names as they are.

use std::borrow::Cow;
use std::io::{self, Write};

use anstyle::Style;

/// `text` without control characters but tabs: one line, whatever is in it.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |sign| sign.is_control() && sign != '\t')
}

/// The same of a text that can have several lines.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |sign| sign.is_control() && !matches!(sign, '\t' | '\n'))
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> Cow<'_, str> {
    // Nearly no text has any: C0 and DEL are one byte, C1 begins with 0xc2.
    let may_have = text.bytes().any(|byte| byte < b' ' || matches!(byte, 0x7f | 0xc2));
    if !may_have || !text.contains(&is_escaped) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() * 2);
    for sign in text.chars() {
        if is_escaped(sign) {
            out.extend(sign.escape_default());
        } else {
            out.push(sign);
        }
    }
    Cow::Owned(out)
}

/// Lines for people. Each `writeln!` is one line, whatever the names in it hold; only styles that are told apart from the
/// text reach the terminal.
pub(crate) struct PrintableLines<'w>(&'w mut dyn Write);

impl<'w> PrintableLines<'w> {
    pub(crate) fn to(out: &'w mut dyn Write) -> Self {
        Self(out)
    }

    /// What `writeln!` calls.
    pub(crate) fn write_fmt(&mut self, arguments: std::fmt::Arguments<'_>) -> io::Result<()> {
        let text = arguments.to_string();
        let text = text.strip_suffix('\n').unwrap_or(&text);
        writeln!(self.0, "{}", line(text))
    }

    /// A line of parts that each have a style.
    pub(crate) fn styled<T: AsRef<str>>(
        &mut self,
        parts: impl IntoIterator<Item = (Style, T)>,
    ) -> io::Result<()> {
        for (style, text) in parts {
            write!(self.0, "{style}{}{style:#}", line(text.as_ref()))?;
        }
        writeln!(self.0)
    }
}

#[cfg(test)]
mod tests {
    use anstyle::AnsiColor;

    use super::*;

    #[test]
    fn control_characters_are_written_out() {
        let raw = "a\tb\u{1b}[31m\r\n\u{7}\u{7f}\u{9b}5mé";
        assert_eq!(line(raw), "a\tb\\u{1b}[31m\\r\\n\\u{7}\\u{7f}\\u{9b}5mé");
        assert_eq!(lines(raw), "a\tb\\u{1b}[31m\\r\n\\u{7}\\u{7f}\\u{9b}5mé");
        assert!(matches!(line("__x64_sys_é"), Cow::Borrowed(_)));
    }

    #[test]
    fn lines_stay_lines_and_styles_stay() {
        let mut text = Vec::new();
        let mut out = PrintableLines::to(&mut text);
        let name = "a\nb\n";
        writeln!(out, "{name}").unwrap();
        writeln!(out).unwrap();
        out.styled([(Style::new(), "x\u{1b}"), (AnsiColor::Red.on_default(), "y")]).unwrap();
        assert_eq!(String::from_utf8(text).unwrap(), "a\\nb\\n\n\nx\\u{1b}\u{1b}[31my\u{1b}[0m\n");
    }
}
