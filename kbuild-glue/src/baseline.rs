//! What a build was made from.

mod option_files;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;
use thiserror::Error;

use crate::config::Config;
use crate::mirror::Stamps;

/// Changes when the same inputs would be built in another way.
const FORMAT: &str = "5";

/// Names of what is no make variable.
const OTHERS: &[&str] = &["format", "directory", "configuration", "sources", RANDSTRUCT];
const RANDSTRUCT: &str = "seed of structures";

/// Where a build that draws the layout of structures (`CONFIG_RANDSTRUCT`) keeps what it was drawn from.
pub(crate) const SEED: &str = "scripts/basic/randstruct.seed";
const VERSION: &str = "version of ";
const CONTENT: &str = "content of ";

/// Variables from which compilers take where their programs are.
const PLACES: &[&str] = &["COMPILER_PATH", "GCC_EXEC_PREFIX"];

/// Everything that a build depends on: a line of name and value each, values that are long as their
/// digests. Equal text, equal builds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fingerprint {
    text: String,
}

/// Why there is no fingerprint.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// A compiler or linker does not answer.
    #[error("cannot run `{program} --version`")]
    Tool {
        /// The program and its arguments.
        program: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The configuration cannot be read.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: Utf8PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

impl BaselineError {
    /// What the person can do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Tool { program, .. } => Some(format!(
                "install `{}`, or name another with LLVM=, CC= or CROSS_COMPILE=",
                program.split_whitespace().next().unwrap_or(program)
            )),
            Self::Io { .. } => None,
        }
    }
}

impl Fingerprint {
    /// Takes the fingerprint of sources, configuration, make variables, tools and the directory of the build, whose name
    /// is in all of Kbuild's records.
    pub fn take(
        directory: &Utf8Path,
        sources: &Stamps,
        config: &Utf8Path,
        variables: &[String],
    ) -> Result<Self, BaselineError> {
        let bytes = fs::read(config)
            .map_err(|source| BaselineError::Io { path: config.to_owned(), source })?;
        let parsed = Config::read(config);
        let has = |option| parsed.as_ref().is_ok_and(|config| config.is_enabled(option));
        let mut text = String::new();
        let mut add = |name: &str, value: &str| {
            text.extend([name, "\t", &value.replace('\n', " "), "\n"]);
        };
        add("format", FORMAT);
        add("directory", directory.as_str());
        add("configuration", blake3::hash(&bytes).to_hex().as_str());
        for variable in variables {
            let (name, value) = variable.split_once('=').unwrap_or((variable, ""));
            add(name, value);
        }
        // The user's kernel has that of the user's build, which is where its configuration is.
        if has("CONFIG_RANDSTRUCT") {
            let seed = config.with_file_name(SEED);
            let known = if seed.exists() { digest(&seed)? } else { "none".to_owned() };
            add(RANDSTRUCT, &known);
        }
        // Who sets the option on make's command line overrides the configuration.
        let is_overridden = variables.iter().any(|variable| variable.starts_with("CONFIG_RUST="));
        for tool in tools(variables, has("CONFIG_RUST") && !is_overridden) {
            add(&format!("{VERSION}{tool}"), &identity(&tool, variables)?);
        }
        for path in option_files::named(variables, &directory.join("build")) {
            add(&format!("{CONTENT}{path}"), &digest(&path)?);
        }
        let mut hasher = blake3::Hasher::new();
        for (path, stamp) in sources.iter() {
            // No name holds a NUL.
            for part in [path.as_str(), "\0", stamp, "\0"] {
                hasher.update(part.as_bytes());
            }
        }
        add("sources", hasher.finalize().to_hex().as_str());
        Ok(Self { text })
    }

    /// The lines.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The make variables in the text of a fingerprint.
    pub(crate) fn variables(text: &str) -> Vec<String> {
        let named = text.lines().filter_map(|line| line.split_once('\t'));
        named
            .filter(|(name, _)| !OTHERS.contains(name) && !is_of_files(name))
            .map(|(name, value)| format!("{name}={value}"))
            .collect()
    }

    /// Whether make does not see that something of this name in [`differences`](Self::differences) is another.
    pub(crate) fn is_beyond_make(name: &str) -> bool {
        is_of_files(name) || matches!(name, "format" | "directory")
    }

    /// The names of what is not the same in `other`, the text of another fingerprint.
    #[must_use]
    pub fn differences(&self, other: &str) -> Vec<String> {
        let (ours, theirs): (BTreeSet<&str>, BTreeSet<&str>) =
            (self.text.lines().collect(), other.lines().collect());
        let names = ours.symmetric_difference(&theirs);
        let names: BTreeSet<&str> =
            names.map(|line| line.split_once('\t').map_or(*line, |(name, _)| name)).collect();
        names.into_iter().map(str::to_owned).collect()
    }
}

/// Whether this is the name of a digest of files that make does not look at.
fn is_of_files(name: &str) -> bool {
    name.starts_with(VERSION) || name.starts_with(CONTENT)
}

/// The C compiler that the kernel's Makefile would choose.
pub(crate) fn compiler(variables: &[String]) -> String {
    tools(variables, false).swap_remove(0)
}

/// What a compiler says about itself, as Kconfig keeps it.
pub(crate) fn version(compiler: &str) -> Result<String, BaselineError> {
    let failed = |source| BaselineError::Tool { program: compiler.to_owned(), source };
    let mut words = compiler.split_whitespace();
    let program = words.next().ok_or_else(|| failed(std::io::ErrorKind::InvalidInput.into()))?;
    let output = Command::new(program)
        .args(words)
        .arg("--version")
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(failed)?;
    if !output.status.success() {
        return Err(failed(std::io::Error::other(output.status.to_string())));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// The tools that the kernel's Makefile would choose: C compiler, linker, and rustc.
pub(crate) fn tools(variables: &[String], rust: bool) -> Vec<String> {
    // The last of several wins, as on make's command line.
    let value = |name: &str| {
        variables.iter().rev().find_map(|variable| {
            let (key, value) = variable.split_once('=')?;
            (key.trim_end_matches([':', '?', '+']) == name).then(|| value.trim().to_owned())
        })
    };
    let llvm = value("LLVM").filter(|value| !value.is_empty());
    let cross = value("CROSS_COMPILE").unwrap_or_default();
    let named = |gnu: &str, clang: &str| match &llvm {
        None => format!("{cross}{gnu}"),
        // `LLVM=/opt/llvm/bin/` and `LLVM=-19`
        Some(llvm) if llvm.ends_with('/') => format!("{llvm}{clang}"),
        Some(llvm) if llvm.starts_with('-') => format!("{clang}{llvm}"),
        Some(_) => clang.to_owned(),
    };
    let mut tools = vec![
        value("CC").unwrap_or_else(|| named("gcc", "clang")),
        value("LD").unwrap_or_else(|| named("ld", "ld.lld")),
    ];
    if rust {
        tools.push(value("RUSTC").unwrap_or_else(|| "rustc".to_owned()));
    }
    tools
}

/// The first line that a tool says about itself, and the digest of each file that does its work: distributions
/// change tools without changing what they say, and a script can be in front of them.
fn identity(tool: &str, variables: &[String]) -> Result<String, BaselineError> {
    // A launcher in front of the compiler is one more program.
    let programs = tool.split_whitespace().filter_map(|program| which::which(program).ok());
    let inner =
        ["cc1", "as", "ld"].into_iter().filter_map(|name| inner_program(tool, name, variables));
    let mut text = version(tool)?;
    for path in programs.chain(inner) {
        let Ok(path) = Utf8PathBuf::from_path_buf(path) else { continue };
        text.extend([" ", &digest(&path)?]);
    }
    Ok(text)
}

/// The program that a compiler runs for a part of its work, with the options and places in `variables`. Linkers and
/// others do not answer.
fn inner_program(compiler: &str, name: &str, variables: &[String]) -> Option<PathBuf> {
    let mut words = compiler.split_whitespace();
    let places = variables.iter().filter_map(|variable| variable.split_once('='));
    let output = Command::new(words.next()?)
        .args(words)
        .args(option_files::choosing_programs(variables))
        .envs(places.filter(|(name, _)| PLACES.contains(name)))
        .arg(format!("-print-prog-name={name}"))
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let path = String::from_utf8(output.stdout).ok().filter(|_| output.status.success())?;
    which::which(path.trim()).ok()
}

fn digest(path: &Utf8Path) -> Result<String, BaselineError> {
    let mut hasher = blake3::Hasher::new();
    fs::File::open(path)
        .and_then(|file| hasher.update_reader(file).map(drop))
        .map_err(|source| BaselineError::Io { path: path.to_owned(), source })?;
    Ok(hasher.finalize().to_hex().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &[&str]) -> Vec<String> {
        let variables: Vec<String> = variables.iter().map(|&text| text.to_owned()).collect();
        tools(&variables, false)
    }

    #[test]
    fn tools_as_make_chooses() {
        assert_eq!(chosen(&[]), ["gcc", "ld"]);
        assert_eq!(chosen(&["LLVM=1"]), ["clang", "ld.lld"]);
        assert_eq!(chosen(&["LLVM=-19"]), ["clang-19", "ld.lld-19"]);
        assert_eq!(chosen(&["LLVM=/opt/bin/"]), ["/opt/bin/clang", "/opt/bin/ld.lld"]);
        assert_eq!(chosen(&["CROSS_COMPILE=x-", "CC=ccache gcc"]), ["ccache gcc", "x-ld"]);
        assert_eq!(chosen(&["CC=a", "CC=b", "LLVM="]), ["b", "ld"]);
        assert_eq!(tools(&[], true).last().unwrap(), "rustc");
    }

    #[test]
    fn rust_is_not_asked_for_what_make_leaves_out() {
        let directory = tempfile::tempdir().unwrap();
        let config = Utf8PathBuf::from_path_buf(directory.path().join(".config")).unwrap();
        fs::write(&config, "CONFIG_RUST=y\n").unwrap();
        let take = |rust: &str| {
            let variables = ["CC=echo", "LD=echo", "RUSTC=/none/rustc", rust].map(str::to_owned);
            Fingerprint::take("/klp".into(), &Stamps::default(), &config, &variables)
        };
        assert!(take("V=1").is_err());
        assert!(take("CONFIG_RUST=").is_ok());
    }

    #[test]
    fn everything_counts() {
        let directory = tempfile::tempdir().unwrap();
        let config = Utf8PathBuf::from_path_buf(directory.path().join(".config")).unwrap();
        fs::write(&config, "CONFIG_A=y\n").unwrap();
        let fake = |name: &str| vec![format!("CC=echo {name}"), "LD=echo".to_owned()];
        let take = |variables: &[String]| {
            Fingerprint::take("/klp".into(), &Stamps::default(), &config, variables).unwrap()
        };
        let first = take(&fake("1"));
        assert_eq!(first, take(&fake("1")));
        assert_ne!(first, take(&fake("2")));
        assert_eq!(take(&fake("2")).differences(first.as_str()).first().unwrap(), "CC");
        assert_ne!(first, take(&[fake("1"), vec!["KCFLAGS=-g".to_owned()]].concat()));
        fs::write(&config, "CONFIG_A=m\n").unwrap();
        assert_ne!(first, take(&fake("1")));
        fs::write(&config, "CONFIG_RANDSTRUCT=y\n").unwrap();
        let first = take(&fake("1"));
        fs::create_dir_all(config.with_file_name(SEED).parent().unwrap()).unwrap();
        fs::write(config.with_file_name(SEED), "0123").unwrap();
        let second = take(&fake("1"));
        assert_eq!(second.differences(first.as_str()), [RANDSTRUCT]);
        assert_eq!(Fingerprint::variables(second.as_str()), fake("1"));
        let missing = vec!["CC=/nonexistent/cc".to_owned()];
        let error =
            Fingerprint::take("/klp".into(), &Stamps::default(), &config, &missing).unwrap_err();
        assert!(error.hint().unwrap().contains("/nonexistent/cc"));
    }
}
