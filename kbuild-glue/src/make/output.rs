//! Understands what Kbuild prints.

use std::collections::VecDeque;

/// How many lines are shown of what came before the first error, from there on, and of make's way up.
const BEFORE: usize = 4;
const ERRORS: usize = 16;
const AFTER: usize = 6;

/// The verb and target of a progress line such as `  CC [M]  fs/ext4/inode.o`.
pub(super) fn step(line: &str) -> Option<(&str, &str)> {
    let rest = line.strip_prefix("  ")?;
    let verb_end = rest.find("  ").or_else(|| rest.find(' '))?;
    let (mut verb, mut target) = rest.split_at(verb_end);
    // Verbs of eight letters have a single space behind them.
    if let Some(tag) = target.strip_prefix(' ')
        && tag.starts_with('[')
        && let Some(end) = tag.find(']')
    {
        let length = verb.len().saturating_add(end).saturating_add(2);
        verb = rest.get(..length)?;
        target = rest.get(length..)?;
    }
    let word = verb.split(' ').next()?;
    let is_verb = word.len() >= 2
        && word
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
        && word.as_bytes().first().is_some_and(u8::is_ascii_uppercase);
    let target = target.trim();
    (is_verb && !target.is_empty()).then_some((verb.trim_end(), target))
}

/// Keeps the lines that tell why make failed.
///
/// The first error counts: what follows is often its consequence, or what other jobs still print. Where no line
/// looks like an error, the last ones before make stops are kept.
#[derive(Debug, Default)]
pub(super) struct FailureTail {
    before: VecDeque<String>,
    errors: Vec<String>,
    after: Vec<String>,
}

impl FailureTail {
    pub(super) fn push(&mut self, line: &str) {
        let is_make = line.starts_with("make");
        let is_stop = is_make && line.contains("***");
        if step(line).is_some() || is_make && line.contains("directory '") {
            return;
        }
        if is_stop || !self.after.is_empty() {
            // What follows is its way up, and other jobs ending.
            if (is_stop || is_error(line)) && self.after.len() < AFTER {
                self.after.push(line.to_owned());
            }
        } else if is_error(line) || !self.errors.is_empty() {
            if self.errors.len() < ERRORS {
                self.errors.push(line.to_owned());
            }
        } else {
            self.before.push_back(line.to_owned());
            if self.before.len() > BEFORE.saturating_add(ERRORS) {
                self.before.pop_front();
            }
        }
    }

    pub(super) fn into_lines(self) -> Vec<String> {
        let spare =
            if self.errors.is_empty() { 0 } else { self.before.len().saturating_sub(BEFORE) };
        self.before.into_iter().skip(spare).chain(self.errors).chain(self.after).collect()
    }
}

fn is_error(line: &str) -> bool {
    line.contains("error:") || line.contains("Error:") || line.starts_with("ERROR")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps() {
        assert_eq!(step("  CC      fs/proc/meminfo.o"), Some(("CC", "fs/proc/meminfo.o")));
        assert_eq!(step("  CC [M]  fs/ext4/inode.o"), Some(("CC [M]", "fs/ext4/inode.o")));
        assert_eq!(step("  RUSTC L rust/core.o"), Some(("RUSTC", "L rust/core.o")));
        assert_eq!(step("  MODPOST Module.symvers"), Some(("MODPOST", "Module.symvers")));
        assert_eq!(step("  LD      vmlinux.o"), Some(("LD", "vmlinux.o")));
        assert_eq!(step("  BTF [M] fs/ext4/ext4.ko"), Some(("BTF [M]", "fs/ext4/ext4.ko")));
        for line in [
            "",
            "  ",
            "  x y",
            "   12 | int x;",
            "make[1]: Entering",
            "fs/a.c:1:2: error: X",
            "  A",
            "  |  ^~~",
        ] {
            assert_eq!(step(line), None, "{line:?}");
        }
    }

    #[test]
    fn tail_keeps_the_error() {
        let mut tail = FailureTail::default();
        for number in 0..50 {
            tail.push(&format!("  CC      a{number}.o"));
            tail.push(&format!("note {number}"));
        }
        tail.push("fs/a.c:3:1: error: expected ';'");
        tail.push("make[2]: *** [scripts/Makefile.build:250: fs/a.o] Error 1");
        tail.push("  CC      b.o");
        tail.push("b.c:1:1: warning: late");
        tail.push("make: *** [Makefile:231: __sub-make] Error 2");
        let lines = tail.into_lines();
        assert!(lines.len() <= 20);
        assert!(lines.iter().any(|line| line.contains("error: expected")), "{lines:?}");
        assert!(lines.iter().any(|line| line.contains("fs/a.o] Error 1")), "{lines:?}");
        assert!(!lines.iter().any(|line| line.contains("CC  ") || line.contains("late")));
    }
}
