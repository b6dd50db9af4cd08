//! What this program reads of its environment: every variable, and the current directory.

use std::ffi::OsString;

use camino::Utf8PathBuf;

use crate::error::RunError;

/// Variables of Kbuild and of compilers that change what is built. They are taken from the environment, as make does,
/// and belong to the build's fingerprint.
pub(crate) const KBUILD: &[&str] = &[
    "ARCH",
    "AR",
    "CC",
    "COMPILER_PATH",
    "CPATH",
    "CROSS_COMPILE",
    "C_INCLUDE_PATH",
    "GCC_EXEC_PREFIX",
    "HOSTCC",
    "HOSTCFLAGS",
    "HOSTCXXFLAGS",
    "HOSTLDFLAGS",
    "HOSTLDLIBS",
    "HOSTRUSTFLAGS",
    "KBUILD_BUILD_HOST",
    "KBUILD_BUILD_TIMESTAMP",
    "KBUILD_BUILD_USER",
    "KBUILD_BUILD_VERSION",
    "KCFLAGS",
    "KAFLAGS",
    "KCPPFLAGS",
    "KRUSTFLAGS",
    "LD",
    "LLVM",
    "LLVM_IAS",
    "LOCALVERSION",
    "NM",
    "OBJCOPY",
    "RUSTC",
    "RUST_LIB_SRC",
    "SOURCE_DATE_EPOCH",
];

/// What is another one in each terminal, and what programs above us set for themselves: no script makes code of it.
const SESSION: &[&str] = &[
    "COLUMNS", "DISPLAY", "EDITOR", "HOME", "HOST", "HOSTNAME", "LINES", "LOGNAME", "MAIL",
    "OLDPWD", "PAGER", "PATH", "PWD", "SHELL", "SHLVL", "TEMP", "TERM", "TMP", "TMPDIR", "USER",
    "VISUAL", "_",
];
const SESSION_GROUPS: &[&str] = &[
    "CARGO", "COLOR", "DBUS_", "GIT_", "GPG_", "LC_", "LANG", "LESS", "LS_", "MAKE", "RUSTUP_",
    "SSH_", "SUDO_", "SYSTEMD_", "TERM_", "TMUX", "XDG_",
];

/// The value of `name`, if it is set to something.
#[expect(clippy::disallowed_methods, reason = "this is the one file that reads the environment")]
fn get(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}

/// `NAME=value` for each of Kbuild's variables that is set.
pub(crate) fn kbuild_variables() -> Vec<String> {
    KBUILD
        .iter()
        .filter_map(|name| Some(format!("{name}={}", get(name)?.into_string().ok()?)))
        .collect()
}

/// Names and values of the other variables that a script of the build may read.
#[expect(clippy::disallowed_methods, reason = "this is the one file that reads the environment")]
pub(crate) fn for_scripts() -> Vec<(String, String)> {
    let is_of_the_session = |name: &str| {
        SESSION.contains(&name) || SESSION_GROUPS.iter().any(|start| name.starts_with(start))
    };
    std::env::vars_os()
        .filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))
        })
        .filter(|(name, _)| !KBUILD.contains(&name.as_str()) && !is_of_the_session(name))
        .collect()
}

/// The make program: `MAKE`, which a parent make sets, or `make`.
pub(crate) fn make() -> String {
    get("MAKE").and_then(|make| make.into_string().ok()).unwrap_or_else(|| "make".to_owned())
}

/// The directories of `PATH`.
pub(crate) fn search_path() -> Vec<Utf8PathBuf> {
    let path = get("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path);
    directories.filter_map(|directory| directory.try_into().ok()).collect()
}

/// Where programs of this user keep what they can make again: `XDG_CACHE_HOME`, else `.cache` in `HOME`.
pub(crate) fn cache_home() -> Option<Utf8PathBuf> {
    // A relative path is to be ignored, says the XDG base directory specification.
    let absolute = |name| {
        let path = Utf8PathBuf::try_from(std::path::PathBuf::from(get(name)?)).ok()?;
        path.is_absolute().then_some(path)
    };
    absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))
}

/// `CARGO_TERM_QUIET`.
pub(crate) fn quiet() -> bool {
    get("CARGO_TERM_QUIET").is_some_and(|value| value == "true")
}

/// `CARGO_TERM_PROGRESS_WHEN`: `auto`, `always` or `never`.
pub(crate) fn progress_when() -> Option<String> {
    get("CARGO_TERM_PROGRESS_WHEN")?.into_string().ok()
}

/// The pager, as git finds it: the first of these that is set, or `less`; none where that is `cat` or empty.
#[expect(clippy::disallowed_methods, reason = "an empty PAGER says that there is none")]
pub(crate) fn pager() -> Option<String> {
    let mut pagers = ["CARGO_KLP_PAGER", "GIT_PAGER", "PAGER"].iter();
    let pager = pagers.find_map(|name| std::env::var(name).ok());
    Some(pager.unwrap_or_else(|| "less".to_owned()))
        .filter(|pager| !pager.is_empty() && pager != "cat")
}

/// `COLUMNS`: how wide the terminal is, where a person says so.
pub(crate) fn columns() -> Option<usize> {
    get("COLUMNS")?.to_str()?.parse().ok().filter(|columns| *columns > 0)
}

/// What pagers are told by variables that are not set.
pub(crate) fn for_pagers() -> impl Iterator<Item = (&'static str, &'static str)> {
    [("LESS", "FRX"), ("LV", "-c")].into_iter().filter(|(name, _)| get(name).is_none())
}

/// The directory that we were started in.
pub(crate) fn current_directory() -> Result<Utf8PathBuf, RunError> {
    let path =
        std::env::current_dir().map_err(|source| klp::Error::Read { path: ".".into(), source })?;
    Utf8PathBuf::from_path_buf(path).map_err(|_| RunError::CurrentDirectory)
}
