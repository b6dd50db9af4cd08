//! `klp.toml`, and the same rules in the metadata of a Cargo manifest.

use serde::Deserialize;
use serde::de::IgnoredAny;
use toml::Spanned;

use super::{Allowlist, AllowlistRule};

/// Why rules cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AllowlistError {
    /// The text is not what it should be. The message shows the line and points at the place.
    #[error(transparent)]
    Toml(#[from] toml::de::Error),
    /// The metadata of a Cargo manifest is not.
    #[error(transparent)]
    Metadata(#[from] serde_json::Error),
    /// A rule makes no sense.
    #[error("rule {number}{}: {what}", line.map(|line| format!(" (line {line})")).unwrap_or_default())]
    Rule {
        /// Counted from 1.
        number: usize,
        /// Where it starts, counted from 1, where that is known.
        line: Option<usize>,
        /// What is wrong with it.
        what: &'static str,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AllowlistFile {
    #[serde(default)]
    rule: Vec<AllowlistRule>,
}

/// The same file, read for where rules start.
#[derive(Deserialize)]
struct RuleSpans {
    #[serde(default)]
    rule: Vec<Spanned<IgnoredAny>>,
}

impl Allowlist {
    /// Parses a `klp.toml`: a `[[rule]]` for each rule.
    pub fn parse(text: &str) -> Result<Self, AllowlistError> {
        let AllowlistFile { mut rule } = toml::from_str(text)?;
        let places: RuleSpans = toml::from_str(text)?;
        for (rule, place) in rule.iter_mut().zip(places.rule) {
            let before = text.get(..place.span().start).unwrap_or_default();
            rule.line = Some(before.matches('\n').count().saturating_add(1));
        }
        Self::checked(rule)
    }

    /// Takes rules from the value of `rule` in the metadata of a Cargo manifest.
    pub fn from_metadata(rules: serde_json::Value) -> Result<Self, AllowlistError> {
        Self::checked(serde_json::from_value(rules)?)
    }

    fn checked(rules: Vec<AllowlistRule>) -> Result<Self, AllowlistError> {
        for (rule, number) in rules.iter().zip(1..) {
            let functions = !rule.ignore.is_empty() || rule.allow.is_some();
            let what = if rule.skip && functions {
                "an object that is skipped has no functions to ignore or allow"
            } else if !rule.skip && !functions {
                "needs one of skip = true, ignore = [globs], allow = [globs]"
            } else if rule.reason.trim().is_empty() {
                "needs a reason"
            } else {
                continue;
            };
            return Err(AllowlistError::Rule { number, line: rule.line, what });
        }
        Ok(Self { rules })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Allowlist::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn errors_point_at_their_place() {
        let text = error("[[rule]]\nobject = \"a.o\"\nignore = [\"x\", \"b[\"]\nreason = \"r\"\n");
        assert!(text.contains("line 3, column 10") && text.contains("ignore = "), "{text}");
        let text = error("[[rule]]\nobjects = \"a.o\"\n");
        assert!(text.contains("line 2") && text.contains("unknown field `objects`"), "{text}");
        let text = error("[[rule]]\nobject = \"a.o\"\nskip = true\n");
        assert!(text.contains("missing field `reason`"), "{text}");
        let text = error("x = 1\n");
        assert!(text.contains("unknown field `x`, expected `rule`"), "{text}");
        let text = error("\n[[rule]]\nobject = \"a.o\"\nreason = \"r\"\n");
        assert!(text.contains("rule 1 (line 2): needs one of"), "{text}");
        let text = error("[[rule]]\nobject=''\nskip=true\nreason='r'\n");
        assert!(text.contains("line 2") && text.contains("empty glob"), "{text}");
        let text = error("[[rule]]\nobject='a'\nskip=true\nreason=' '\n");
        assert!(text.contains("needs a reason"), "{text}");
        let text = error("[[rule]]\nobject='a'\nskip=true\nallow=[]\nreason='r'\n");
        assert!(text.contains("has no functions"), "{text}");
    }

    #[test]
    fn lines_and_metadata() {
        let text = "# first\n[[rule]]\nobject = 'a.o'\nskip = true\nreason = 'r'\n\n\
                    [[rule]]\nobject = 'b.o'\nallow = ['x']\nreason = 's'\n";
        let rules = Allowlist::parse(text).unwrap().rules;
        assert_eq!(rules.iter().map(|rule| rule.line).collect::<Vec<_>>(), [Some(2), Some(7)]);
        let value = serde_json::json!([{"object": "a.o", "skip": true, "reason": "r"}]);
        let rules = Allowlist::from_metadata(value).unwrap().rules;
        assert!(rules.first().unwrap().object.is_object("a.o"));
        let value = serde_json::json!([{"object": "a[.o", "skip": true, "reason": "r"}]);
        assert!(Allowlist::from_metadata(value).is_err());
        assert!(Allowlist::parse("").unwrap().rules.is_empty());
    }
}
