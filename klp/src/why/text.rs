//! Sources without comments and literals.

/// The lines of `source`; what is in comments and literals is blank.
pub(super) fn clean(source: &[u8]) -> Vec<String> {
    let mut out = String::with_capacity(source.len());
    let text = String::from_utf8_lossy(source);
    let mut rest = text.chars().peekable();
    let mut state = State::Code;
    while let Some(character) = rest.next() {
        let next = rest.peek().copied();
        if character == '\n' {
            if matches!(state, State::Line | State::Literal(_)) {
                state = State::Code;
            }
            out.push('\n');
            continue;
        }
        match state {
            State::Code => match (character, next) {
                ('/', Some('/')) => state = State::Line,
                ('/', Some('*')) => {
                    rest.next();
                    state = State::Block;
                    out.push(' ');
                }
                ('"' | '\'', _) => {
                    state = State::Literal(character);
                    out.push(character);
                }
                _ => out.push(character),
            },
            State::Line => {}
            State::Block => {
                if (character, next) == ('*', Some('/')) {
                    rest.next();
                    state = State::Code;
                }
            }
            State::Literal(quote) => match character {
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
                    state = State::Code;
                }
                _ => {}
            },
        }
    }
    out.lines().map(ToOwned::to_owned).collect()
}

#[derive(Clone, Copy)]
enum State {
    Code,
    Line,
    Block,
    Literal(char),
}
