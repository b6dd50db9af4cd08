//! Which rule applies to what, and which to nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::demangle::demangle;
use crate::manifest::{Manifest, ManifestFunction};

use super::{Allowlist, Pattern, any};

/// What each rule names in a set of builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Usage {
    /// In the order of the rules.
    pub rules: Vec<RuleUse>,
}

/// What one rule names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleUse {
    /// Objects.
    pub objects: BTreeSet<String>,
    /// Functions, for each glob of `ignore`.
    pub ignore: Vec<PatternUse>,
    /// Functions, for each glob of `allow`.
    pub allow: Vec<PatternUse>,
}

/// What one glob for functions names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PatternUse {
    /// Object and function.
    pub functions: BTreeSet<(String, String)>,
}

impl Usage {
    /// What the rules of `allowlist` name in `builds`, and among `unread`: objects that are there, but
    /// were not read because they are skipped.
    #[must_use]
    pub fn of(allowlist: &Allowlist, builds: &[&Manifest], unread: &[String]) -> Self {
        if allowlist.rules.is_empty() {
            return Self::default();
        }
        let mut functions: BTreeMap<&str, BTreeMap<&str, ManifestFunction<'_>>> = BTreeMap::new();
        for object in unread {
            functions.entry(object).or_default();
        }
        for object in builds.iter().flat_map(|build| &build.objects) {
            functions.entry(&object.object).or_default();
            for function in object.functions.iter() {
                let names = functions.entry(object.origin(function.origin)).or_default();
                names.insert(function.name, function);
            }
        }
        let rules = allowlist.rules.iter().map(|rule| {
            let objects: Vec<_> =
                functions.iter().filter(|(object, _)| rule.object.is_object(object)).collect();
            let named = |pattern: &Pattern| PatternUse {
                functions: objects
                    .iter()
                    .flat_map(|(object, functions)| functions.values().map(move |f| (object, f)))
                    .filter(|(_, function)| is_named(pattern, function))
                    .map(|(object, function)| ((**object).to_owned(), function.name.to_owned()))
                    .collect(),
            };
            RuleUse {
                objects: objects.iter().map(|(object, _)| (**object).to_owned()).collect(),
                ignore: rule.ignore.iter().map(named).collect(),
                allow: rule.allow.iter().flatten().map(named).collect(),
            }
        });
        Self { rules: rules.collect() }
    }

    /// For each rule or glob that names nothing: the line of its rule, and a sentence.
    #[must_use]
    pub fn unused(&self, allowlist: &Allowlist) -> Vec<(Option<usize>, String)> {
        let mut unused = Vec::new();
        for (rule, used) in allowlist.rules.iter().zip(&self.rules) {
            let object = rule.object.as_str();
            if used.objects.is_empty() {
                unused.push((rule.line, format!("no object matches `{object}`")));
                continue;
            }
            let ignore = rule.ignore.iter().zip(&used.ignore);
            let allow = rule.allow.iter().flatten().zip(&used.allow);
            for (pattern, used) in ignore.chain(allow) {
                if used.functions.is_empty() {
                    let pattern = pattern.as_str();
                    let text = format!("no function of `{object}` matches `{pattern}`");
                    unused.push((rule.line, text));
                }
            }
        }
        unused
    }

    /// How many objects are left out.
    #[must_use]
    pub fn skipped(&self, allowlist: &Allowlist) -> usize {
        let rules = allowlist.rules.iter().zip(&self.rules).filter(|(rule, _)| rule.skip);
        rules.flat_map(|(_, used)| &used.objects).collect::<BTreeSet<_>>().len()
    }
}

fn is_named(pattern: &Pattern, function: &ManifestFunction<'_>) -> bool {
    let patterns = std::slice::from_ref(pattern);
    any(patterns, &[function.name])
        || demangle(function.name).is_some_and(|path| any(patterns, &[&path]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::{Functions, ManifestObject};

    #[test]
    fn rules_and_globs_that_name_nothing_are_told() {
        let text = "[[rule]]\nobject='x/*.o'\nskip=true\nreason='r'\n\
                    [[rule]]\nobject='a.o'\nignore=['f','g']\nreason='r'\n\
                    [[rule]]\nobject='*.o'\nallow=['f']\nreason='r'\n\
                    [[rule]]\nobject='lib/*.o'\nskip=true\nreason='r'\n";
        let allowlist = Allowlist::parse(text).unwrap();
        let function = ManifestFunction { name: "f.isra.0", ..ManifestFunction::default() };
        let functions = Functions::from_iter([function]);
        let object =
            ManifestObject { object: "a.o".to_owned(), functions, ..ManifestObject::default() };
        let build = Manifest::from_iter([object]);
        let usage = Usage::of(&allowlist, &[&build, &build], &["lib/m.o".to_owned()]);
        let unused = usage.unused(&allowlist);
        let texts: Vec<(usize, &str)> =
            unused.iter().map(|(line, text)| (line.unwrap(), text.as_str())).collect();
        assert_eq!(
            texts,
            [(1, "no object matches `x/*.o`"), (5, "no function of `a.o` matches `g`")]
        );
        assert_eq!(usage.skipped(&allowlist), 1);
    }
}
