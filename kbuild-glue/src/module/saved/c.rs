//! The command of a C compiler.

use camino::Utf8Path;

use crate::cmd_file::SavedCommand;
use crate::shell::{self, quoted};

use super::ModuleError;

/// Each function and each variable in a section of its own, so that none can be taken for another.
const SECTIONS: [&str; 2] = ["-ffunction-sections", "-fdata-sections"];

/// Debug information, which tells the layout of types, and where code comes from.
const DEBUG: [&str; 2] = ["-gdwarf-5", "-gz=none"];

/// The command that compiles the object to `output`, with debug information, and without objtool. Where directories of
/// headers are in `overlay` as well, those there come first.
pub(super) fn compile(
    saved: &SavedCommand,
    output: &Utf8Path,
    overlay: Option<&Utf8Path>,
    sections: bool,
) -> Result<String, ModuleError> {
    let failed = |why: &str| ModuleError::not_again(saved, why);
    // What follows works on the finished object: objtool, or a link.
    let compiler = shell::commands(&saved.command).into_iter().next().and_then(Result::ok);
    let words = compiler.ok_or_else(|| failed("its command is more than a compiler's"))?;
    let target = ["-c", "-o", saved.target.as_str()];
    let at = words.windows(target.len()).position(|window| window == target);
    let at = at.ok_or_else(|| failed("its command does not say where the object goes"))?;
    let (before, after) = words.split_at(at);
    let mut command = Vec::new();
    for word in before.iter().filter(|word| !word.starts_with("-Wp,-MMD,")) {
        let directory = word
            .strip_prefix("-I")
            .zip(overlay)
            .map(|(path, root)| root.join(path.strip_prefix("./").unwrap_or(path)));
        command.extend(directory.filter(|path| path.is_dir()).map(|path| format!("-I{path}")));
        command.push(word.clone());
    }
    // What is wanted is code, or what tells of types: not what is linked into code.
    let is_lto = before.iter().any(|word| word.starts_with("-flto"));
    command.extend(is_lto.then(|| "-fno-lto".to_owned()));
    let sections = SECTIONS.iter().filter(|_| sections);
    command.extend(sections.chain(&DEBUG).map(|flag| (*flag).to_owned()));
    command.extend(["-c".to_owned(), "-o".to_owned(), output.to_string()]);
    command.extend(after.iter().skip(target.len()).cloned());
    Ok(quoted(&command))
}
