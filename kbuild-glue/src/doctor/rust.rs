//! Whether functions of Rust can be replaced: livepatch redirects the call of `__fentry__` at their start, which rustc
//! makes where it is told to, and where the kernel's target says that it may.

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::arch;
use crate::config::Config;
use crate::tree::Tree;

use super::DoctorCheck;
use super::tools::value;

/// The program of the kernel's build that writes the target of rustc, and the line that is missing in it, behind
/// [`arch::RUST_TARGET`].
const TARGET: &str = "scripts/generate_rust_target.rs";
const LINE: &str = r#"ts.push("supports-fentry", true);"#;

/// What of a kernel with Rust keeps its functions from being replaced; none where they can be, or have no livepatch.
#[must_use]
pub fn untraced_rust(tree: &Tree, config: &Config, variables: &[String]) -> Option<String> {
    if !config.is_enabled("CONFIG_RUST") || !config.is_enabled("CONFIG_LIVEPATCH") {
        return None;
    }
    let has = |path: &str, text: &str| {
        fs::read_to_string(tree.source.join(path)).is_ok_and(|file| file.contains(text))
    };
    let flag = "instrument-mcount";
    let mut missing = Vec::new();
    if !has(TARGET, "supports-fentry") {
        missing.push(format!("the kernel's target for rustc has no supports-fentry ({TARGET})"));
    }
    let is_told = value(variables, "KRUSTFLAGS").is_some_and(|flags| flags.contains(flag))
        || ["Makefile", arch::MAKEFILE].into_iter().any(|makefile| has(makefile, flag));
    if !is_told {
        missing.push("rustc is not told to make the call (-Zinstrument-mcount=fentry)".to_owned());
    }
    if !config.is_enabled("CONFIG_FTRACE_MCOUNT_USE_OBJTOOL") {
        missing.push(
            "objtool does not list the calls (CONFIG_FTRACE_MCOUNT_USE_OBJTOOL): with the compiler of C alone those of \
             Rust are left out"
                .to_owned(),
        );
    }
    (!missing.is_empty()).then(|| {
        format!(
            "functions of Rust call no __fentry__ and cannot be replaced: {}",
            missing.join("; ")
        )
    })
}

/// The ways out.
pub const RUST_FIX: &str = "build the kernel with rustc 1.98 or later, the patch that `cargo klp doctor --fix-rust-target` \
                            prints, and KRUSTFLAGS=-Zinstrument-mcount=fentry; or change a function of C that calls the \
                            one of Rust; or run a kernel that was built so";

pub(super) fn check(tree: &Tree, config: &Config, variables: &[String]) -> Option<DoctorCheck> {
    if !config.is_enabled("CONFIG_RUST") || !config.is_enabled("CONFIG_LIVEPATCH") {
        return None;
    }
    Some(match untraced_rust(tree, config, variables) {
        Some(why) => DoctorCheck::doubtful("rust", why, RUST_FIX),
        None => DoctorCheck::good("rust", "functions of Rust call __fentry__"),
    })
}

/// Why there is no patch for the target.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RustTargetError {
    /// The file cannot be read.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// It says so already.
    #[error("`{path}` has the line already")]
    Done {
        /// The file.
        path: Utf8PathBuf,
    },
    /// It does not have the line behind which the other one goes.
    #[error("`{path}` has no target that is known here")]
    Unknown {
        /// The file.
        path: Utf8PathBuf,
    },
}

/// The patch to the sources of a kernel that lets rustc make calls of `__fentry__`. It has been seen to work with
/// Linux 7.3 and rustc 1.98.
pub fn rust_target_patch(source: &Utf8Path) -> Result<String, RustTargetError> {
    const CONTEXT: usize = 3;
    let path = source.join(TARGET);
    let text = fs::read_to_string(&path)
        .map_err(|source| RustTargetError::Io { path: path.clone(), source })?;
    if text.contains("supports-fentry") {
        return Err(RustTargetError::Done { path });
    }
    let lines: Vec<&str> = text.lines().collect();
    let Some(at) = lines.iter().position(|line| line.trim() == arch::RUST_TARGET) else {
        return Err(RustTargetError::Unknown { path });
    };
    let indent: String =
        text.lines().nth(at).unwrap_or_default().chars().take_while(|it| *it == ' ').collect();
    let first = at.saturating_add(1).saturating_sub(CONTEXT);
    let after = at.saturating_add(1);
    let before = lines.get(first..after).unwrap_or_default();
    let behind =
        lines.get(after..after.saturating_add(CONTEXT).min(lines.len())).unwrap_or_default();
    let count = before.len().saturating_add(behind.len());
    let start = first.saturating_add(1);
    let context =
        |lines: &[&str]| -> String { lines.iter().flat_map(|line| [" ", line, "\n"]).collect() };
    Ok(format!(
        "--- a/{TARGET}\n+++ b/{TARGET}\n@@ -{start},{count} +{start},{} @@\n{}+{indent}{LINE}\n{}",
        count.saturating_add(1),
        context(before),
        context(behind)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source() -> String {
        let line = arch::RUST_TARGET;
        format!(
            "fn main() {{\n    a();\n    if x {{\n        b();\n        {line}\n        c();\n    }}\n}}\n"
        )
    }

    fn tree() -> (tempfile::TempDir, Tree) {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap().to_owned();
        fs::create_dir_all(root.join("scripts")).unwrap();
        fs::write(root.join(TARGET), source()).unwrap();
        (directory, Tree { source: root.clone(), output: root })
    }

    fn config(text: &str, tree: &Tree) -> Config {
        fs::write(tree.output.join(".config"), text).unwrap();
        Config::read(&tree.output.join(".config")).unwrap()
    }

    #[test]
    fn the_patch_makes_functions_traced() {
        let (_guard, tree) = tree();
        let enabled = "CONFIG_RUST=y\nCONFIG_LIVEPATCH=y\nCONFIG_FTRACE_MCOUNT_USE_OBJTOOL=y\n";
        let config = config(enabled, &tree);
        let variables = ["KRUSTFLAGS=-Zinstrument-mcount=fentry".to_owned()];
        let why = untraced_rust(&tree, &config, &[]).unwrap();
        assert!(why.contains("supports-fentry") && why.contains("-Zinstrument-mcount"), "{why}");
        let patch = rust_target_patch(&tree.source).unwrap();
        let parsed = crate::Patch::parse(patch.as_bytes(), "p".into()).unwrap();
        let changes = crate::PatchSet::new(vec![parsed]).apply(&tree.source).unwrap();
        fs::write(tree.source.join(TARGET), changes[0].new.as_ref().unwrap()).unwrap();
        assert_eq!(untraced_rust(&tree, &config, &variables), None);
        assert!(matches!(rust_target_patch(&tree.source), Err(RustTargetError::Done { .. })));
    }

    #[test]
    fn kernels_without_rust_or_livepatch_are_not_asked() {
        let (_guard, tree) = tree();
        for text in ["CONFIG_RUST=y\n", "CONFIG_LIVEPATCH=y\n"] {
            assert_eq!(untraced_rust(&tree, &config(text, &tree), &[]), None, "{text}");
        }
    }
}
