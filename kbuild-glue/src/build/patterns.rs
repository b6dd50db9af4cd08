//! Pattern rules of Makefiles: `$(obj)/%-table.h: $(src)/%-list.h` reads a file without naming it.

use camino::Utf8Path;

use super::makefiles::is_in;

/// What compilers make, who leave a record of all that they read, and what is only made to see that something compiles.
const RECORDED: [&str; 13] =
    ["asm", "dtb", "dtbo", "hdrtest", "i", "lds", "ll", "log", "lst", "o", "rsi", "s", "so"];

/// Rules that make headers of the names of headers, or copies that nothing of the kernel includes.
const OF_NAMES: [&str; 2] = ["scripts/Makefile.asm-headers", "scripts/Makefile.headersinst"];

/// Whether a rule of `makefile`, whose text this is, makes something else than objects from files that are named like `path`.
pub(super) fn reads(makefile: &Utf8Path, text: &str, path: &Utf8Path) -> bool {
    if OF_NAMES.contains(&makefile.as_str()) {
        return false;
    }
    let text = text.replace("\\\n", " ");
    let rules = text.lines().filter(|line| !line.starts_with(['\t', '#'])).filter_map(rule);
    let is_read = |(target, prerequisites): (&str, &str)| {
        let is_it = |word: &&str| is_named(word, path, makefile) && !is_recorded(target, word);
        words(prerequisites).any(|word| is_it(&word))
    };
    rules.into_iter().any(is_read)
}

/// Targets and prerequisites of a line; of a static pattern rule, those behind the list of targets.
fn rule(line: &str) -> Option<(&str, &str)> {
    let line = line.split(';').next()?;
    let mut parts = split(line, ':');
    let [mut target, mut prerequisites] = [parts.next()?, parts.next()?];
    if let Some(last) = parts.next() {
        (target, prerequisites) = (prerequisites, last);
    }
    // `A := b` is no rule.
    (!prerequisites.starts_with('=') && !target.contains('=')).then_some((target, prerequisites))
}

/// The parts of `text` between `at`, where that is not within a variable.
fn split(text: &str, at: char) -> impl Iterator<Item = &str> {
    let mut depth = 0_usize;
    text.split(move |character| {
        match character {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && character == at
    })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    split(text, ' ').flat_map(|word| word.split('\t')).filter(|word| !word.is_empty())
}

fn is_recorded(target: &str, prerequisite: &str) -> bool {
    let target = Utf8Path::new(target.trim());
    match target.extension() {
        Some(extension) => RECORDED.contains(&extension),
        // A program.
        None => matches!(Utf8Path::new(prerequisite).extension(), Some("c" | "rs" | "S")),
    }
}

/// Whether `word`, with a pattern or a variable in its name, can be `path`.
fn is_named(word: &str, path: &Utf8Path, makefile: &Utf8Path) -> bool {
    let Some(name) = path.file_name() else { return false };
    // A slash within a variable is none of the path.
    let last = split(word, '/').last().unwrap_or(word);
    let start = word.strip_suffix(last).unwrap_or_default();
    let pieces = literals(last);
    // What a variable says as a whole is said where it gets its value.
    let has_literal = pieces.iter().any(|piece| !piece.is_empty());
    has_literal && pieces.len() > 1 && matches(name, &pieces) && is_in(start, path, makefile)
}

/// What stands between patterns and variables.
fn literals(name: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(at) = rest.find(['%', '$']) {
        let (piece, from) = rest.split_at(at);
        pieces.push(piece);
        let end = match from.strip_prefix('$') {
            None => Some(1),
            Some(variable) if variable.starts_with(['(', '{']) => {
                let inner = split(variable.get(1..).unwrap_or_default(), ')').next();
                inner.map(|inner| inner.len().saturating_add(3))
            }
            Some(_) => Some(2),
        };
        rest = end.and_then(|end| from.get(end..)).unwrap_or_default();
    }
    pieces.push(rest);
    pieces
}

fn matches(name: &str, pieces: &[&str]) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let inner = name.strip_prefix(first).and_then(|rest| rest.strip_suffix(last));
    let Some(mut rest) = inner else { return false };
    middle.iter().all(|piece| {
        let Some((_, behind)) = rest.split_once(piece) else { return false };
        rest = behind;
        true
    })
}

#[cfg(test)]
mod tests {

    #[test]
    fn rules_with_patterns() {
        let reads = |makefile: &str, text: &str, path: &str| {
            super::reads(makefile.into(), text, path.into())
        };
        for (text, path) in [
            ("$(obj)/%-gen.h: $(src)/%-list.h\n", "lib/pat-list.h"),
            ("$(obj)/a.h $(obj)/b.h: $(obj)/%.h: \\\n\t$(src)/%-list.h | dir\n", "lib/a-list.h"),
            ("lib/%-gen.h: $(src)$(docs-in)/%-list.txt\n", "Documentation/lib/doc-list.txt"),
            ("x/%.json.c: $(src)/t/$(1)_counters.json % ; run\n", "lib/t/a_counters.json"),
            ("%.c: %.uc\n", "lib/int.uc"),
        ] {
            assert!(reads("lib/Makefile", text, path), "{path} in {text}");
        }
        for (text, path) in [
            ("$(obj)/%.o: $(src)/%.c FORCE\n", "lib/a.c"),
            ("$(hostprogs): $(obj)/%: $(src)/%.c\n", "lib/a.c"),
            ("$(obj)/%-gen.h: $(src)/%-list.h\n", "fs/pat-list.h"),
            ("$(obj)/%-gen.h: $(src)/%-list.h\n", "lib/pat.h"),
            ("lists := $(patsubst %.x,%.h,$(y))\n", "lib/a.h"),
            ("# $(obj)/%.x: $(src)/%.h\n", "lib/a.h"),
            ("all: $(lists) $(src)/$(files)\n", "lib/a.h"),
        ] {
            assert!(!reads("lib/Makefile", text, path), "{path} in {text}");
        }
        let wrappers = "$(obj)/%.h: $(srctree)/$(generic)/%.h\n";
        assert!(!reads("scripts/Makefile.asm-headers", wrappers, "lib/a.h"));
        assert!(reads("scripts/Makefile.mine", wrappers, "lib/a.h"));
    }
}
