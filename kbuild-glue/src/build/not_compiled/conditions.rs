//! Conditions of Makefiles that are about the configuration. One that is about anything else is taken to hold.

use std::fmt::{self, Display, Formatter};

use crate::config::Config;

/// An option for which a condition does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unmet {
    /// It is not set.
    Unset(String),
    /// It has this value.
    Has(String, String),
}

impl Unmet {
    pub(super) fn is_unset(&self) -> bool {
        matches!(self, Self::Unset(_))
    }

    pub(super) fn option(&self) -> &str {
        let (Self::Unset(name) | Self::Has(name, _)) = self;
        name
    }
}

impl Display for Unmet {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset(name) => write!(formatter, "{name} is not set"),
            Self::Has(name, value) if value == "y" => write!(formatter, "{name} is set"),
            Self::Has(name, value) => write!(formatter, "{name} is {value}"),
        }
    }
}

/// The conditionals that are open at a line.
pub(super) struct Conditions<'a> {
    config: &'a Config,
    open: Vec<OpenConditional>,
}

/// A conditional: for what the lines of this branch, and those of the next one, do not count.
#[derive(Default)]
struct OpenConditional {
    now: Vec<Unmet>,
    next: Vec<Unmet>,
}

impl<'a> Conditions<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, open: Vec::new() }
    }

    /// Whether the line belongs to a conditional.
    pub(super) fn take(&mut self, line: &str) -> bool {
        let (word, rest) = line.split_once([' ', '\t', '(']).unwrap_or((line, ""));
        let rest = line.strip_prefix(word).filter(|_| !rest.is_empty()).unwrap_or_default().trim();
        match word {
            "ifdef" | "ifndef" | "ifeq" | "ifneq" => {
                self.open.push(self.evaluate(word, rest));
            }
            "else" => {
                let before = self.open.pop().unwrap_or_default().next;
                let (word, rest) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
                let mut open = match word {
                    "" => OpenConditional::default(),
                    word => self.evaluate(word, rest.trim()),
                };
                open.now.extend(before.iter().cloned());
                open.next.extend(before);
                self.open.push(open);
            }
            "endif" => drop(self.open.pop()),
            _ => return false,
        }
        true
    }

    /// For what a line here does not count.
    pub(super) fn unmet(&self) -> Vec<Unmet> {
        self.open.iter().flat_map(|open| open.now.iter().cloned()).collect()
    }

    fn evaluate(&self, word: &str, text: &str) -> OpenConditional {
        let Some((left, right)) = sides(word, text) else { return OpenConditional::default() };
        let (Some(one), Some(other)) = (expand(&left, self.config), expand(&right, self.config))
        else {
            return OpenConditional::default();
        };
        let wants_same = matches!(word, "ifeq" | "ifndef");
        let wants_empty = wants_same && (left.is_empty() || right.is_empty());
        let names: Vec<&str> = options(&left).chain(options(&right)).collect();
        let unset = || names.iter().filter(|name| self.config.get(name).is_none());
        let unset = || unset().map(|name| Unmet::Unset((*name).to_owned())).collect::<Vec<_>>();
        let set = || {
            let value = |name: &&str| {
                Some(Unmet::Has((*name).to_owned(), self.config.get(name)?.to_owned()))
            };
            names.iter().filter_map(value).collect::<Vec<_>>()
        };
        match ((one == other) == wants_same, wants_empty) {
            (true, false) => OpenConditional { now: Vec::new(), next: set() },
            (true, true) => OpenConditional { now: Vec::new(), next: unset() },
            (false, true) => OpenConditional { now: set(), next: Vec::new() },
            (false, false) => {
                let unset = unset();
                OpenConditional {
                    now: if unset.is_empty() { set() } else { unset },
                    next: Vec::new(),
                }
            }
        }
    }
}

/// What a conditional compares.
fn sides(word: &str, text: &str) -> Option<(String, String)> {
    if word.ends_with("def") {
        return text.starts_with("CONFIG_").then(|| (format!("$({text})"), String::new()));
    }
    if let Some(inner) = text.strip_prefix('(').and_then(|text| text.strip_suffix(')')) {
        let (left, right) = inner.rsplit_once(',')?;
        return Some((left.trim().to_owned(), right.trim().to_owned()));
    }
    let mut quoted = text.split(['"', '\'']);
    let (left, right) = (quoted.nth(1)?, quoted.nth(1)?);
    Some((left.to_owned(), right.to_owned()))
}

/// `text` with the values of its options, if there is nothing else in it that make would expand.
fn expand(text: &str, config: &Config) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, reference) = rest.split_at(at);
        let (name, after) = reference.strip_prefix("$(")?.split_once(')')?;
        if !is_option(name) {
            return None;
        }
        result.push_str(before);
        result.push_str(config.get(name).unwrap_or_default());
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

fn is_option(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.starts_with("CONFIG_") && name.bytes().all(is_part)
}

/// The options that an expression uses.
fn options(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |character: char| !character.is_ascii_alphanumeric() && character != '_';
    text.split(is_end).filter(|word| is_option(word))
}

/// For what the left side of an assignment is no list that Kbuild uses: `obj-$(CONFIG_A)`.
pub(super) fn unmet_of(left: &str, config: &Config) -> Vec<Unmet> {
    // These want that an option is not set.
    if left.contains(",,") || left.contains("filter-out") {
        return Vec::new();
    }
    let unset = options(left).filter(|name| config.get(name).is_none());
    let unset: Vec<Unmet> = unset.map(|name| Unmet::Unset(name.to_owned())).collect();
    let is_any = left.contains("$(or ") && unset.len() < options(left).count();
    if is_any { Vec::new() } else { unset }
}

/// The words of a right side, each with the options for which it is none: `$(if $(CONFIG_A),a.o)`.
pub(super) fn words(right: &str, config: &Config) -> Vec<(String, Vec<Unmet>)> {
    let mut words = Vec::new();
    for word in split(right, char::is_whitespace) {
        let inner = word.strip_prefix("$(if ").and_then(|inner| inner.strip_suffix(')'));
        let Some(inner) = inner else {
            let name = ["$(obj)/", "$(src)/"].iter().find_map(|start| word.strip_prefix(start));
            words.push((name.unwrap_or(word).to_owned(), Vec::new()));
            continue;
        };
        let parts = split(inner, |character| character == ',');
        let [condition, then @ ..] = parts.as_slice() else { continue };
        let wanted = unmet_of(condition, config);
        for (index, part) in then.iter().enumerate() {
            let unmet = if index == 0 { wanted.clone() } else { Vec::new() };
            words.extend(part.split_whitespace().map(|word| (word.to_owned(), unmet.clone())));
        }
    }
    words
}

/// The parts between the characters that `is_between` knows and that are in no parentheses.
fn split(text: &str, is_between: impl Fn(char) -> bool) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = |character: char| {
        match character {
            '(' => depth = depth.saturating_add(1),
            ')' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && is_between(character)
    };
    text.split(is_end).filter(|part| !part.is_empty()).collect()
}
