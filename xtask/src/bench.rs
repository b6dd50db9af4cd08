//! `cargo xtask bench`: our checksums against objtool's, in turns.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use camino::{Utf8Path, Utf8PathBuf};

use crate::kernel::{self, Compiler};
use crate::{environment, klp, process};

/// Exit status of `cargo klp checksum`: some functions were refused.
const REFUSED: i32 = 4;

/// A program to time, and what was measured.
struct Contender {
    name: &'static str,
    program: Utf8PathBuf,
    arguments: Vec<String>,
    times: Vec<Duration>,
}

pub(crate) fn run(version: &str, rounds: u32) -> Result<()> {
    let kernel = kernel::built(version, Compiler::Gcc)?;
    let klp = klp::build(true)?;
    let vmlinux = kernel.build.join("vmlinux.o");
    println!("vmlinux.o of Linux {version}: {} bytes", fs_err::metadata(&vmlinux)?.len());

    let mut contenders = vec![contender("cargo klp", klp, &["klp", "checksum"], &vmlinux)];
    let objtool = kernel.build.join("tools/objtool/objtool");
    if knows_klp(&objtool) {
        let arguments = ["klp", "checksum", "--dry-run"];
        contenders.push(contender("objtool klp", objtool, &arguments, &vmlinux));
    } else {
        println!("this kernel's objtool has no `klp checksum`: nothing to compare with");
    }

    // Both programs read the file from the page cache: the first run is not counted.
    for contender in &contenders {
        contender.run_once()?;
    }
    for _ in 0..rounds {
        for contender in &mut contenders {
            let time = contender.run_once()?;
            contender.times.push(time);
        }
    }

    println!(
        "{:<12} {:>10} {:>10} {:>10} {:>12}",
        "", "median", "fastest", "slowest", "peak memory"
    );
    for contender in &mut contenders {
        contender.times.sort_unstable();
        println!(
            "{:<12} {:>8.1}ms {:>8.1}ms {:>8.1}ms {:>12}",
            contender.name,
            milliseconds(contender.median()),
            milliseconds(contender.times[0]),
            milliseconds(contender.times[contender.times.len() - 1]),
            contender.peak_memory()?.map_or("-".to_owned(), |kib| format!("{} MB", kib / 1024)),
        );
    }
    if environment::find_program("time").is_none() {
        println!("peak memory is measured with /usr/bin/time, which is not installed");
    }
    if let [ours, theirs] = contenders.as_slice() {
        let ratio = theirs.median().as_secs_f64() / ours.median().as_secs_f64();
        println!("{rounds} rounds in turns: cargo klp takes 1/{ratio:.1} of objtool's time");
    }
    Ok(())
}

fn contender(
    name: &'static str,
    program: Utf8PathBuf,
    arguments: &[&str],
    vmlinux: &Utf8Path,
) -> Contender {
    let mut arguments: Vec<String> = arguments.iter().map(ToString::to_string).collect();
    arguments.push(vmlinux.to_string());
    Contender { name, program, arguments, times: Vec::new() }
}

impl Contender {
    fn run_once(&self) -> Result<Duration> {
        let mut command = process::command(self.program.as_str());
        command.args(&self.arguments);
        let start = Instant::now();
        quietly(&mut command)?;
        Ok(start.elapsed())
    }

    fn median(&self) -> Duration {
        self.times.get(self.times.len() / 2).copied().unwrap_or_default()
    }

    /// The most memory that the program had in a run of its own, in KiB.
    fn peak_memory(&self) -> Result<Option<u64>> {
        let Some(time) = environment::find_program("time") else { return Ok(None) };
        let report = tempfile::NamedTempFile::new()?;
        let mut command = process::command(time.as_str());
        command.args(["-f", "%M", "-o"]).arg(report.path());
        command.arg(&self.program).args(&self.arguments);
        quietly(&mut command)?;
        let text = fs_err::read_to_string(report.path())?;
        Ok(Some(text.trim().parse().with_context(|| format!("{time} wrote {text:?}"))?))
    }
}

fn quietly(command: &mut Command) -> Result<()> {
    let shown = process::show(command);
    let output = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .output()
        .with_context(|| format!("failed to run `{shown}`"))?;
    // Refused functions make another exit status, but all were looked at.
    if !matches!(output.status.code(), Some(0 | REFUSED)) {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("`{shown}` failed: {}\n{}", output.status, stderr.trim_end());
    }
    Ok(())
}

/// Whether this objtool exists and has the subcommand: it does since Linux 6.19.
fn knows_klp(objtool: &Utf8Path) -> bool {
    let Ok(output) = process::command(objtool.as_str()).args(["klp", "checksum", "-h"]).output()
    else {
        return false;
    };
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).contains("--dry-run")
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
