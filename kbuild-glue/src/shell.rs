//! The commands that Kbuild saves are for a shell. Those that are run again in another way are taken apart into words,
//! as far as this file understands the shell: names of programs, arguments and quotes.

/// A program, or an assignment of a variable, with all of its words, quotes removed.
pub(crate) type Words = Vec<String>;

/// The commands of `text`, which `;` separates, in their order. What is not plain words is an error in its place:
/// a variable, a pipe, a redirection, a condition.
pub(crate) fn commands(text: &str) -> Vec<Result<Words, NotPlain>> {
    let mut reader = ShellReader::default();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ' ' | '\t' | '\n' => reader.end_word(),
            ';' => reader.end_command(),
            '\'' => reader.quoted(&mut characters),
            '"' => reader.double_quoted(&mut characters),
            '\\' => match characters.next() {
                Some(next) => reader.push(next),
                None => reader.plain = false,
            },
            '#' if reader.word.is_some() => reader.push(character),
            '$' | '`' | '|' | '&' | '<' | '>' | '(' | ')' | '{' | '}' | '*' | '?' | '#' => {
                reader.plain = false;
            }
            other => reader.push(other),
        }
    }
    reader.end_command();
    reader.commands
}

/// A command that is more than words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotPlain;

/// The words as a shell reads them.
pub(crate) fn quoted(words: &[String]) -> String {
    let words = words.iter().map(|word| match assignment(word) {
        Some((name, value)) => format!("{name}={}", quote(value)),
        None => quote(word),
    });
    words.collect::<Vec<String>>().join(" ")
}

/// Name and value, if a shell takes a word before the program for an assignment.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    let (name, value) = word.split_once('=')?;
    let is_name = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    is_name.then_some((name, value))
}

fn quote(word: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./=+,:@%".contains(&byte);
    if !word.is_empty() && word.bytes().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

struct ShellReader {
    commands: Vec<Result<Words, NotPlain>>,
    words: Words,
    word: Option<String>,
    plain: bool,
}

impl Default for ShellReader {
    fn default() -> Self {
        Self { commands: Vec::new(), words: Vec::new(), word: None, plain: true }
    }
}

impl ShellReader {
    fn push(&mut self, character: char) {
        self.word.get_or_insert_default().push(character);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        let words = std::mem::take(&mut self.words);
        let plain = std::mem::replace(&mut self.plain, true);
        if !plain {
            self.commands.push(Err(NotPlain));
        } else if !words.is_empty() {
            self.commands.push(Ok(words));
        }
    }

    fn quoted(&mut self, characters: &mut impl Iterator<Item = char>) {
        self.word.get_or_insert_default();
        loop {
            match characters.next() {
                Some('\'') => return,
                Some(character) => self.push(character),
                None => return self.plain = false,
            }
        }
    }

    fn double_quoted(&mut self, characters: &mut impl Iterator<Item = char>) {
        self.word.get_or_insert_default();
        loop {
            match characters.next() {
                Some('"') => return,
                Some('\\') => match characters.next() {
                    Some(next @ ('"' | '\\' | '$' | '`')) => self.push(next),
                    Some(next) => {
                        self.push('\\');
                        self.push(next);
                    }
                    None => return self.plain = false,
                },
                Some('$' | '`') => self.plain = false,
                Some(character) => self.push(character),
                None => return self.plain = false,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<Result<Vec<String>, NotPlain>> {
        commands(text)
    }

    #[test]
    fn quotes_are_read_and_written() {
        let text = r#"A=1 rustc -Zcrate-attr='feature(a,b)' -DX='"a b"' -DY="c \"d\" '" e\ f '' --emit=obj=x.o ;objcopy x"#;
        let read = words(text);
        let first = read[0].as_ref().unwrap();
        let expected = [
            "A=1",
            "rustc",
            "-Zcrate-attr=feature(a,b)",
            "-DX=\"a b\"",
            "-DY=c \"d\" '",
            "e f",
            "",
            "--emit=obj=x.o",
        ];
        assert_eq!(first, &expected);
        assert_eq!(read[1].as_ref().unwrap(), &["objcopy", "x"]);
        assert_eq!(words(&quoted(first)), [Ok(first.clone())]);
    }

    #[test]
    fn what_needs_a_shell_is_no_list_of_words() {
        for text in
            ["a $b", "a | b", "a > b", "a && b", "`a`", "a \"$b\"", "a '", "a \"", "if (x)", "a\\"]
        {
            assert!(words(text).iter().any(Result::is_err), "{text}");
        }
        assert_eq!(words("a '$b|' ; if [ $x ]; then")[0], Ok(vec!["a".into(), "$b|".into()]));
        assert!(words(" ; ;").is_empty());
    }
}
