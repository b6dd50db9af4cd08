//! The parts of a C source: functions, macros, types, data, by what stands in the text. It is as certain as a reading
//! without the preprocessor can be, and reads sources that are formatted as the kernel's are.

use super::text::clean;

/// What a part is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum BlockKind {
    Function,
    Macro,
    /// A structure, union, enumeration or `typedef`.
    Type,
    /// A variable.
    Data,
    /// A prototype, a declaration, or a macro that makes something.
    Declaration,
}

/// A part of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) kind: BlockKind,
    /// What it may be called: the name, and for a macro that makes something its arguments.
    pub(crate) names: Vec<String>,
    /// Its lines, counted from 1, the last included.
    pub(crate) first: usize,
    pub(crate) last: usize,
}

/// A source with its parts.
#[derive(Debug, Default)]
pub(crate) struct Blocks {
    /// Its lines without comments and literals.
    pub(crate) lines: Vec<String>,
    pub(crate) blocks: Vec<Block>,
}

impl Blocks {
    /// Those of `source`.
    pub(crate) fn of(source: &[u8]) -> Self {
        let lines = clean(source);
        let mut reader = BlockReader { lines: &lines, at: 0, blocks: Vec::new() };
        while reader.at < lines.len() {
            reader.next();
        }
        let blocks = reader.blocks;
        Self { lines, blocks }
    }

    /// The part that has line `line`.
    pub(crate) fn at(&self, line: usize) -> Option<&Block> {
        self.blocks.iter().find(|block| (block.first..=block.last).contains(&line))
    }

    /// The text of a part.
    pub(crate) fn text(&self, block: &Block) -> String {
        let first = block.first.saturating_sub(1);
        self.lines.get(first..block.last).unwrap_or_default().join("\n")
    }

    /// Whether nothing but comments and space is on any of `lines`.
    pub(crate) fn is_blank(&self, lines: &[usize]) -> bool {
        let text = |line: &usize| self.lines.get(line.saturating_sub(1)).map_or("", |it| it.trim());
        lines.iter().all(|line| text(line).is_empty())
    }
}

struct BlockReader<'a> {
    lines: &'a [String],
    /// The line that is looked at, counted from 0.
    at: usize,
    blocks: Vec<Block>,
}

impl BlockReader<'_> {
    fn line(&self, at: usize) -> &str {
        self.lines.get(at).map_or("", String::as_str)
    }

    fn next(&mut self) {
        let line = self.line(self.at).trim();
        if line.is_empty() {
            self.at = self.at.saturating_add(1);
        } else if line.starts_with('#') {
            self.directive();
        } else {
            self.construct();
        }
    }

    fn directive(&mut self) {
        let first = self.at;
        while self.line(self.at).trim_end().ends_with('\\') {
            self.at = self.at.saturating_add(1);
        }
        self.at = self.at.saturating_add(1);
        let text = self.line(first).trim_start().trim_start_matches('#').trim_start();
        if let Some(rest) = text.strip_prefix("define") {
            let names = words(rest).next().map(ToOwned::to_owned).into_iter().collect();
            self.push(BlockKind::Macro, names, first);
        }
    }

    fn construct(&mut self) {
        let first = self.at;
        let mut depth = 0_usize;
        let mut branches: Vec<usize> = Vec::new();
        let mut text = String::new();
        while self.at < self.lines.len() {
            let line = self.line(self.at).to_owned();
            let trimmed = line.trim();
            if let Some(directive) = trimmed.strip_prefix('#') {
                let directive = directive.trim_start();
                if directive.starts_with("define") && text.trim_end().ends_with([';', '}', ')']) {
                    break;
                }
                // Only one of the branches counts.
                if directive.starts_with("if") {
                    branches.push(depth);
                } else if directive.starts_with("el") {
                    depth = branches.last().copied().unwrap_or(depth);
                } else if directive.starts_with("endif") {
                    branches.pop();
                }
                while self.line(self.at).trim_end().ends_with('\\') {
                    self.at = self.at.saturating_add(1);
                }
                self.at = self.at.saturating_add(1);
                continue;
            }
            for byte in line.bytes() {
                match byte {
                    b'{' | b'(' => depth = depth.saturating_add(1),
                    b'}' | b')' => depth = depth.saturating_sub(1),
                    _ => {}
                }
            }
            text.push_str(&line);
            text.push('\n');
            self.at = self.at.saturating_add(1);
            // Where braces do not match, as between branches, the closing one of a definition stands in front.
            if line.starts_with('}') {
                depth = 0;
            }
            if depth == 0 && (trimmed.ends_with([';', '}']) || self.ends_without(trimmed)) {
                break;
            }
        }
        let (kind, names) = read(&text);
        self.push(kind, names, first);
    }

    /// Whether a macro that makes something ends here, without a semicolon.
    fn ends_without(&self, line: &str) -> bool {
        let mut rest = self.lines.get(self.at..).unwrap_or_default().iter();
        let next = rest.find(|line| !line.trim().is_empty());
        let goes_on = next.is_some_and(|next| next.starts_with(['{', ' ', '\t', '=', '#']));
        line.ends_with(')') && !goes_on
    }

    fn push(&mut self, kind: BlockKind, names: Vec<String>, first: usize) {
        let first = first.saturating_add(1);
        self.blocks.push(Block { kind, names, first, last: self.at.max(first) });
    }
}

/// What a construct is, and what it is called.
fn read(text: &str) -> (BlockKind, Vec<String>) {
    let (mut depth, mut first) = (0_usize, None);
    let mut paren = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' => {
                paren = paren.or(Some(at));
                depth = depth.saturating_add(1);
            }
            b')' => depth = depth.saturating_sub(1),
            b'{' | b'=' | b';' if depth == 0 => {
                first = Some((at, byte));
                break;
            }
            _ => {}
        }
    }
    let (end, byte) = first.unwrap_or((text.len(), b';'));
    let head = text.get(..end).unwrap_or_default();
    let mut starts = words(head);
    let first_word = starts.next().unwrap_or_default();
    let is_typedef = first_word == "typedef";
    let keyword = if is_typedef { starts.next().unwrap_or_default() } else { first_word };
    let is_compound = matches!(keyword, "struct" | "union" | "enum");
    let ends_in_paren = head.trim_end().ends_with(')');
    if is_typedef && byte == b';' {
        return (BlockKind::Type, typedef_name(head).into_iter().collect());
    }
    if is_typedef || (byte == b'{' && is_compound && !ends_in_paren) {
        let body = text.find('{').zip(text.rfind('}'));
        let behind = body.map_or("", |(_, end)| text.get(end..).unwrap_or_default());
        let tag = words(head).filter(|word| !is_keyword(word)).map(ToOwned::to_owned);
        let inside = body.and_then(|(start, end)| text.get(start..end)).unwrap_or_default();
        let enumerators = words(inside).filter(|_| keyword == "enum");
        let behind = words(behind).chain(enumerators).map(ToOwned::to_owned);
        return (BlockKind::Type, tag.chain(behind).collect());
    }
    match (byte, paren) {
        (b'{', Some(first)) => {
            let paren = parameters(head).unwrap_or(first);
            let name = words(text.get(..paren).unwrap_or_default()).last().map(ToOwned::to_owned);
            // A macro such as SYSCALL_DEFINE3() pastes names together.
            let is_macro =
                name.as_ref().is_some_and(|name| name.bytes().all(|it| !it.is_ascii_lowercase()));
            let arguments = words(text.get(paren..end).unwrap_or_default());
            let argument = arguments.take(if is_macro { 2 } else { 0 }).map(ToOwned::to_owned);
            (BlockKind::Function, name.into_iter().chain(argument).collect())
        }
        (b';', Some(paren)) => {
            let before: Vec<&str> = words(head.get(..paren).unwrap_or_default()).collect();
            let is_function = |name: &&&str| name.bytes().any(|it| it.is_ascii_lowercase());
            let prototype = before.last().filter(is_function).filter(|_| before.len() > 1);
            // What its parameters are called means nothing.
            let names = match prototype {
                Some(name) => vec![(*name).to_owned()],
                None => words(head).map(ToOwned::to_owned).collect(),
            };
            (BlockKind::Declaration, names)
        }
        _ => {
            let name = head.split('[').next().unwrap_or_default();
            let name = name.split("__attribute__").next().unwrap_or_default();
            let mut name = words(name).filter(|word| !ATTRIBUTES.contains(word));
            (BlockKind::Data, name.next_back().map(ToOwned::to_owned).into_iter().collect())
        }
    }
}

/// Where the parameters of a function begin: behind a word that is no attribute with arguments.
fn parameters(head: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let outer = head.match_indices(['(', ')']).filter(|(_, parenthesis)| {
        let is_outer = depth == 0;
        depth = if *parenthesis == "(" { depth + 1 } else { depth.saturating_sub(1) };
        is_outer
    });
    let mut starts = outer.map(|(at, _)| at);
    let name = |at: usize| words(head.get(..at).unwrap_or_default()).last();
    starts.find(|at| name(*at).is_some_and(|name| !WITH_ARGUMENTS.contains(&name)))
}

/// What a `typedef` without a body defines: `(*name)(…)`, `name[…]` or the last word.
fn typedef_name(head: &str) -> Option<String> {
    let pointer = head.split_once("(*").and_then(|(_, rest)| words(rest).next());
    let plain = head.split('[').next().and_then(|head| words(head).last());
    pointer.or(plain).map(ToOwned::to_owned)
}

/// Attributes that can stand before the name of a function (`include/linux/compiler_attributes.h`).
const WITH_ARGUMENTS: [&str; 10] = [
    "__aligned",
    "__alloc_size",
    "__attribute__",
    "__diagnose_as",
    "__no_sanitize",
    "__nonnull",
    "__printf",
    "__scanf",
    "__section",
    "__target",
];

/// What stands behind the name of a variable (`include/linux/compiler_attributes.h`, `cache.h`, `init.h`).
pub(super) const ATTRIBUTES: [&str; 17] = [
    "__aligned",
    "__cacheline_aligned",
    "__cacheline_aligned_in_smp",
    "__exitdata",
    "__initconst",
    "__initdata",
    "__initdata_or_module",
    "__latent_entropy",
    "__maybe_unused",
    "__packed",
    "__read_mostly",
    "__refdata",
    "__ro_after_init",
    "__section",
    "__used",
    "__visible",
    "__weak",
];

fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "struct" | "union" | "enum" | "typedef" | "const" | "static" | "__packed" | "__attribute__"
    )
}

/// The words of a text, without numbers.
pub(crate) fn words(text: &str) -> impl DoubleEndedIterator<Item = &str> {
    let words = text.split(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    words.filter(|word| word.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"/* about */
#include <a.h>
#define LIMIT 4
#define TWICE(x) \
	((x) + \
	 (x))

struct task {
	int pid; // a { in a comment
};
typedef struct { int a; } pair_t;
enum state { RUNNING, DEAD };
static const char *names[] = { "a", "}" };
static int count __read_mostly;
static long wide[4] __aligned(64) = { 1 };

static int
first(struct task *t)
{
	if (t->pid) {
#ifdef A
		return 1;
	} else if (0) {
#else
	} else {
#endif
		return 2;
	}
}
EXPORT_SYMBOL(first);
struct task *second(int n) __releases(x)
	__acquires(y)
{
	return 0;
}

SYSCALL_DEFINE1(third, int, n)
{
	return n;
}
DEFINE_PER_CPU(int, fourth);
module_init(first)
int fifth(void);
"#;

    #[test]
    fn a_source_is_taken_apart() {
        let blocks = Blocks::of(SOURCE.as_bytes());
        let found: Vec<String> = blocks
            .blocks
            .iter()
            .map(|it| format!("{:?} {} {}-{}", it.kind, it.names.join(","), it.first, it.last))
            .collect();
        assert_eq!(
            found,
            [
                "Macro LIMIT 3-3",
                "Macro TWICE 4-6",
                "Type task 8-10",
                "Type pair_t 11-11",
                "Type state,RUNNING,DEAD 12-12",
                "Data names 13-13",
                "Data count 14-14",
                "Data wide 15-15",
                "Function first 17-29",
                "Declaration EXPORT_SYMBOL,first 30-30",
                "Function second 31-35",
                "Function SYSCALL_DEFINE1,third,int 37-40",
                "Declaration DEFINE_PER_CPU,int,fourth 41-41",
                "Declaration module_init,first 42-42",
                "Declaration fifth 43-43",
            ]
        );
        assert!(blocks.is_blank(&[1, 7, 16]) && !blocks.is_blank(&[9]));
    }

    #[test]
    fn attributes_are_no_names() {
        let source = "static __attribute__((__noinline__)) __printf(1, 2) int f(int n)\n{\n}\n";
        assert_eq!(Blocks::of(source.as_bytes()).blocks[0].names, ["f"]);
    }

    #[test]
    fn a_typedef_is_known_by_what_it_defines() {
        let names = |text: &str| Blocks::of(text.as_bytes()).blocks[0].names.join(",");
        assert_eq!(names("typedef unsigned int aud_t;\n"), "aud_t");
        assert_eq!(names("typedef int (*call_t)(struct a *it, int n);\n"), "call_t");
        assert_eq!(names("typedef struct cfg pair_t[2];\n"), "pair_t");
    }
}
