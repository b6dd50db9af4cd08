//! What the text of a function uses: the words in it, and those of the macros that it names.

use std::collections::{HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::blocks::{BlockKind, Blocks, words};

/// Macros of sources by name, each with the words of its text, but for its parameters.
pub(super) type Macros = HashMap<String, Vec<String>>;

/// Adds those of a source.
pub(super) fn add_macros(all: &mut Macros, blocks: &Blocks) {
    for block in blocks.blocks.iter().filter(|block| block.kind == BlockKind::Macro) {
        if let Some(name) = block.names.first() {
            let text = blocks.text(block);
            let parameters: HashSet<&str> = parameters(&text, name).collect();
            let own = words(&text).filter(|word| !parameters.contains(word));
            let all = all.entry(name.clone()).or_default();
            all.extend(own.map(ToOwned::to_owned));
            all.extend(members(&text));
        }
    }
}

/// What is a member of something in `text`: `.name`.
fn members(text: &str) -> impl Iterator<Item = String> {
    let behind = |sign: &'static str| text.split(sign).skip(1);
    let names = behind(".").chain(behind("->")).filter_map(|rest| {
        let rest = rest.trim_start();
        let starts = rest.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_');
        words(rest).next().filter(|_| starts)
    });
    names.map(|name| format!(".{name}"))
}

/// The parameters of the macro `name` in `text`, its definition.
fn parameters<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let behind = text.split_once(name).map_or("", |(_, rest)| rest);
    let list = behind.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    words(list.map_or("", |(list, _)| list))
}

/// Each word that a text uses, and each member as `.name`, with the macro in the text through which, if it does not stand there itself.
pub(super) struct UsedWords(HashMap<String, Option<Rc<str>>>);

impl UsedWords {
    /// Those of `text`, where these macros are known.
    pub(super) fn of(text: &str, macros: &[&Macros]) -> Self {
        let mut found: HashMap<String, Option<Rc<str>>> = HashMap::new();
        let mut open: VecDeque<(String, Rc<str>)> = VecDeque::new();
        for word in words(text).map(ToOwned::to_owned).chain(members(text)) {
            if !found.contains_key(&word) {
                found.insert(word.clone(), None);
                open.push_back((word.clone(), word.into()));
            }
        }
        while let Some((word, outer)) = open.pop_front() {
            for inner in macros.iter().filter_map(|macros| macros.get(&word)).flatten() {
                if !found.contains_key(inner) {
                    found.insert(inner.clone(), Some(Rc::clone(&outer)));
                    open.push_back((inner.clone(), Rc::clone(&outer)));
                }
            }
        }
        Self(found)
    }

    /// Through what the text uses `name`, which comes last; none if it does not.
    pub(super) fn through(&self, name: &str) -> Option<Vec<String>> {
        let outer = self.0.get(name)?.iter().map(|it| it.trim_start_matches('.').to_owned());
        Some(outer.chain([name.trim_start_matches('.').to_owned()]).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_lead_to_what_they_use() {
        let source = "#define INNER(x) ((x) + LIMIT)\n#define OUTER(x) INNER(x)\n#define LIMIT 4\n";
        let mut macros = Macros::new();
        add_macros(&mut macros, &Blocks::of(source.as_bytes()));
        let uses = UsedWords::of("int get(int n) { return OUTER(n); }", &[&macros]);
        assert_eq!(uses.through("get").unwrap(), ["get"]);
        assert_eq!(uses.through("LIMIT").unwrap(), ["OUTER", "LIMIT"]);
        assert_eq!(uses.through("OTHER"), None);
        // What it calls its parameter is nobody's member.
        assert_eq!(uses.through("x"), None);
        let uses = UsedWords::of("int get(struct a *it) { return it->lock + key; }", &[]);
        assert_eq!(uses.through(".lock").unwrap(), ["lock"]);
        assert_eq!(uses.through(".key"), None);
    }
}
