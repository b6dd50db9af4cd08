//! What compilers and assemblers read or look for without a word in the list of what an object is made from.

use memchr::memmem;

const DIRECTIVES: [&str; 4] = ["__has_include", ".incbin", ".include", "#embed"];

/// A file that a source asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'a> {
    /// One of this name.
    Name(&'a [u8]),
    /// One whose name ends so: macros and strings are put together before it. With nothing, it can be any file.
    Ending(&'a [u8]),
}

impl Asked<'_> {
    /// Whether it can be a file of this name.
    pub(super) fn is(&self, name: &[u8]) -> bool {
        match self {
            Self::Name(asked) => *asked == name,
            Self::Ending(end) => name.ends_with(end),
        }
    }
}

/// What the lines of `text` ask for.
pub(super) fn asked_for(text: &[u8]) -> impl Iterator<Item = Asked<'_>> {
    DIRECTIVES.iter().flat_map(move |directive| {
        memmem::find_iter(text, directive).filter_map(move |at| {
            let rest = text.get(at.saturating_add(directive.len())..)?;
            let is_longer = rest.first().is_some_and(|byte| is_part(*byte));
            argument(rest.split(|byte| *byte == b'\n').next()?).filter(|_| !is_longer)
        })
    })
}

/// The file that is named behind a directive; none if the word is something else here, as in a comment.
fn argument(line: &[u8]) -> Option<Asked<'_>> {
    let line = line.trim_ascii_start();
    let line = line.strip_prefix(b"(").unwrap_or(line).trim_ascii_start();
    if let Some(name) = line.strip_prefix(b"<") {
        return Some(Asked::Name(last_part(until(name, b'>')?)));
    }
    // In a string of C.
    if let Some(rest) = line.strip_prefix(b"\\\"") {
        let Some(end) = memmem::find(rest, b"\\\"") else { return Some(Asked::Ending(b"")) };
        return Some(written(rest.split_at(end).0));
    }
    if let Some(rest) = line.strip_prefix(b"\"") {
        let name = until(rest, b'"')?;
        let is_outside = name.trim_ascii() != name;
        return Some(if is_outside { Asked::Ending(b"") } else { written(name) });
    }
    if let Some(parameter) = line.strip_prefix(b"\\").filter(|rest| is_word(rest)) {
        return Some(behind_parameter(parameter.split(u8::is_ascii_whitespace).next()?));
    }
    let end = line.iter().position(|byte| !is_part(*byte)).unwrap_or(line.len());
    let (word, rest) = line.split_at(end);
    let is_all = rest.trim_ascii_start().first().is_none_or(|byte| b",;\"\\/".contains(byte));
    (is_word(word) && is_all).then_some(Asked::Ending(b""))
}

/// What stands between two quotes: a name, or pieces of one between strings and macros.
fn written(text: &[u8]) -> Asked<'_> {
    let mut pieces = text.rsplit(|byte| *byte == b'"');
    let last = pieces.next().unwrap_or_default();
    if let Some(parameter) = last.iter().rposition(|byte| *byte == b'\\') {
        return behind_parameter(last.get(parameter.saturating_add(1)..).unwrap_or_default());
    }
    let name = last_part(last);
    if pieces.next().is_none() || name.len() < last.len() {
        Asked::Name(name)
    } else {
        Asked::Ending(name)
    }
}

/// What stands behind the parameter of a macro of the assembler, whose name `text` begins with.
fn behind_parameter(text: &[u8]) -> Asked<'_> {
    let end = text.iter().position(|byte| !is_part(*byte)).unwrap_or(text.len());
    let rest = text.split_at(end).1;
    let rest = rest.strip_prefix(b"()").unwrap_or(rest);
    Asked::Ending(last_part(rest))
}

fn until(text: &[u8], end: u8) -> Option<&[u8]> {
    let at = text.iter().position(|byte| *byte == end)?;
    Some(text.split_at(at).0)
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_word(text: &[u8]) -> bool {
    text.first().is_some_and(|byte| is_part(*byte) && !byte.is_ascii_digit())
}

/// What stands behind the last slash.
pub(super) fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Vec<Asked<'_>> {
        asked_for(text.as_bytes()).collect()
    }

    #[test]
    fn names() {
        for text in [
            "#if __has_include(\"errata/abi-2.h\")\n",
            "#if defined(A) && __has_include(<abi-2.h>)\n",
            "asm(\".incbin \\\"fs/abi-2.h\\\"\");\n",
            "  .include \"abi-2.h\"\n",
            "asm(\".incbin \\\"\" DIR \"/abi-2.h\\\"\\n\");",
            "#embed \"abi-2.h\" limit(4)",
        ] {
            assert_eq!(asked(text), [Asked::Name(b"abi-2.h")], "{text}");
        }
    }

    #[test]
    fn pieces_of_names() {
        for (text, end) in [
            ("asm(\".incbin \\\"\" SRC DIR \"blob\" \".txt\\\"\\n\");", ".txt"),
            ("asm(\".incbin \\\"\" SRC \"lib/\" XSTR(NAME) \".h\\\"\\n.byte 0\\n\");", ".h"),
            ("asm(\".incbin \\\"\" FILE \"\\\"\\n\");", ""),
            ("asm(\".incbin \\\"\" FILE\n", ""),
            ("asm(\".incbin \" FILE \"\\n\");", ""),
            (".incbin BLOB\n", ""),
            ("\t.incbin \\name\n", ""),
            (".incbin \"lib/\\name\\().bin\"\n", ".bin"),
            ("asm(\".incbin \\\"lib/\\\\name.bin\\\"\\n\");", ".bin"),
        ] {
            assert_eq!(asked(text), [Asked::Ending(end.as_bytes())], "{text}");
        }
    }

    #[test]
    fn other_words() {
        for text in [
            "#include \"abi-2.h\"\n",
            "/* did not support .incbin. */\n",
            " * Using .incbin has the advantage\n",
            "#ifdef __has_include\n",
            "ops.include = 1;\n",
            "ops.include_all(x);\n",
            "ops.includes;\n",
        ] {
            assert_eq!(asked(text), [], "{text}");
        }
        assert!(!Asked::Name(b"my-abi-2.h").is(b"abi-2.h"));
        assert!(Asked::Ending(b".h").is(b"abi-2.h"));
    }
}
