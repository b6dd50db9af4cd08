//! Patches that make a directory of a file, and a file of a directory.

use anyhow::{Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::{Kernel, example_patch};
use klp_tests::klp::{Running, run};
use klp_tests::report::{Report, expected};
use rustix::process::Signal;

/// A name that is `fs/v`, or `fs/v/deep/v.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    File,
    Directory,
}

impl Shape {
    fn path(self) -> &'static str {
        match self {
            Self::File => "fs/v",
            Self::Directory => "fs/v/deep/v.h",
        }
    }

    fn other(self) -> Self {
        match self {
            Self::File => Self::Directory,
            Self::Directory => Self::File,
        }
    }

    fn include(self) -> String {
        format!("#include \"{}\"", self.path().trim_start_matches("fs/"))
    }

    /// A kernel in which `klpv()` returns what the file says.
    fn kernel(self) -> Result<Kernel> {
        let kernel = Kernel::with_output()?;
        let path = kernel.source.join(self.path());
        fs_err::create_dir_all(path.parent().unwrap_or(&kernel.source))?;
        fs_err::write(path, "#define KLP_V 1\n")?;
        let place = kernel.source.join("fs/proc.c");
        let text = fs_err::read_to_string(&place)?;
        let function = "int klpv(void); int klpv(void) { return KLP_V; }";
        let new = format!("{}\n{function}\n#define MAX_FILES", self.include());
        fs_err::write(place, text.replacen("#define MAX_FILES", &new, 1))?;
        Ok(kernel)
    }

    /// What `git diff` writes when the name becomes the other thing, and `klpv()` returns 2.
    fn patch(self, kernel: &Kernel) -> Result<Utf8PathBuf> {
        let other = self.other();
        let (from, to) = (self.path(), other.path());
        let patch =
            kernel.write_patch("turn.patch", "fs/proc.c", &self.include(), &other.include())?;
        let edit = fs_err::read_to_string(&patch)?;
        let added = format!(
            "diff --git a/{to} b/{to}\nnew file mode 100644\n--- /dev/null\n+++ b/{to}\n@@ -0,0 +1 @@\n\
             +#define KLP_V 2\n"
        );
        let removed = format!(
            "diff --git a/{from} b/{from}\ndeleted file mode 100644\n--- a/{from}\n+++ /dev/null\n\
             @@ -1 +0,0 @@\n-#define KLP_V 1\n"
        );
        fs_err::write(&patch, format!("{edit}{added}{removed}"))?;
        Ok(patch)
    }
}

/// The patch changes `klpv()`, and later patches what they change.
fn expect_right(kernel: &Kernel, turn: &Utf8PathBuf) -> Result<()> {
    let before = kernel.snapshot()?;
    let other = example_patch("module-string");
    for _ in 0..2 {
        let outcome = run(&mut kernel.build([turn])?)?.expect(0)?;
        assert_eq!(
            Report::lines(&outcome.stdout)?.names(),
            [("fs/proc.o".to_owned(), "klpv".to_owned())]
        );
        let outcome = run(&mut kernel.build([&other])?)?.expect(0)?;
        assert_eq!(Report::lines(&outcome.stdout)?.names(), expected(&other)?);
        ensure!(!outcome.stderr.contains("Building original"), "{}", outcome.stderr);
    }
    before.expect(&kernel.snapshot()?)
}

#[test]
fn one_becomes_the_other() -> Result<()> {
    for shape in [Shape::File, Shape::Directory] {
        let kernel = shape.kernel()?;
        let turn = shape.patch(&kernel)?;
        run(&mut kernel.build([&turn])?)?.expect(0)?;
        expect_right(&kernel, &turn)?;
    }
    Ok(())
}

#[test]
fn killed_in_between() -> Result<()> {
    for shape in [Shape::File, Shape::Directory] {
        let kernel = shape.kernel()?;
        let turn = shape.patch(&kernel)?;
        run(&mut kernel.build([""; 0])?)?.expect(0)?;
        let turned = kernel.work().join("mirror").join(shape.other().path());
        let mut running = Running::start(&mut kernel.build([&turn])?)?;
        ensure!(running.wait_until(|| turned.is_file())?, "{}", running.stderr()?);
        running.signal_group(Signal::KILL)?;
        running.wait()?;
        expect_right(&kernel, &turn)?;
    }
    Ok(())
}

/// The user's own tree changes in the same way between two runs.
#[test]
fn in_the_tree_itself() -> Result<()> {
    for shape in [Shape::File, Shape::Directory] {
        let kernel = shape.kernel()?;
        let turn = shape.patch(&kernel)?;
        run(&mut kernel.build([&turn])?)?.expect(0)?;
        let top = kernel.source.join("fs/v");
        if shape == Shape::File {
            fs_err::remove_file(&top)?;
            fs_err::create_dir_all(top.join("deep"))?;
        } else {
            fs_err::remove_dir_all(&top)?;
        }
        fs_err::write(kernel.source.join(shape.other().path()), "#define KLP_V 1\n")?;
        let place = kernel.source.join("fs/proc.c");
        let text = fs_err::read_to_string(&place)?;
        fs_err::write(&place, text.replace(&shape.include(), &shape.other().include()))?;
        let back = shape.other().patch(&kernel)?;
        run(&mut kernel.build([&back])?)?.expect(0)?;
        expect_right(&kernel, &back)?;
    }
    Ok(())
}
