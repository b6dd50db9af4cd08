//! `objtool klp` on the same objects, called as `scripts/livepatch/klp-build` of Linux 7.2 calls it.

use anyhow::Result;
use camino::Utf8Path;

use crate::process;

/// What it said.
#[derive(Debug, Default)]
pub(super) struct Theirs {
    /// Changed and new functions.
    pub(super) functions: Vec<String>,
    /// Its errors; it writes no module then.
    pub(super) errors: Vec<String>,
}

impl Theirs {
    /// Compares an object that is in `original` and `patched`. Originals with checksums are kept in `before`.
    pub(super) fn compare(
        &mut self,
        objtool: &Utf8Path,
        original: &Utf8Path,
        before: &Utf8Path,
        patched: &Utf8Path,
        object: &Utf8Path,
    ) -> Result<()> {
        let kept = before.join(object);
        if !kept.exists() {
            fs_err::create_dir_all(kept.parent().unwrap_or(&kept))?;
            // It looks up positions of symbols in a vmlinux beside its objects.
            if !before.join("vmlinux").exists() {
                fs_err::hard_link(original.join("vmlinux"), before.join("vmlinux"))?;
            }
            let partial = kept.with_extension("part.o");
            fs_err::copy(original.join(object), &partial)?;
            self.run(objtool, before, &["klp", "checksum", partial.as_str()])?;
            fs_err::rename(&partial, &kept)?;
        }
        let after = patched.join(object);
        self.run(objtool, before, &["klp", "checksum", after.as_str()])?;
        let out = after.with_extension("diff.o");
        self.run(objtool, before, &["klp", "diff", object.as_str(), after.as_str(), out.as_str()])
    }

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
