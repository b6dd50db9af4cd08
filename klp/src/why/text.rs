//! Sources without comments and literals.

/// The lines of `source`; what is in comments and literals is blank.
pub(super) fn clean(source: &[u8]) -> Vec<String> {
    let mut out = String::with_capacity(source.len());
    let text = String::from_utf8_lossy(source);
    let mut rest = text.chars().peekable();
    let mut state = TextState::Code;
    while let Some(character) = rest.next() {
        let next = rest.peek().copied();
        if character == '\n' {
            if matches!(state, TextState::Line | TextState::Literal(_)) {
                state = TextState::Code;
            }
            out.push('\n');
            continue;
        }
        match state {
            TextState::Code => match (character, next) {
                ('/', Some('/')) => state = TextState::Line,
                ('/', Some('*')) => {
                    rest.next();
                    state = TextState::Block;
                    out.push(' ');
                }
                ('"' | '\'', _) => {
                    state = TextState::Literal(character);
                    out.push(character);
                }
                _ => out.push(character),
            },
            TextState::Line => {}
            TextState::Block => {
                if (character, next) == ('*', Some('/')) {
                    rest.next();
                    state = TextState::Code;
                }
            }
            TextState::Literal(quote) => match character {
                '\\' => {
                    // The end of a line that is continued ends none.
                    if rest.next_if(|next| *next == '\n').is_some() {
                        out.push('\n');
                    } else {
                        rest.next();
                    }
                }
                _ if character == quote => {
                    out.push(character);
                    state = TextState::Code;
                }
                _ => {}
            },
        }
    }
    out.lines().map(ToOwned::to_owned).collect()
}

#[derive(Clone, Copy)]
enum TextState {
    Code,
    Line,
    Block,
    Literal(char),
}
