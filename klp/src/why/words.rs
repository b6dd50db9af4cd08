//! What is known of hunks and functions, in words: single ones for programs, and sentences.

use kbuild_glue::TracedHunk;

use super::{CompilerChoice, Evidence, FunctionReached, HunkReason, NoEffect, ReachKind};

impl ReachKind {
    /// A word that stays the same.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Inlined => "inlined",
            Self::Macro => "macro",
            Self::Type => "type",
            Self::Data => "data",
            Self::Include => "include",
            Self::Call => "call",
            Self::Use => "use",
            Self::Build => "build",
            Self::Untraced => "untraced",
        }
    }
}

impl Evidence {
    /// A word that stays the same.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Extent => "extent",
            Self::Text => "text",
            Self::File => "file",
        }
    }
}

impl NoEffect {
    /// A word that stays the same.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSource => "not-source",
            Self::NotBuilt => "not-built",
            Self::Comment => "comment",
            Self::CompiledOut => "compiled-out",
            Self::OnlyData => "only-data",
            Self::NotTraced => "not-traced",
            Self::NoCode => "no-code",
        }
    }
}

/// Why a hunk may be a reason.
const NOTHING_ELSE: &str = "the object is made from that file, and nothing else tells why";

impl HunkReason {
    /// How the hunk reaches the function, for people, to stand behind the hunk.
    #[must_use]
    pub fn words(&self) -> String {
        let inlined = || self.through.join("(), then ") + "()";
        let names = || self.through.join(", which uses ");
        let what = match self.how {
            ReachKind::Macro => "the macro",
            ReachKind::Type => "the type or its member",
            _ => "the data or declaration",
        };
        match (self.how, self.evidence) {
            (ReachKind::Direct, Evidence::Lines) => {
                "directly: code comes from the changed lines".to_owned()
            }
            (ReachKind::Direct, Evidence::File) => format!(
                "directly, as it seems: the object is made from {}, and nothing tells its functions apart",
                names()
            ),
            (ReachKind::Direct, _) => "directly: it changes the text of the function".to_owned(),
            (ReachKind::Inlined, Evidence::Lines) => format!("inlined through {}", inlined()),
            (ReachKind::Inlined, Evidence::Text) => format!(
                "inlined through {}, as it seems: it is called in the text, and nothing else tells why",
                inlined()
            ),
            (ReachKind::Inlined, _) => {
                format!("inlined through {}: it changes the text of that function", inlined())
            }
            (ReachKind::Build, _) => {
                format!("maybe through how it is compiled: nothing but {} tells why", names())
            }
            (ReachKind::Untraced, _) => {
                format!("maybe, by something that nothing traces: {NOTHING_ELSE}")
            }
            (ReachKind::Call, _) => format!(
                "through {}, where it changes a call of this static function: a compiler may make its code for the \
                 calls that there are",
                inlined()
            ),
            (ReachKind::Use, _) => format!(
                "through the static variable {}, which the function uses: the hunk changes how others use it",
                names()
            ),
            (ReachKind::Include, _) => self.included(),
            (_, Evidence::File) => format!("maybe through {what} {}: {NOTHING_ELSE}", names()),
            _ => match self.through.as_slice() {
                [outer, _, ..] => format!(
                    "through {what} {}; {outer} stands in the text of the function",
                    names()
                ),
                _ => {
                    format!("through {what} {}, which stands in the text of the function", names())
                }
            },
        }
    }
}

impl HunkReason {
    /// The header that one version includes, and what the function uses of it.
    fn included(&self) -> String {
        let [header, uses @ ..] = self.through.as_slice() else { return String::new() };
        let (first, last) = (uses.first(), uses.last());
        let [first, last] = [first, last].map(|name| name.map_or("", String::as_str));
        let head =
            format!("through {header}, which one version includes, and which defines {last}");
        if first == last {
            format!("{head}: that stands in the text of the function")
        } else {
            format!("{head}: {first}, which uses it, stands in the text of the function")
        }
    }
}

impl CompilerChoice {
    /// What the compiler did otherwise, for people.
    #[must_use]
    pub fn words(&self) -> String {
        let list = |names: &[String]| names.join("(), ") + "()";
        let mut parts = Vec::new();
        if !self.inlined.is_empty() {
            parts.push(format!("it inlines {} now", list(&self.inlined)));
        }
        if !self.not_inlined.is_empty() {
            parts.push(format!("it does not inline {} any more", list(&self.not_inlined)));
        }
        if !self.callees.is_empty() {
            parts.push(format!("it calls {}, which changed", list(&self.callees)));
        }
        parts.join("; ")
    }
}

impl FunctionReached {
    /// Why it changed where no hunk reaches it, for people.
    #[must_use]
    pub fn without_hunk(&self) -> Option<String> {
        if !self.because.is_empty() {
            return None;
        }
        let words = match (self.choice.is_none(), self.has_lines) {
            (true, false) => "no reason is known: there is no debug information of it, and no hunk changes something that its \
                              text is known to use"
                .to_owned(),
            (true, true) => "no reason is known: no hunk changes its source or something that it is known to use, and no function \
                             that it calls or that is inlined into it is known to have changed"
                .to_owned(),
            (false, _) if self.is_open => format!("no hunk is known to reach it: {}", self.choice.words()),
            (false, _) => {
                format!("by the compiler's choice, no hunk reaches it: {}", self.choice.words())
            }
        };
        Some(words)
    }
}

/// What people call a hunk: `fix.patch:12, hunk @@ -3,4 +3,5 @@ int f(void)`.
#[must_use]
pub fn hunk_words(hunk: &TracedHunk) -> String {
    let patch = hunk.patch.file_name().unwrap_or(hunk.patch.as_str());
    format!("{patch}:{}, hunk {} of {}", hunk.line, hunk.header, hunk.file)
}
