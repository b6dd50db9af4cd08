//! What `cargo klp explain` says of the last patch.

use std::process::Stdio;

use anyhow::{Context as _, Result};
use camino::Utf8Path;

use crate::expected::Explanation;
use crate::kernel::Kernel;
use crate::process;

/// What is said of a function without a hunk that reaches it. A patch for which that is right expects it.
const UNREACHED: [&str; 3] =
    ["by the compiler's choice", "no hunk is known to reach it", "no reason is known"];

/// Runs it, and returns what it should, or should not, have said.
pub(super) fn check(
    klp: &Utf8Path,
    kernel: &Kernel,
    expected: &Explanation,
) -> Result<Vec<String>> {
    let mut command = process::command(klp.as_str());
    command.args(["klp", "explain", "-C", kernel.source.as_str(), "-O", kernel.build.as_str()]);
    command.args(["--no-pager", "--color", "never"]);
    let output = command
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("failed to run {klp}"))?;
    let said = String::from_utf8_lossy(&output.stdout);
    let mut problems = compare(expected, &said);
    if !output.status.success() {
        problems.push(format!("explain: {}", output.status));
    }
    if problems.is_empty() {
        let texts: usize = expected.values().map(Vec::len).sum();
        println!("     explained: {texts} texts, in {} lines", said.lines().count());
    }
    Ok(problems)
}

/// What is said of one function, or of one hunk that reaches none.
struct Section<'s> {
    name: &'s str,
    lines: Vec<&'s str>,
}

fn compare(expected: &Explanation, said: &str) -> Vec<String> {
    let sections = sections(said);
    let mut problems = Vec::new();
    for (name, texts) in expected {
        let mut about: Vec<&Section<'_>> = sections.iter().collect();
        about.retain(|it| is_called(it.name, name) || (name == "*" && it.name != "-"));
        // A clone that goes where the function itself comes has a list of its own.
        if about.iter().any(|it| it.name == name) {
            about.retain(|it| it.name == name);
        }
        if about.is_empty() {
            problems.push(format!("explain says nothing of {name}"));
            continue;
        }
        // The hunks without effect are asked for together.
        let together = name == "-";
        for text in texts {
            let says = |it: &&&Section<'_>| it.lines.iter().any(|line| line.contains(text));
            let silent = about.iter().filter(|it| !says(it)).count();
            if silent == about.len() || (silent > 0 && !together) {
                problems.push(format!("explain does not say of {name}: {text}"));
            }
        }
    }
    for Section { name, lines } in &sections {
        let is_expected = |of: &str| {
            let texts = expected.get(of).into_iter().flatten();
            texts.into_iter().any(|text| is_unreached(text))
        };
        let unreached = lines.iter().find(|line| is_unreached(line));
        if let Some(line) = unreached.filter(|_| !is_expected(name) && !is_expected("*")) {
            problems.push(format!("explain says of {name}: {}", line.trim()));
        }
    }
    problems
}

/// Whether a function is called so in the list: compilers append to names.
fn is_called(function: &str, name: &str) -> bool {
    function == name || function.split('.').next() == Some(name)
}

fn is_unreached(text: &str) -> bool {
    UNREACHED.iter().any(|words| text.contains(words))
}

fn sections(said: &str) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    for line in said.lines() {
        let head = ["changed ", "added ", "removed "]
            .iter()
            .find_map(|word| line.strip_prefix(word))
            .and_then(|rest| Some(rest.split_once("  ")?.0))
            .or_else(|| line.starts_with("no function through ").then_some("-"));
        match (head, sections.last_mut()) {
            (Some(name), _) => sections.push(Section { name, lines: vec![line] }),
            (None, Some(section)) => section.lines.push(line),
            (None, None) => {}
        }
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAID: &str = "changed f  a.o  size\n  because of a hunk\n\
                        added g  a.o  size\n  by the compiler's choice, none\n\
                        \nno function through fix.patch:3\n  comment: it changes space\n\
                        \nno function through fix.patch:9\n  no-code: the same\n";

    fn problems(expected: &[(&str, &[&str])]) -> Vec<String> {
        let texts = |texts: &[&str]| texts.iter().map(|it| (*it).to_owned()).collect();
        let expected =
            expected.iter().map(|(name, all)| ((*name).to_owned(), texts(all))).collect();
        compare(&expected, SAID)
    }

    #[test]
    fn a_function_is_not_its_clone() {
        let said = "added f  a.o  size\nremoved f.constprop.0  a.o  size\n";
        let lists = [("f", "added"), ("f.constprop.0", "removed")];
        let lists = lists.map(|(name, text)| (name.to_owned(), vec![text.to_owned()]));
        assert_eq!(compare(&lists.into(), said), [""; 0]);
        let renumbered = [("f".to_owned(), vec!["removed".to_owned()])];
        assert_eq!(compare(&renumbered.into(), "removed f.isra.7  a.o  size\n"), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_told() {
        let right: [(&str, &[&str]); 4] = [
            ("*", &["a.o"]),
            ("f", &["a hunk"]),
            ("g", &["added", "by the compiler's choice"]),
            ("-", &["comment", "no-code"]),
        ];
        assert_eq!(problems(&right), [""; 0]);
        assert_eq!(
            problems(&[("*", &["a hunk"]), ("-", &["only-data"]), ("h", &["size"])]),
            [
                "explain does not say of *: a hunk",
                "explain does not say of -: only-data",
                "explain says nothing of h",
                "explain says of g: by the compiler's choice, none"
            ]
        );
    }
}
