//! `objtool klp` on the same objects, called as `scripts/livepatch/klp-build` of Linux 7.2 calls it.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};

use crate::process;

/// What it said.
#[derive(Debug, Default)]
pub(super) struct Theirs {
    /// Changed and new functions.
    pub(super) functions: Vec<String>,
    /// Its errors; it writes no module then.
    pub(super) errors: Vec<String>,
}

/// Compares `names`, in both directories, with scratch files in `scratch`.
pub(super) fn compare(
    objtool: &Utf8Path,
    original: &Utf8Path,
    patched: &Utf8Path,
    names: &[Utf8PathBuf],
    scratch: &Utf8Path,
) -> Result<Theirs> {
    let mut theirs = Theirs::default();
    let (before, after) = (scratch.join("original"), scratch.join("patched"));
    for name in names {
        let out = scratch.join("diff").join(name);
        for path in [&before.join(name), &after.join(name), &out] {
            fs_err::create_dir_all(path.parent().unwrap_or(path))?;
        }
        fs_err::copy(original.join(name), before.join(name))?;
        fs_err::copy(patched.join(name), after.join(name))?;
        // Links instead of copies: 100 MB, and only read.
        if !before.join("vmlinux").exists() {
            fs_err::hard_link(original.join("vmlinux"), before.join("vmlinux"))?;
        }
        for path in [before.join(name), after.join(name)] {
            theirs.run(objtool, &before, &["klp", "checksum", path.as_str()])?;
        }
        let file = after.join(name);
        theirs.run(
            objtool,
            &before,
            &["klp", "diff", name.as_str(), file.as_str(), out.as_str()],
        )?;
    }
    theirs.functions.sort();
    Ok(theirs)
}

impl Theirs {
    fn run(&mut self, objtool: &Utf8Path, directory: &Utf8Path, arguments: &[&str]) -> Result<()> {
        let output =
            process::command(objtool.as_str()).args(arguments).current_dir(directory).output()?;
        let text = [output.stdout, output.stderr].concat();
        for line in String::from_utf8_lossy(&text).lines() {
            let named = |what: &str| line.split_once(what).map(|(_, name)| name.trim().to_owned());
            match named(": changed function: ").or_else(|| named(": new function: ")) {
                Some(function) => self.functions.push(function),
                None if line.contains("error:") || line.contains("changed data:") => {
                    let message = line.split_once("objtool: ").map_or(line, |(_, message)| message);
                    self.errors.push(message.to_owned());
                }
                None => {}
            }
        }
        if !output.status.success() && self.errors.is_empty() {
            self.errors.push(format!("{} of objtool {}", output.status, arguments[..2].join(" ")));
        }
        Ok(())
    }
}
