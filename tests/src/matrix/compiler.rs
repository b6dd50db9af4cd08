//! The compilers, and the objects that they make of an input.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, Result, bail, ensure};
use camino::Utf8Path;

use super::Input;

/// A kind of compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compiler {
    /// GCC with GNU as.
    Gcc,
    /// Clang with its own assembler.
    Clang,
    /// The Rust compiler.
    Rustc,
}

impl Compiler {
    /// The word for it in names of tests and in directives.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Gcc => "gcc",
            Self::Clang => "clang",
            Self::Rustc => "rustc",
        }
    }

    pub(super) fn from_word(word: &str) -> Result<Self> {
        match word {
            "gcc" => Ok(Self::Gcc),
            "clang" => Ok(Self::Clang),
            "rustc" => Ok(Self::Rustc),
            other => bail!("{other}: no such compiler"),
        }
    }

    /// Programs that it can be, the best first.
    fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Gcc => &["gcc", "gcc-12"],
            Self::Clang => &["clang-19", "clang"],
            Self::Rustc => &["rustc"],
        }
    }
}

/// A compiler that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tool {
    compiler: Compiler,
    program: &'static str,
}

impl Tool {
    /// Looks for `compiler` on this machine.
    #[must_use]
    pub fn find(compiler: Compiler) -> Option<Self> {
        let runs = |program: &&&str| {
            Command::new(program)
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
        };
        let program = compiler.programs().iter().find(runs)?;
        Some(Self { compiler, program })
    }
}

/// How an object is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Style {
    Plain,
    Sections,
    /// Plain, and linked (`ld -r`) behind [`FILLER`].
    Linked,
}

/// The flags of a kernel, as far as they matter for the shape of objects.
const KERNEL: &[&str] = &[
    "-std=gnu11",
    "-O2",
    "-w",
    "-Iinclude",
    "-ffreestanding",
    "-fno-pic",
    "-fno-pie",
    "-fno-common",
    "-fno-strict-aliasing",
    "-mcmodel=kernel",
    "-mno-red-zone",
    "-mno-sse",
    "-mno-mmx",
    "-fno-stack-protector",
    "-fno-asynchronous-unwind-tables",
    "-fcf-protection=none",
    "-fno-jump-tables",
];

/// The flags of `rust/` in a kernel.
pub(crate) const RUST_KERNEL: &[&str] = &[
    "--edition=2021",
    "--crate-type=lib",
    "-Copt-level=2",
    "-Cpanic=abort",
    "-Ccodegen-units=1",
    "-Csymbol-mangling-version=v0",
    "-Crelocation-model=static",
    "-Cforce-unwind-tables=n",
    "-Ctarget-feature=-sse,-sse2,+soft-float",
    "-Adead_code,unexpected_cfgs",
];

/// What stands before a linked input: something in each section that is shared. All names start
/// with `filler_`, and there is no unnamed data that the check would see.
const FILLER: &str = "
int filler_word = 5;
int filler_zero[9];
const short filler_table[] = { 1, 2, 3 };
extern void filler_use(const void *, ...);
void filler_text(void) { filler_use(\"a string of its own\", &filler_word, filler_zero, filler_table); }
";

/// The bytes of an object file.
pub(super) type Object = Arc<Vec<u8>>;

/// The objects of one input by one compiler, each made when it is first asked for.
#[derive(Debug)]
pub(super) struct Objects {
    input: Arc<Input>,
    tool: Tool,
    made: Mutex<BTreeMap<(Style, bool), Object>>,
}

impl Objects {
    pub(super) fn new(input: Arc<Input>, tool: Tool) -> Self {
        Self { input, tool, made: Mutex::default() }
    }

    pub(super) fn compiler(&self) -> Compiler {
        self.tool.compiler
    }

    pub(super) fn get(&self, style: Style, patched: bool) -> Result<Object> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(object) = made.get(&(style, patched)) {
            return Ok(Arc::clone(object));
        }
        let object = Arc::new(self.make(style, patched)?);
        made.insert((style, patched), Arc::clone(&object));
        Ok(object)
    }

    fn make(&self, style: Style, patched: bool) -> Result<Vec<u8>> {
        let directory = tempfile::tempdir()?;
        let directory =
            Utf8Path::from_path(directory.path()).context("a directory that is no UTF-8")?;
        let object = directory.join("input.o");
        let mut command = match self.tool.compiler {
            Compiler::Gcc | Compiler::Clang => self.c(style, patched),
            Compiler::Rustc => self.rust(style, patched),
        };
        run(command.arg("-o").arg(&object).arg(&self.input.file))?;
        if style != Style::Linked {
            return Ok(fs_err::read(&object)?);
        }
        let (filler, linked) = (directory.join("filler.c"), directory.join("linked.o"));
        fs_err::write(&filler, FILLER)?;
        let filler_object = directory.join("filler.o");
        let filler_compiler =
            if self.tool.compiler == Compiler::Rustc { "gcc" } else { self.tool.program };
        let mut command = Command::new(filler_compiler);
        run(command
            .current_dir(directory)
            .args(KERNEL)
            .args(["-c", "filler.c", "-o"])
            .arg(&filler_object))?;
        run(Command::new("ld").arg("-r").arg("-o").arg(&linked).arg(&filler_object).arg(&object))?;
        Ok(fs_err::read(&linked)?)
    }

    fn c(&self, style: Style, patched: bool) -> Command {
        let mut command = self.command();
        command.args(KERNEL).arg("-c");
        if patched {
            command.arg("-DPATCHED");
        }
        if style == Style::Sections {
            command.args(["-ffunction-sections", "-fdata-sections"]);
        }
        command.args(self.input.flags(self.tool.compiler, patched));
        command
    }

    fn rust(&self, style: Style, patched: bool) -> Command {
        let mut command = self.command();
        command.args(RUST_KERNEL).args(["--crate-name=input", "--emit=obj"]);
        // `-Z` flags, as the kernel's own build.
        command.env("RUSTC_BOOTSTRAP", "1");
        if patched {
            command.args(["--cfg", "patched"]);
        }
        let sections = if style == Style::Sections { "y" } else { "n" };
        command.arg(format!("-Zfunction-sections={sections}"));
        command.args(self.input.flags(self.tool.compiler, patched));
        command
    }

    fn command(&self) -> Command {
        let mut command = Command::new(self.tool.program);
        command.current_dir(&self.input.directory);
        command
    }
}

fn run(command: &mut Command) -> Result<()> {
    let output = command.output().with_context(|| format!("failed to start {command:?}"))?;
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{command:?}: {}\n{errors}", output.status);
    Ok(())
}
