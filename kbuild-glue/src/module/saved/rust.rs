//! The commands that make an object of Rust: rustc, and what follows (`rust/Makefile` and `scripts/Makefile.build` of
//! Linux 7.2 and 7.3): objcopy that renames symbols of `core`, and with `CONFIG_RUST_INLINE_HELPERS` llvm-link and clang.

use camino::{Utf8Path, Utf8PathBuf};

use crate::cmd_file::SavedCommand;
use crate::shell::{self, assignment, quoted};

use super::{ModuleError, is_objtool};

/// What an object is compiled for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Its code: with the debug information that the build has, since that can change code.
    Code,
    /// Its types.
    Types,
    /// Where its code comes from; with the sections that it has.
    Lines,
}

const SECTIONS: &str = "-Zfunction-sections=";

/// The directory with the metadata of crates, and the variable with the directory that it is in.
const CRATES: &str = "rust";
const CORE: &str = "rust/libcore.rmeta";
const OUTPUT: &str = "OBJTREE";

/// The commands, one behind the other.
pub(super) fn compile(
    saved: &SavedCommand,
    output: &Utf8Path,
    overlay: Option<&Utf8Path>,
    purpose: Purpose,
) -> Result<String, ModuleError> {
    let again = RustCommand {
        saved,
        output,
        overlay: overlay.filter(|root| root.join(CORE).is_file()),
        purpose,
    };
    let failed = |why: &str| ModuleError::not_again(saved, why);
    let mut text = Vec::new();
    for (number, words) in shell::commands(&saved.command).into_iter().enumerate() {
        let words = words.map_err(|_| failed("one of its commands is more than words"))?;
        let program = words.iter().find(|word| assignment(word).is_none());
        let Some(program) = program else { return Err(failed("a command without a program")) };
        if is_objtool(program) {
            break;
        }
        let words = match (number, Utf8Path::new(program).file_name().unwrap_or(program)) {
            (0, _) => again.rustc(&words)?,
            (_, name) if name.starts_with("llvm-link") => again.moved(&words),
            (_, name) if name.contains("objcopy") => again.moved(&words),
            (_, name) if name.starts_with("clang") => {
                let mut words = again.moved(&words);
                if purpose != Purpose::Lines {
                    words.extend(["-ffunction-sections".to_owned(), "-fdata-sections".to_owned()]);
                }
                words
            }
            (_, name) => return Err(failed(&format!("it is not known what `{name}` does to it"))),
        };
        text.push(quoted(&words));
    }
    Ok(text.join(" && "))
}

struct RustCommand<'a> {
    saved: &'a SavedCommand,
    output: &'a Utf8Path,
    overlay: Option<&'a Utf8Path>,
    purpose: Purpose,
}

impl RustCommand<'_> {
    /// What rustc is told. It makes nothing but code.
    fn rustc(&self, words: &[String]) -> Result<Vec<String>, ModuleError> {
        // Kbuild's Makefile exports it.
        let mut command = vec!["RUSTC_BOOTSTRAP=1".to_owned()];
        let mut makes_code = false;
        let mut words = words.iter();
        while let Some(word) = words.next() {
            if let Some(made) = word.strip_prefix("--emit=") {
                if made.starts_with("dep-info=") || made.starts_with("metadata=") {
                    continue;
                }
                let moved = made.split_once('=').and_then(|(kind, path)| {
                    matches!(kind, "obj" | "llvm-bc").then_some((kind, self.place(path)?))
                });
                let Some((kind, path)) = moved else {
                    return Err(ModuleError::not_again(
                        self.saved,
                        &format!("rustc was told {word}"),
                    ));
                };
                makes_code = true;
                command.push(format!("--emit={kind}={path}"));
            } else if word == "--out-dir" {
                words.next();
                let directory = self.output.parent().unwrap_or(self.output);
                command.extend([word.clone(), directory.to_string()]);
            } else if word == "-L" {
                command.push(word.clone());
                command.extend(words.next().map(|path| self.crates(path)));
            } else if let Some(path) = word.strip_prefix("-L") {
                command.push(format!("-L{}", self.crates(path)));
            } else if let Some((OUTPUT, _)) = assignment(word)
                && let Some(root) = self.overlay
            {
                command.push(format!("{OUTPUT}={root}"));
            } else if !(word.starts_with(SECTIONS) && self.purpose != Purpose::Lines
                || self.purpose != Purpose::Code && word.starts_with("-Cdebuginfo="))
            {
                command.push(word.clone());
            }
        }
        if !makes_code {
            return Err(ModuleError::not_again(
                self.saved,
                "rustc was not told to make it (--emit)",
            ));
        }
        if self.purpose != Purpose::Lines {
            command.push(format!("{SECTIONS}y"));
        }
        // All debug information changes the code of larger crates; lines and names do not.
        let debug = match self.purpose {
            Purpose::Code => None,
            Purpose::Types => Some("-Cdebuginfo=2"),
            Purpose::Lines => Some("-Cdebuginfo=1"),
        };
        command.extend(debug.map(ToOwned::to_owned));
        Ok(command)
    }

    /// The words with the places of this compile.
    fn moved(&self, words: &[String]) -> Vec<String> {
        let words = words.iter();
        words.map(|word| self.place(word).map_or_else(|| word.clone(), Into::into)).collect()
    }

    /// Where a file goes that the saved commands make: the object, `.bc` and `.m.bc`.
    fn place(&self, path: &str) -> Option<Utf8PathBuf> {
        let stem = |path: &Utf8Path| path.with_extension("").to_string();
        let extension = path.strip_prefix(&stem(&self.saved.target))?;
        let is_own = matches!(extension, ".o" | ".bc" | ".m.bc");
        is_own.then(|| Utf8PathBuf::from(format!("{}{extension}", stem(self.output))))
    }

    /// The directory in which crates are looked for: that of the patched build where it has made them anew. One that has
    /// both would have two crates of one name.
    fn crates(&self, path: &str) -> String {
        let is_own = path.trim_start_matches("./").trim_end_matches('/') == CRATES;
        match self.overlay.filter(|_| is_own) {
            Some(root) => root.join(CRATES).into_string(),
            None => path.to_owned(),
        }
    }
}
