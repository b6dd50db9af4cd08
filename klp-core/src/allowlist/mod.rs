//! Which changes are expected: rules on objects and on the functions in them, from a `klp.toml`.
//!
//! A rule names objects by their path in the build (`fs/ext4/inode.o`) and holds for their functions
//! wherever these stand: in the object, in a module, or in `vmlinux.o`. It is only asked with the pair
//! of an object path and a function name, so it cannot mean different things in different files.

mod apply;
mod parse;
mod pattern;
mod usage;

use serde::Deserialize;

pub use parse::AllowlistError;
pub use pattern::Pattern;
pub use usage::{PatternUse, RuleUse, Usage};

/// Rules, in the order of their file.
#[derive(Debug, Clone, Default)]
pub struct Allowlist {
    /// The rules.
    pub rules: Vec<AllowlistRule>,
}

/// What is expected of the objects that a glob names.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AllowlistRule {
    /// Objects that it is about; `*` stays in a directory, `**` does not.
    pub object: Pattern,
    /// Whether they are left out altogether.
    #[serde(default)]
    pub skip: bool,
    /// Functions whose change is listed, but does not count.
    #[serde(default)]
    pub ignore: Vec<Pattern>,
    /// Functions that may change. Once a rule has this, all others may not.
    pub allow: Option<Vec<Pattern>>,
    /// Why.
    pub reason: String,
    /// Line of the file that it starts in, counted from 1, where that is known.
    #[serde(skip)]
    pub line: Option<usize>,
}

/// What the rules say about a change of one function.
#[derive(Debug, Clone, Copy)]
pub enum AllowlistVerdict<'a> {
    /// Its object is left out.
    Skipped(&'a AllowlistRule),
    /// It does not count.
    Ignored(&'a AllowlistRule),
    /// It may change.
    Allowed,
    /// It may not: there are rules that allow changes, and none allows this one.
    NotAllowed,
}

impl Allowlist {
    /// What the rules say about a change of the function `names` (all names that it has, in either
    /// build) of `object`. Of several rules, `skip` comes before `ignore`, and `ignore` before `allow`.
    #[must_use]
    pub fn verdict(&self, object: &str, names: &[&str]) -> AllowlistVerdict<'_> {
        if let Some(rule) = self.skipping(object) {
            return AllowlistVerdict::Skipped(rule);
        }
        let mut rules = self.rules.iter().filter(|rule| rule.object.is_object(object));
        if let Some(rule) = rules.clone().find(|rule| any(&rule.ignore, names)) {
            return AllowlistVerdict::Ignored(rule);
        }
        if !self.is_closed() || rules.any(|rule| rule.allow.as_ref().is_some_and(|a| any(a, names)))
        {
            return AllowlistVerdict::Allowed;
        }
        AllowlistVerdict::NotAllowed
    }

    /// The rule that leaves out `object`.
    #[must_use]
    pub fn skipping(&self, object: &str) -> Option<&AllowlistRule> {
        self.rules.iter().find(|rule| rule.skip && rule.object.is_object(object))
    }

    /// Whether what no rule allows may not change.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.rules.iter().any(|rule| rule.allow.is_some())
    }
}

/// Whether one of `patterns` names the function. What a compiler appends to a name is no part of it:
/// `foo` is `foo.isra.0` and `foo.llvm.123` too.
fn any(patterns: &[Pattern], names: &[&str]) -> bool {
    patterns.iter().any(|pattern| names.iter().any(|name| is_function(pattern, name)))
}

fn is_function(pattern: &Pattern, name: &str) -> bool {
    let source_name = name.split('.').next().filter(|name| !name.is_empty());
    pattern.is_function(name) || source_name.is_some_and(|name| pattern.is_function(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
[[rule]]
object = "arch/x86/lib/*.o"
skip = true
reason = "hand-written"

[[rule]]
object = "drivers/**/*.o"
ignore = ["*_debug", "foo::log"]
reason = "for people only"

[[rule]]
object = "drivers/foo/core.o"
allow = ["foo_*"]
reason = "the fix"
"#;

    fn verdict(object: &str, names: &[&str]) -> String {
        let allowlist = Allowlist::parse(RULES).unwrap();
        match allowlist.verdict(object, names) {
            AllowlistVerdict::Skipped(rule) => format!("skipped: {}", rule.reason),
            AllowlistVerdict::Ignored(rule) => format!("ignored: {}", rule.reason),
            AllowlistVerdict::Allowed => "allowed".to_owned(),
            AllowlistVerdict::NotAllowed => "not allowed".to_owned(),
        }
    }

    #[test]
    fn verdicts() {
        assert_eq!(verdict("arch/x86/lib/memset_64.o", &["x"]), "skipped: hand-written");
        assert_eq!(verdict("arch/x86/lib/more/memset_64.o", &["x"]), "not allowed");
        assert_eq!(verdict("drivers/foo/core.o", &["foo_open"]), "allowed");
        assert_eq!(verdict("drivers/foo/core.o", &["foo_debug"]), "ignored: for people only");
        assert_eq!(verdict("drivers/foo/core.o", &["bar"]), "not allowed");
        assert_eq!(verdict("drivers/foo/ring.o", &["foo_open"]), "not allowed");
        assert_eq!(verdict("drivers/a/b/c.o", &["x_debug"]), "ignored: for people only");
        assert_eq!(
            verdict("drivers/a/b/c.o", &["_R3foo3log", "foo::log"]),
            "ignored: for people only"
        );
    }

    #[test]
    fn names_without_what_compilers_append() {
        for name in
            ["x_debug.isra.0", "x_debug.llvm.1234", "x_debug.part.0.cold", "x_debug.lto_priv.3"]
        {
            assert_eq!(verdict("drivers/x.o", &[name]), "ignored: for people only", "{name}");
        }
        assert_eq!(verdict("drivers/x.o", &["x_debugger"]), "not allowed");
    }

    #[test]
    fn without_allow_everything_may_change() {
        let open = Allowlist::parse("[[rule]]\nobject='a.o'\nignore=['b']\nreason='c'\n").unwrap();
        assert!(matches!(open.verdict("a.o", &["x"]), AllowlistVerdict::Allowed));
        let closed =
            Allowlist::parse("[[rule]]\nobject='**'\nallow=[]\nreason='freeze'\n").unwrap();
        assert!(matches!(closed.verdict("a.o", &["x"]), AllowlistVerdict::NotAllowed));
        assert!(matches!(Allowlist::default().verdict("a.o", &["x"]), AllowlistVerdict::Allowed));
    }
}
