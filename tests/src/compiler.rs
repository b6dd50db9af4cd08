//! Compilers for `CC=` that say when they work, or take their time.

use anyhow::Result;
use camino::{Utf8Path, Utf8PathBuf};
use std::os::unix::fs::PermissionsExt as _;

/// A script that calls gcc, and writes a line to a log when it begins and ends to compile.
#[derive(Debug, Clone)]
pub struct Compiler {
    /// The script, for `CC=`.
    pub path: Utf8PathBuf,
    log: Utf8PathBuf,
    delay: Utf8PathBuf,
}

impl Compiler {
    /// Writes the script to `directory`.
    pub fn new(directory: &Utf8Path) -> Result<Self> {
        let this = Self {
            path: directory.join("slow-gcc"),
            log: directory.join("slow-gcc.log"),
            delay: directory.join("slow-gcc.delay"),
        };
        let (log, delay) = (&this.log, &this.delay);
        let script = format!(
            "#!/bin/sh\ncase \" $* \" in *' -c '*) ;; *) exec gcc \"$@\" ;; esac\n\
             echo begin >> {log}\nsleep \"$(cat {delay})\"\ngcc \"$@\"\nstatus=$?\n\
             echo end >> {log}\nexit $status\n"
        );
        fs_err::write(&this.path, script)?;
        fs_err::set_permissions(&this.path, std::fs::Permissions::from_mode(0o755))?;
        this.set_delay("0")?;
        this.clear()?;
        Ok(this)
    }

    /// How many seconds each compilation takes longer from now on.
    pub fn set_delay(&self, seconds: &str) -> Result<()> {
        Ok(fs_err::write(&self.delay, seconds)?)
    }

    /// Forgets what was logged.
    pub fn clear(&self) -> Result<()> {
        Ok(fs_err::write(&self.log, "")?)
    }

    /// `CC=…`.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("CC={}", self.path)
    }

    /// How many compilations have begun.
    #[must_use]
    pub fn begun(&self) -> usize {
        self.lines().iter().filter(|line| *line == "begin").count()
    }

    /// How many ran at once, at most.
    #[must_use]
    pub fn most_at_once(&self) -> usize {
        let (mut now, mut most) = (0usize, 0);
        for line in self.lines() {
            now = if line == "begin" { now.saturating_add(1) } else { now.saturating_sub(1) };
            most = most.max(now);
        }
        most
    }

    fn lines(&self) -> Vec<String> {
        let text = fs_err::read_to_string(&self.log).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }
}

/// The processes that work in `directory` or below, as their numbers and command lines.
pub fn working_in(directory: &Utf8Path) -> Result<Vec<(String, String)>> {
    let mut found = Vec::new();
    for process in fs_err::read_dir("/proc")?.flatten() {
        let path = process.path();
        // Others' processes cannot be looked at, and processes end.
        let Ok(cwd) = fs_err::read_link(path.join("cwd")) else { continue };
        if cwd.starts_with(directory) {
            let command = fs_err::read(path.join("cmdline")).unwrap_or_default();
            let command = String::from_utf8_lossy(&command).replace('\0', " ");
            found.push((process.file_name().to_string_lossy().into_owned(), command));
        }
    }
    Ok(found)
}
