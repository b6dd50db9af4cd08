//! Patches, applied by us and by the programs that people apply them with.

use std::io;
use std::process::{Command, Stdio};

use camino::Utf8Path;
use kbuild_glue::{Patch, PatchSet};

use crate::random::Random;

/// Where `patch` and `git apply` agree about a patch, so do we; where they do not, we do as one of them.
///
/// File and patch are made up from `data`: lines that repeat, edits of them, hunks with up to three lines of context,
/// and now and then a file or a hunk that is not quite as the other has it.
pub fn oracle(data: &[u8]) {
    let mut random = Random::of(data);
    let script = script(&mut random);
    let mut file: Vec<&str> =
        script.iter().filter(|(sign, _)| *sign != '+').map(|it| it.1).collect();
    let context = random.below(4);
    let mut hunks = hunks(&script, context);
    // Without context nothing but the numbers tells where a hunk goes: patch, git and we each guess otherwise.
    let has_context = context > 0;
    for hunk in hunks.iter_mut().filter(|_| has_context) {
        hunk.damage(&mut random);
    }
    if has_context && random.one_in(3) && !file.is_empty() {
        let at = random.below(file.len());
        if random.one_in(2) {
            file.insert(at, line(&mut random));
        } else {
            file.remove(at);
        }
    }
    let file: String = file.concat();
    let patch: String = hunks.iter().map(Hunk::text).collect();
    let is_certain = !has_context || hunks.iter().all(|hunk| hunk.context() != (0, 0));
    if patch.is_empty() || !is_certain {
        return;
    }
    let patch = format!("--- a/f\n+++ b/f\n{patch}");
    let Some(theirs) = theirs(&file, &patch, context) else { return };
    let ours = ours(&file, &patch);
    // Both take less context behind a hunk than before it as a sign of the end of the file, where we look everywhere else, too.
    let is_refused = theirs == [None, None] && hunks.iter().any(Hunk::is_lopsided);
    assert!(
        theirs.contains(&ours) || is_refused,
        "patch and git make\n{theirs:?},\nwe make\n{ours:?}\nof\n{file:?}\nwith\n{patch}"
    );
}

fn line(random: &mut Random) -> &'static str {
    ["a\n", "b\n", "c\n", "}\n", "\n"].get(random.below(5)).copied().unwrap_or("a\n")
}

/// Lines that stay, go and come.
fn script(random: &mut Random) -> Vec<(char, &'static str)> {
    let count = 1 + random.below(24);
    let each = |random: &mut Random| match random.below(8) {
        0 => ('-', line(random)),
        1 => ('+', line(random)),
        _ => (' ', line(random)),
    };
    (0..count).map(|_| each(random)).collect()
}

struct Hunk {
    /// Lines before it, in both files.
    old: usize,
    new: usize,
    lines: Vec<(char, &'static str)>,
}

/// The hunks that say what `script` does.
fn hunks(script: &[(char, &'static str)], context: usize) -> Vec<Hunk> {
    let is_near = |at: usize| {
        let (from, to) = (at.saturating_sub(context), at.saturating_add(context));
        script.iter().enumerate().any(|(other, it)| it.0 != ' ' && from <= other && other <= to)
    };
    let (mut old, mut new) = (0, 0);
    let mut hunks: Vec<Hunk> = Vec::new();
    let mut is_open = false;
    for (at, (sign, line)) in script.iter().enumerate() {
        if is_near(at) {
            if !is_open {
                hunks.push(Hunk { old, new, lines: Vec::new() });
            }
            if let Some(hunk) = hunks.last_mut() {
                hunk.lines.push((*sign, line));
            }
        }
        is_open = is_near(at);
        old += usize::from(*sign != '+');
        new += usize::from(*sign != '-');
    }
    hunks
}

impl Hunk {
    /// Now and then: other numbers, or less context at an end.
    fn damage(&mut self, random: &mut Random) {
        if random.one_in(5) {
            let by = random.below(4);
            self.old += by;
            self.new += by;
        }
        if random.one_in(8) && self.lines.first().is_some_and(|it| it.0 == ' ') {
            self.lines.remove(0);
            self.old += 1;
            self.new += 1;
        }
        if random.one_in(8) && self.lines.last().is_some_and(|it| it.0 == ' ') {
            self.lines.pop();
        }
    }

    /// Whether there is less context behind it than before it.
    fn is_lopsided(&self) -> bool {
        let (before, behind) = self.context();
        before > behind
    }

    /// How many lines of context are before and behind its changes.
    fn context(&self) -> (usize, usize) {
        let is_context = |line: &&(char, &str)| line.0 == ' ';
        let before = self.lines.iter().take_while(is_context).count();
        let behind = self.lines.iter().rev().take_while(is_context).count();
        (before, behind)
    }

    fn text(&self) -> String {
        let count = |other: char| self.lines.iter().filter(|it| it.0 != other).count();
        let range = |before: usize, count: usize| match count {
            0 => format!("{before},0"),
            _ => format!("{},{count}", before.saturating_add(1)),
        };
        let (old, new) = (range(self.old, count('+')), range(self.new, count('-')));
        let mut lines = String::new();
        for (sign, line) in &self.lines {
            lines.push(*sign);
            lines.push_str(line);
        }
        format!("@@ -{old} +{new} @@\n{lines}")
    }
}

/// The file afterwards; none where the patch does not apply.
fn ours(file: &str, patch: &str) -> Option<String> {
    let directory = tempfile::tempdir().ok()?;
    let root = Utf8Path::from_path(directory.path())?;
    fs_err::write(root.join("f"), file).ok()?;
    let patch = Patch::parse(patch.as_bytes(), Utf8Path::new("fix.patch")).ok()?;
    let changes = PatchSet::new(vec![patch]).apply(root).ok()?;
    let change = changes.into_iter().next();
    let new = change.map_or_else(|| Some(file.into()), |change| change.new);
    Some(String::from_utf8_lossy(&new.unwrap_or_default()).into_owned())
}

/// The same of `patch` and of `git apply`; none where one of them is not installed.
fn theirs(file: &str, patch: &str, context: usize) -> Option<[Option<String>; 2]> {
    let git: &[&str] = match context {
        0 => &["apply", "--unidiff-zero", "../fix.patch"],
        _ => &["apply", "../fix.patch"],
    };
    let patched = ["-p1", "-s", "-f", "-F0", "-r-", "-i", "../fix.patch"];
    let patched = applied_by("patch", &patched, file, patch).ok()?;
    Some([patched, applied_by("git", git, file, patch).ok()?])
}

/// What a program makes of the file; an error where it cannot be run.
fn applied_by(
    program: &str,
    arguments: &[&str],
    file: &str,
    patch: &str,
) -> io::Result<Option<String>> {
    let directory = tempfile::tempdir()?;
    let root = directory.path().join("root");
    fs_err::create_dir_all(&root)?;
    fs_err::write(root.join("f"), file)?;
    fs_err::write(directory.path().join("fix.patch"), patch)?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(&root).env("GIT_CEILING_DIRECTORIES", directory.path());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let is_applied = command.status()?.success();
    let after = fs_err::read(root.join("f")).unwrap_or_default();
    Ok(is_applied.then(|| String::from_utf8_lossy(&after).into_owned()))
}
