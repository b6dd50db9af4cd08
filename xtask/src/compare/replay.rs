//! Makes again what depends on some sources, with the commands that Kbuild saved.
//!
//! A make that looks at a whole kernel takes longer than what there is to do.

use std::collections::BTreeSet;
use std::sync::Mutex;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use kbuild_glue::SavedCommand;
use walkdir::WalkDir;

use crate::{environment, kernel, process};

/// Directories of programs of their own.
const ELSEWHERE: &[&str] = &["scripts", "tools", "arch/x86/boot", "arch/x86/tools"];

/// Compiles and links again; false when that takes a make, since files come, go or are no sources.
pub(super) fn replay(
    output: &Utf8Path,
    tree: &Utf8Path,
    original: &Utf8Path,
    touched: &BTreeSet<Utf8PathBuf>,
    modules: &[Utf8PathBuf],
) -> Result<bool> {
    let is_plain = |path: &Utf8PathBuf| {
        matches!(path.extension(), Some("c" | "h" | "S"))
            && tree.join(path).exists()
            && original.join(path).exists()
    };
    if !touched.iter().all(is_plain) {
        return Ok(false);
    }
    let sources: BTreeSet<Utf8PathBuf> = touched.iter().map(|path| tree.join(path)).collect();
    let objects = Mutex::new(dependents(output, &sources)?);
    let all = objects.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.clone();
    std::thread::scope(|scope| -> Result<()> {
        let compile = || -> Result<()> {
            loop {
                let next = objects.lock().map_err(|_| anyhow::anyhow!("poisoned"))?.pop_first();
                let Some(object) = next else { return Ok(()) };
                run(output, &object)?;
            }
        };
        let threads: Vec<_> = (0..environment::jobs()).map(|_| scope.spawn(compile)).collect();
        for thread in threads {
            thread.join().map_err(|_| anyhow::anyhow!("a compiler's thread panicked"))??;
        }
        Ok(())
    })?;
    let mut rest = all;
    for module in modules {
        let parts = fs_err::read_to_string(output.join(module.with_extension("mod")))?;
        let parts: BTreeSet<Utf8PathBuf> = parts.lines().map(Utf8PathBuf::from).collect();
        if parts.intersection(&rest).next().is_some() {
            // One that is of one object has been compiled already.
            if !parts.contains(module) {
                run(output, module)?;
            }
        }
        rest.retain(|object| !parts.contains(object));
    }
    if !rest.is_empty() {
        // With LTO the linker is told the order of the initcalls, whose names have counters.
        let order = Utf8Path::new(".tmp_initcalls.lds");
        if output.join(order).exists() {
            run(output, order)?;
        }
        run(output, Utf8Path::new("vmlinux.o"))?;
    }
    Ok(true)
}

/// The objects that were compiled from any of these files.
fn dependents(output: &Utf8Path, sources: &BTreeSet<Utf8PathBuf>) -> Result<BTreeSet<Utf8PathBuf>> {
    let mut objects = BTreeSet::new();
    for entry in WalkDir::new(output) {
        let path = Utf8PathBuf::try_from(entry?.into_path())?;
        let relative = path.strip_prefix(output)?;
        if !path.as_str().ends_with(".o.cmd") || ELSEWHERE.iter().any(|d| relative.starts_with(d)) {
            continue;
        }
        let text = fs_err::read_to_string(&path)?;
        // `source_… := FILE`, and a file a line of `deps_…`.
        let files = text.lines().map(|line| line.trim_end_matches([' ', '\\']));
        let mut files = files.map(|line| line.rsplit_once(' ').map_or(line, |(_, file)| file));
        if files.any(|file| sources.contains(Utf8Path::new(file)))
            && let Some(saved) = SavedCommand::parse(text.as_bytes())?
        {
            objects.insert(saved.target);
        }
    }
    Ok(objects)
}

fn run(output: &Utf8Path, target: &Utf8Path) -> Result<()> {
    let saved = SavedCommand::of_target(output, target)?;
    let mut shell = process::command("sh");
    shell.args(["-ec", &saved.command]).current_dir(output);
    // Kbuild exports it to the script that orders initcalls.
    shell.envs(kernel::llvm_tool("llvm-nm").map(|nm| ("NM", nm)));
    process::output(&mut shell).map(drop).with_context(|| format!("failed to make {target}"))
}
