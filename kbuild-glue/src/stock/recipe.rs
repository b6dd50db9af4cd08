//! How a build makes sources that are not in the tree, as make tells without making them.
//!
//! Kbuild removes what it was making when it is interrupted: `trap 'rm -f TARGET; …' HUP` (`scripts/Kbuild.include`,
//! `delete-on-interrupt`), and `trap "rm -f DIRECTORY/.NAME.tmp" EXIT` (`filechk`).

use camino::{Utf8Path, Utf8PathBuf};

/// What the shell does to make one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recipe {
    /// The file, relative to the output directory.
    pub(super) target: Utf8PathBuf,
    /// The whole line, which writes down how it was done, too.
    pub(super) text: String,
}

/// What a compiler reads.
const SOURCES: &[&str] = &["c", "h", "S", "s", "inc"];

impl Recipe {
    /// The recipe in a line that make printed, which shows `command` to people, if it makes a source, or a program that the
    /// build runs.
    pub(super) fn of_line(line: &str, command: &str) -> Option<Self> {
        let target = target(line)?;
        let is_source = target.extension().is_some_and(|it| SOURCES.contains(&it));
        let is_wanted = is_source || makes_program(command);
        is_wanted.then(|| Self { target, text: line.trim_end().to_owned() })
    }
}

fn target(line: &str) -> Option<Utf8PathBuf> {
    let (_, rest) = line.strip_prefix("set -e;")?.split_once("trap ")?;
    let until = |start, end| rest.strip_prefix(start)?.split_once(end);
    if let Some((target, _)) = until("'rm -f ", ';') {
        return Some(target.into());
    }
    let (temporary, _) = until("\"rm -f ", '"')?;
    let temporary = Utf8Path::new(temporary);
    let name = temporary.file_name()?.strip_prefix('.')?.strip_suffix(".tmp")?;
    Some(temporary.with_file_name(name))
}

/// Whether `command` compiles or links for the machine that builds.
fn makes_program(command: &str) -> bool {
    let compiler = command.split(' ').next().unwrap_or_default();
    let compiler = compiler.rsplit('/').next().unwrap_or_default();
    ["cc", "clang", "g++"].iter().any(|name| compiler.contains(name))
        && !command.contains(" -D__KERNEL__ ")
        && !command.contains(" -nostdinc ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(line: &str, command: &str) -> Option<String> {
        Recipe::of_line(line, command).map(|recipe| recipe.target.into_string())
    }

    #[test]
    fn sources_and_programs_are_made() {
        let line = |target: &str| {
            format!("set -e;  echo '  X';    trap 'rm -f {target}; trap - HUP; kill' HUP;  X\n")
        };
        assert_eq!(made(&line("lib/a.c"), "awk -f a.awk > lib/a.c").unwrap(), "lib/a.c");
        assert_eq!(made(&line("lib/gen"), "gcc -O2 -o lib/gen /s/lib/gen.c").unwrap(), "lib/gen");
        assert_eq!(made(&line("lib/x.o"), "gcc-12 -nostdinc -D__KERNEL__ -c -o lib/x.o"), None);
        assert_eq!(made(&line("lib/built-in.a"), "ar cDPrST lib/built-in.a"), None);
        let check = "set -e; mkdir -p kvm/; trap \"rm -f kvm/.offsets.h.tmp\" EXIT; { echo; }\n";
        assert_eq!(made(check, "").unwrap(), "kvm/offsets.h");
        assert_eq!(made("echo '  LD'\n", ""), None);
    }
}
