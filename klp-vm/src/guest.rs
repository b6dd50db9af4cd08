//! What is put into the guest, and what it reports.
//!
//! The guest writes the scripts' output to its second serial port as it comes. A report is a line that
//! starts with the byte 1: `begin STAGE [MODULE]`, `end STATUS`, `cycle N`, `taint BITS`, `finished`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

use camino::Utf8PathBuf;

use crate::arch;
use crate::initrd::Initrd;
use crate::modules::ModuleFiles;
use crate::trial::{Stage, Trial};
use crate::{error::VmError, modules};

/// Starts a report.
const MARK: u8 = 1;

const INIT: &[u8] = include_bytes!("init.sh");

/// How long the guest waits for the end of one transition, in seconds.
const PATIENCE: u32 = 120;

/// The initrd of a trial.
pub(crate) fn initrd(trial: &Trial, busybox: &[u8]) -> Result<Vec<u8>, VmError> {
    let mut built = match (&trial.installed, &trial.output) {
        (Some(directory), _) => ModuleFiles::installed(directory)?,
        (None, Some(output)) => ModuleFiles::of(output)?,
        (None, None) => ModuleFiles::default(),
    };
    if let Some(directory) = &trial.external {
        built.add(ModuleFiles::of(directory)?);
    }
    let mut livepatches = Vec::new();
    let mut touched = BTreeSet::new();
    for path in &trial.livepatches {
        let (bytes, info) = modules::read(path)?;
        if !info.is_livepatch() {
            return Err(VmError::NotLivepatch { path: path.clone() });
        }
        let file = path.file_stem().unwrap_or_default().replace('-', "_");
        let name = info.get("name").map_or(file, str::to_owned);
        touched.append(&mut modules::touched(&bytes));
        livepatches.push((name, bytes));
    }
    let mut names: Vec<String> = trial.modules.iter().chain(&trial.late_modules).cloned().collect();
    names.extend(touched.into_iter().filter(|name| built.has(name)));
    let modules = built.with_dependencies(&names)?;

    let mut initrd = Initrd::new();
    let mut write = || -> io::Result<()> {
        for directory in ["bin", "dev", "klp", "klp/modules", "klp/files"] {
            initrd.directory(directory)?;
        }
        initrd.character_device("dev/console", 5, 1)?;
        initrd.character_device("dev/null", 1, 3)?;
        let (file, major, minor) = arch::REPORTS;
        initrd.character_device(file, major, minor)?;
        initrd.file("init", 0o755, INIT)?;
        initrd.file("bin/busybox", 0o755, busybox)?;
        initrd.file("klp/plan", 0o644, plan(trial, &livepatches).as_bytes())?;
        for (stage, script) in &trial.scripts {
            initrd.file(&format!("klp/script.{}", stage.word()), 0o644, script)?;
        }
        for (index, (_, bytes)) in livepatches.iter().enumerate() {
            initrd.file(&format!("klp/{index}.ko"), 0o644, bytes)?;
        }
        for (name, bytes) in &modules {
            initrd.file(&format!("klp/modules/{name}.ko"), 0o644, bytes)?;
        }
        Ok(())
    };
    write().map_err(VmError::Io)?;
    for path in &trial.files {
        let content =
            fs_err::read(path).map_err(|source| VmError::Read { path: path.clone(), source })?;
        let name = format!("klp/files/{}", path.file_name().unwrap_or_default());
        initrd.file(&name, 0o755, &content).map_err(VmError::Io)?;
    }
    initrd.finish().map_err(VmError::Io)
}

/// The shell variables that tell the guest what to do.
fn plan(trial: &Trial, livepatches: &[(String, Vec<u8>)]) -> String {
    let mut text = String::new();
    let mut set = |name: &str, value: &str| {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{name}='{}'", value.replace('\'', ""));
    };
    let names = livepatches.iter().map(|(name, _)| name.as_str());
    let loads: Vec<String> =
        names.clone().enumerate().map(|(index, name)| format!("{index}.ko:{name}")).collect();
    let unloads: Vec<&str> = names.rev().collect();
    set("LIVEPATCHES", &loads.join(" "));
    set("UNLOADS", &unloads.join(" "));
    set("MODULES", &trial.modules.join(" "));
    set("LATE_MODULES", &trial.late_modules.join(" "));
    set("CYCLES", &trial.cycles.to_string());
    set("PATIENCE", &PATIENCE.to_string());
    text
}

/// What came through the second serial port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GuestReport {
    /// Output of a script or of the guest's own commands, one line without its end.
    Output(String),
    Begin(Stage, Option<String>),
    End(i32),
    Cycle(u32),
    Taint(u64),
    Finished,
}

/// Splits the guest's bytes into reports.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    line: Vec<u8>,
}

impl Reports {
    /// Takes the next bytes and returns what they complete.
    pub(crate) fn feed(&mut self, bytes: &[u8]) -> Vec<GuestReport> {
        let mut complete = Vec::new();
        for byte in bytes {
            match *byte {
                b'\n' => complete.extend(parse(&std::mem::take(&mut self.line))),
                MARK => {
                    // A script that does not end its last line.
                    if !self.line.is_empty() {
                        complete.extend(parse(&std::mem::take(&mut self.line)));
                    }
                    self.line.push(MARK);
                }
                byte => self.line.push(byte),
            }
        }
        complete
    }
}

fn parse(line: &[u8]) -> Option<GuestReport> {
    let Some(report) = line.strip_prefix(&[MARK]) else {
        return Some(GuestReport::Output(String::from_utf8_lossy(line).into_owned()));
    };
    let text = String::from_utf8_lossy(report);
    let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
    match word {
        "begin" => {
            let (stage, module) = rest.split_once(' ').unwrap_or((rest, ""));
            let module = Some(module).filter(|name| !name.is_empty());
            Some(GuestReport::Begin(Stage::from_word(stage)?, module.map(str::to_owned)))
        }
        "end" => Some(GuestReport::End(rest.parse().unwrap_or(-1))),
        "cycle" => Some(GuestReport::Cycle(rest.parse().ok()?)),
        "taint" => Some(GuestReport::Taint(rest.parse().ok()?)),
        "finished" => Some(GuestReport::Finished),
        _ => Some(GuestReport::Output(text.into_owned())),
    }
}

/// The static busybox at `path`, or the first on the search path.
pub(crate) fn busybox(
    given: Option<&Utf8PathBuf>,
    search_path: &[Utf8PathBuf],
) -> Result<Vec<u8>, VmError> {
    let path = match given {
        Some(path) => path.clone(),
        None => search_path
            .iter()
            .map(|directory| directory.join("busybox"))
            .find(|path| path.is_file())
            .ok_or(VmError::NoBusybox)?,
    };
    let bytes =
        fs_err::read(&path).map_err(|source| VmError::Read { path: path.clone(), source })?;
    // Only a program that names an interpreter needs libraries.
    let linked = bytes.windows(INTERPRETER.len()).take(1 << 16).any(|bytes| bytes == INTERPRETER);
    if linked { Err(VmError::DynamicBusybox { path }) } else { Ok(bytes) }
}

/// How the path of the dynamic linker starts. It is at the start of the file.
const INTERPRETER: &[u8] = b"/lib64/ld-linux";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_found_in_output() {
        let mut reports = Reports::default();
        assert_eq!(
            reports.feed(b"\x01begin before\nfir"),
            [GuestReport::Begin(Stage::Before, None)]
        );
        assert_eq!(
            reports.feed(b"st\n\nlast\x01end 3\n\x01begin load a_b\n"),
            [
                GuestReport::Output("first".into()),
                GuestReport::Output(String::new()),
                GuestReport::Output("last".into()),
                GuestReport::End(3),
                GuestReport::Begin(Stage::Load, Some("a_b".into())),
            ]
        );
        assert_eq!(
            reports.feed(b"\x01taint 32768\n\x01finished\n"),
            [GuestReport::Taint(32768), GuestReport::Finished]
        );
    }
}
