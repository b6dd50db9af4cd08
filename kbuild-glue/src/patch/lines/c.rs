//! Where a directive may stand in a C source: as much of C's lexical structure as that takes.

/// What is known of one physical line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PhysicalLine {
    /// Whether a directive can stand on a line of its own before this one: not in a comment, a literal, a
    /// continued line, or between parentheses, where a macro's arguments may be.
    pub(super) safe: bool,
    /// Whether there is more to it than space and punctuation.
    pub(super) has_words: bool,
    pub(super) conditional: Option<Conditional>,
}

/// A directive that decides which lines the compiler sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conditional {
    If,
    /// `#elif` and its variants.
    ElseIf,
    Else,
    End,
}

/// Reads all lines of a source.
pub(super) fn lines(source: &[u8]) -> Vec<PhysicalLine> {
    let mut lexer = Lexer::new(source);
    while lexer.step() {}
    lexer.lines
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LexState {
    Code,
    LineComment,
    BlockComment,
    /// Inside a string or a character, with the quote that ends it.
    Literal(u8),
}

/// Parentheses that are open where branches of a conditional start, and at most at their ends.
struct OpenParentheses {
    start: usize,
    end: usize,
    has_else: bool,
}

struct Lexer<'a> {
    rest: &'a [u8],
    lines: Vec<PhysicalLine>,
    state: LexState,
    /// Parentheses that are open.
    depth: usize,
    branches: Vec<OpenParentheses>,
    /// Whether all of the logical line up to here is space.
    blank: bool,
    /// The words of a directive line up to here, if this is one.
    directive: Option<Vec<u8>>,
    /// The line on which the last token before this one ended; directives have none.
    last_token: usize,
}

impl<'a> Lexer<'a> {
    fn new(source: &'a [u8]) -> Self {
        let first = PhysicalLine { safe: true, ..PhysicalLine::default() };
        Self {
            rest: source,
            lines: if source.is_empty() { Vec::new() } else { vec![first] },
            state: LexState::Code,
            depth: 0,
            branches: Vec::new(),
            blank: true,
            directive: None,
            last_token: 0,
        }
    }

    /// Takes one character, or a pair that belongs together. False at the end.
    fn step(&mut self) -> bool {
        if let Some(length) = spliced(self.rest) {
            self.advance(length);
            self.start_line(false);
            return true;
        }
        let Some(&byte) = self.rest.first() else { return false };
        let next = self.after_splices(1);
        if byte == b'\n' {
            self.advance(1);
            self.end_logical_line();
            return true;
        }
        if let Some(line) = self.lines.last_mut() {
            line.has_words |= byte.is_ascii_alphanumeric() || byte == b'_';
        }
        match (self.state, byte) {
            (LexState::Code, b'/') if next == Some(b'/') => self.enter(LexState::LineComment),
            (LexState::Code, b'/') if next == Some(b'*') => self.enter(LexState::BlockComment),
            (LexState::BlockComment, b'*') if next == Some(b'/') => self.enter(LexState::Code),
            (LexState::Code, _) => self.code(byte),
            (LexState::Literal(_), b'\\') if next.is_some_and(|next| next != b'\n') => self.pair(),
            (LexState::Literal(quote), _) if byte == quote => {
                self.advance(1);
                self.state = LexState::Code;
            }
            _ => self.advance(1),
        }
        true
    }

    fn code(&mut self, byte: u8) {
        self.advance(1);
        if byte.is_ascii_whitespace() {
            if let Some(words) = &mut self.directive {
                words.push(b' ');
            }
            return;
        }
        if self.blank && byte == b'#' {
            self.directive = Some(Vec::new());
        } else if let Some(words) = &mut self.directive {
            words.push(byte);
        } else {
            self.token(byte);
        }
        self.blank = false;
        if matches!(byte, b'"' | b'\'') {
            self.state = LexState::Literal(byte);
        }
    }

    fn token(&mut self, byte: u8) {
        let line = self.lines.len().saturating_sub(1);
        if byte == b'(' {
            // A function-like macro's name can be far before its arguments.
            for between in self.lines.iter_mut().skip(self.last_token.saturating_add(1)) {
                between.safe = false;
            }
            self.depth = self.depth.saturating_add(1);
        } else if byte == b')' {
            self.depth = self.depth.saturating_sub(1);
        }
        self.last_token = line;
    }

    /// Enters a state at a pair of characters.
    fn enter(&mut self, state: LexState) {
        self.pair();
        self.state = state;
        if let Some(words) = &mut self.directive {
            words.push(b' ');
        }
    }

    /// Takes two characters, with the ends of lines that are continued between them.
    fn pair(&mut self) {
        self.advance(1);
        while let Some(length) = spliced(self.rest) {
            self.advance(length);
            self.start_line(false);
        }
        self.advance(1);
    }

    fn end_logical_line(&mut self) {
        if matches!(self.state, LexState::LineComment | LexState::Literal(_)) {
            // A literal without its end is an apostrophe in text that nobody compiles.
            self.state = LexState::Code;
        }
        if self.state == LexState::Code {
            if let Some(words) = self.directive.take() {
                self.conditional(&words);
            }
            self.blank = true;
        }
        self.start_line(self.state == LexState::Code && self.depth == 0);
    }

    fn conditional(&mut self, words: &[u8]) {
        let name = words.trim_ascii_start();
        let end = name.iter().position(|byte| !byte.is_ascii_alphabetic()).unwrap_or(name.len());
        let conditional = match name.get(..end).unwrap_or_default() {
            b"if" | b"ifdef" | b"ifndef" => Conditional::If,
            b"elif" | b"elifdef" | b"elifndef" => Conditional::ElseIf,
            b"else" => Conditional::Else,
            b"endif" => Conditional::End,
            _ => return,
        };
        if let Some(line) = self.lines.last_mut() {
            line.conditional = Some(conditional);
        }
        let depth = self.depth;
        match conditional {
            Conditional::If => {
                self.branches.push(OpenParentheses { start: depth, end: 0, has_else: false });
            }
            Conditional::ElseIf | Conditional::Else => {
                if let Some(branches) = self.branches.last_mut() {
                    branches.end = branches.end.max(depth);
                    branches.has_else |= conditional == Conditional::Else;
                    self.depth = branches.start;
                }
            }
            Conditional::End => {
                if let Some(branches) = self.branches.pop() {
                    let skipped = if branches.has_else { 0 } else { branches.start };
                    self.depth = depth.max(branches.end).max(skipped);
                }
            }
        }
    }

    fn start_line(&mut self, safe: bool) {
        if !self.rest.is_empty() {
            self.lines.push(PhysicalLine { safe, ..PhysicalLine::default() });
        }
    }

    fn advance(&mut self, length: usize) {
        self.rest = self.rest.get(length..).unwrap_or_default();
    }

    /// The character behind `skip` others, and behind continued line ends.
    fn after_splices(&self, skip: usize) -> Option<u8> {
        let mut rest = self.rest.get(skip..)?;
        while let Some(length) = spliced(rest) {
            rest = rest.get(length..)?;
        }
        rest.first().copied()
    }
}

/// The length of a backslash with the end of its line; compilers take spaces between them.
fn spliced(bytes: &[u8]) -> Option<usize> {
    let after = bytes.strip_prefix(b"\\")?;
    let end = after.iter().position(|&byte| byte == b'\n')?;
    let blank = after.get(..end)?.iter().all(u8::is_ascii_whitespace);
    blank.then_some(end.saturating_add(2))
}
