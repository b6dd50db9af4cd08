//! Lines that the preprocessor leaves out, as far as the configuration alone decides it.

use std::collections::BTreeSet;

use kbuild_glue::Config;

use super::blocks::words;

/// The condition, as it stands in the source, because of which line `line` of `lines` is not compiled.
pub(super) fn left_out(lines: &[String], line: usize, config: &Config) -> Option<String> {
    let mut open: Vec<ConditionalBranch> = Vec::new();
    let mut known = KnownOptions { config, defined: BTreeSet::new() };
    for text in lines.iter().take(line.saturating_sub(1)) {
        let Some(directive) = text.trim_start().strip_prefix('#') else { continue };
        let directive = directive.trim();
        let (word, rest) =
            directive.split_once(|it: char| !it.is_ascii_alphabetic()).unwrap_or((directive, ""));
        let condition = match word {
            "ifdef" => Some(known.set(rest)),
            "ifndef" => Some(known.set(rest).map(|is_set| !is_set)),
            "if" | "elif" => Some(known.value(rest)),
            _ => None,
        };
        match (word, condition) {
            ("if" | "ifdef" | "ifndef", Some(value)) => {
                open.push(ConditionalBranch {
                    text: format!("#{directive}"),
                    value,
                    before: Some(false),
                });
            }
            ("elif", Some(value)) => {
                if let Some(last) = open.last_mut() {
                    last.turn(format!("#{directive}"), value);
                }
            }
            ("else", _) => {
                if let Some(last) = open.last_mut() {
                    let text = format!("#else of {}", last.text);
                    last.turn(text, Some(true));
                }
            }
            ("endif", _) => drop(open.pop()),
            ("define" | "undef", _) => known.defined.extend(words(rest).next().map(str::to_owned)),
            _ => {}
        }
    }
    open.into_iter().find(|branch| branch.is_taken() == Some(false)).map(|branch| branch.text)
}

/// A branch of a conditional; what nobody knows without the preprocessor is none.
struct ConditionalBranch {
    text: String,
    /// Whether its own condition holds.
    value: Option<bool>,
    /// Whether one of the branches before is taken.
    before: Option<bool>,
}

impl ConditionalBranch {
    /// The next branch of the same conditional begins.
    fn turn(&mut self, text: String, value: Option<bool>) {
        self.before = match (self.before, self.value) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
        self.text = text;
        self.value = value;
    }

    fn is_taken(&self) -> Option<bool> {
        match (self.before, self.value) {
            (Some(true), _) | (_, Some(false)) => Some(false),
            (Some(false), Some(true)) => Some(true),
            _ => None,
        }
    }
}

/// What is known of options.
struct KnownOptions<'a> {
    config: &'a Config,
    /// Names that the source itself defines, or takes back, before.
    defined: BTreeSet<String>,
}

impl KnownOptions<'_> {
    /// Whether an option is set; of other macros nobody knows.
    fn set(&self, name: &str) -> Option<bool> {
        let name = name.trim();
        if self.defined.contains(name) {
            return None;
        }
        let (name, is_module) = match name.strip_suffix("_MODULE") {
            Some(name) => (name, true),
            None => (name, false),
        };
        let is_option = name.starts_with("CONFIG_")
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_option.then(|| match self.config.get(name) {
            Some("m") => is_module,
            Some("n") | None => false,
            Some(_) => !is_module,
        })
    }

    /// The value of a condition: a number, an option, or those with `!`, `&&` and `||` between them.
    fn value(&self, text: &str) -> Option<bool> {
        let text = text.trim();
        if let Some((one, other)) = text.split_once("||") {
            return match (self.value(one), self.value(other)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            };
        }
        if let Some((one, other)) = text.split_once("&&") {
            return match (self.value(one), self.value(other)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            };
        }
        if let Some(rest) = text.strip_prefix('!') {
            return self.value(rest).map(|it| !it);
        }
        if let Ok(number) = text.parse::<i64>() {
            return Some(number != 0);
        }
        let inner = |prefix: &str| {
            let rest = text.strip_prefix(prefix)?.trim();
            Some(rest.strip_prefix('(').and_then(|it| it.strip_suffix(')')).unwrap_or(rest))
        };
        if let Some(name) = inner("defined") {
            return self.set(name);
        }
        if let Some(name) = inner("IS_ENABLED") {
            let either = [self.set(name)?, self.set(&format!("{}_MODULE", name.trim()))?];
            return Some(either.contains(&true));
        }
        inner("IS_BUILTIN").and_then(|name| self.set(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<String> {
        text.lines().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn what_options_leave_out_is_known() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(".config");
        fs_err::write(&path, "CONFIG_A=y\nCONFIG_M=m\n").unwrap();
        let config = Config::read(camino::Utf8Path::from_path(&path).unwrap()).unwrap();
        for (condition, in_then, in_else) in [
            ("#ifdef CONFIG_A", false, true),
            ("#ifdef CONFIG_B", true, false),
            ("#ifndef CONFIG_B", false, true),
            ("#if 0", true, false),
            ("#if IS_ENABLED(CONFIG_M)", false, true),
            ("#ifdef CONFIG_M", true, false),
            ("#if defined(CONFIG_A) && !defined(CONFIG_B)", false, true),
            ("#if defined(CONFIG_B) || X > 3", false, false),
            ("#if defined(CONFIG_B) && X > 3", true, false),
            ("#ifdef MODULE", false, false),
        ] {
            let text = lines(&format!("{condition}\nthen\n#else\nelse\n#endif\nbehind"));
            let found = [2, 4, 6].map(|line| left_out(&text, line, &config).is_some());
            assert_eq!(found, [in_then, in_else, false], "{condition}");
        }
        // What the source defines itself is no option.
        let text = lines("#define CONFIG_LOCAL 1\n#ifdef CONFIG_LOCAL\nhere\n#endif");
        assert_eq!(left_out(&text, 3, &config), None);
        let text = lines("#if defined(CONFIG_A)\n#elif defined(X)\nhere\n#endif");
        assert_eq!(left_out(&text, 3, &config).unwrap(), "#elif defined(X)");
    }
}
