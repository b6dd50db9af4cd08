//! What the text of a function uses: the words in it, and those of the macros that it names.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::rc::Rc;

use super::blocks::{BlockKind, Blocks, words};
use super::named::{bare, names, tagged};

/// Macros of sources by name, each with the words of its text, but for its parameters.
pub(super) type Macros = HashMap<String, Vec<String>>;

/// Adds those of a source.
pub(super) fn add_macros(all: &mut Macros, blocks: &Blocks) {
    for block in blocks.blocks.iter().filter(|block| block.kind == BlockKind::Macro) {
        if let Some(name) = block.names.first() {
            let text = blocks.text(block);
            let parameters: HashSet<&str> = parameters(&text, name).collect();
            let own = names(&text).into_iter().filter(|word| !parameters.contains(word.as_str()));
            all.entry(name.clone()).or_default().extend(own);
        }
    }
}

/// The parameters of the macro `name` in `text`, its definition.
fn parameters<'t>(text: &'t str, name: &str) -> impl Iterator<Item = &'t str> {
    let behind = text.split_once(name).map_or("", |(_, rest)| rest);
    let list = behind.strip_prefix('(').and_then(|rest| rest.split_once(')'));
    words(list.map_or("", |(list, _)| list))
}

/// The text of a function.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FunctionText {
    pub(super) text: String,
    pub(super) is_c: bool,
}

impl FunctionText {
    /// What it names. In Rust nothing but the word tells.
    fn names(&self) -> Vec<String> {
        if self.is_c {
            return names(&self.text).into_iter().collect();
        }
        words(&self.text).map(ToOwned::to_owned).collect()
    }
}

/// Each name that texts use, with the macro in a text through which, if it does not stand there itself.
pub(super) struct UsedWords(HashMap<String, Option<Rc<str>>>);

impl UsedWords {
    /// Those of `texts`, where these macros are known.
    pub(super) fn of(texts: &BTreeSet<FunctionText>, macros: &[&Macros]) -> Self {
        let mut found: HashMap<String, Option<Rc<str>>> = HashMap::new();
        let mut open: VecDeque<(String, Rc<str>)> = VecDeque::new();
        for word in texts.iter().flat_map(FunctionText::names) {
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

    /// Through what the texts use `name`, which comes last; none if they do not.
    pub(super) fn through(&self, name: &str) -> Option<Vec<String>> {
        let outer = self.0.get(name)?.iter().map(|it| bare(it).to_owned());
        Some(outer.chain([bare(name).to_owned()]).collect())
    }

    /// The same of a type, whether it is named by its tag or by a `typedef`.
    pub(super) fn through_type(&self, name: &str) -> Option<Vec<String>> {
        self.through(&tagged(name)).or_else(|| self.through(name))
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
        let of = |text: &str, macros: &[&Macros]| {
            let text = FunctionText { text: text.to_owned(), is_c: true };
            UsedWords::of(&BTreeSet::from([text]), macros)
        };
        let uses = of("int get(int n) { return OUTER(n); }", &[&macros]);
        assert_eq!(uses.through("get").unwrap(), ["get"]);
        assert_eq!(uses.through("LIMIT").unwrap(), ["OUTER", "LIMIT"]);
        assert_eq!(uses.through("OTHER"), None);
        // What it calls its parameter is nobody's member.
        assert_eq!(uses.through("x"), None);
        let uses = of("int get(struct a *it) { return it->lock + key; }", &[]);
        assert_eq!(uses.through(".lock").unwrap(), ["lock"]);
        assert_eq!(uses.through(".key"), None);
        assert_eq!(uses.through_type("a").unwrap(), ["a"]);
    }
}
