//! Digests of large objects that are kept: the second run says what the first one said, and nothing that is
//! kept is believed of anything else.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::{Kernel, temporary};
use klp_tests::klp::{klp, run};
use klp_tests::tools::tool;
use tempfile::TempDir;

/// More than a mebibyte of data: objects of that size are kept.
const LARGE: &str = "const char large[1 << 20] = { 1 };\n";

/// Strings, constants and a jump table, all without a name.
const SOURCE: &str = r#"
void print(const char *text);
int choose(int n) {
    switch (n) {
    case 0: print("zero"); return 3;
    case 1: print("one"); return 14;
    case 2: print("two"); return 159;
    case 3: print("three"); return 2653;
    case 4: print("four"); return 58979;
    case 5: print("five"); return 32384;
    default: return 0;
    }
}
void stop(void);
int go(int n);
int first(int n) {
    switch (n) {
    case 0: stop(); return 3;
    case 1: return go(n);
    case 2: print("c"); return go(9);
    case 3: go(4); stop(); return 9;
    case 4: return go(go(n));
    default: return 35;
    }
}
int table_of_another(int n) {
    switch (n) {
    case 0: stop(); return 7;
    case 1: return go(n);
    case 2: print("d"); return go(8);
    case 3: go(5); stop(); return 6;
    case 4: return go(go(n));
    default: return 89;
    }
}
int same(int n) { print("the same"); return n; }
int add(int n) { return n + 1; }
double scale(double x) { return x * 1.5; }
"#;

struct Objects {
    directory: Utf8PathBuf,
    _guard: TempDir,
}

impl Objects {
    /// A directory with `original.o` and `patched.o`.
    fn new() -> Result<Self> {
        let (guard, directory) = temporary()?;
        let objects = Self { directory, _guard: guard };
        objects.compile("original", SOURCE)?;
        let patched = [
            ("\"three\"", "\"drei\""),
            ("1.5", "2.5"),
            ("n + 1", "n * 5"),
            ("return 35", "return 36"),
            ("case 0: stop(); return 7;", "case 5: stop(); return 7;"),
        ];
        let patched =
            patched.iter().fold(SOURCE.to_owned(), |text, (old, new)| text.replace(old, new));
        objects.compile("patched", &patched)?;
        Ok(objects)
    }

    fn compile(&self, name: &str, source: &str) -> Result<()> {
        let path = self.directory.join(name).with_extension("c");
        fs_err::write(&path, [source, LARGE].concat())?;
        let object = path.with_extension("o");
        tool("gcc", ["-O2", "-fno-pic", "-c", "-o", object.as_str(), path.as_str()])?;
        Ok(())
    }

    /// What a run prints that keeps its digests in `kept`.
    fn run(&self, arguments: &[&str]) -> Result<String> {
        let mut command = klp(arguments)?;
        command.args(["--message-format", "json"]).current_dir(&self.directory);
        let outcome = run(command.env("CARGO_KLP_CACHE_DIR", self.kept()))?.expect(0)?;
        Ok(outcome.stdout)
    }

    fn kept(&self) -> Utf8PathBuf {
        self.directory.join("kept")
    }

    fn files(&self) -> Result<Vec<Utf8PathBuf>> {
        files(&self.kept())
    }
}

fn files(directory: &Utf8Path) -> Result<Vec<Utf8PathBuf>> {
    if !directory.exists() {
        return Ok(Vec::new());
    }
    directory.read_dir_utf8()?.map(|entry| Ok(entry?.into_path())).collect()
}

#[test]
fn the_second_run_says_the_same() -> Result<()> {
    let objects = Objects::new()?;
    let checksum = ["checksum", "original.o"];
    let fresh = objects.run(&[&checksum[..], &["--no-cache"]].concat())?;
    ensure!(fresh.contains("choose") && objects.files()?.is_empty());
    assert_eq!(objects.run(&checksum)?, fresh);
    assert_eq!(objects.files()?.len(), 1);
    assert_eq!(objects.run(&checksum)?, fresh);
    // Under another name it is the same object.
    fs_err::copy(objects.directory.join("original.o"), objects.directory.join("renamed.o"))?;
    let renamed = objects.run(&["checksum", "renamed.o"])?;
    assert_eq!(renamed, fresh.replace("original.o", "renamed.o"));
    assert_eq!(objects.files()?.len(), 1);
    // One that differs is another one.
    let patched = objects.run(&["checksum", "patched.o"])?;
    assert_eq!(patched, objects.run(&["checksum", "patched.o", "--no-cache"])?);
    assert_ne!(patched, fresh.replace("original.o", "patched.o"));
    assert_eq!(objects.files()?.len(), 2);
    Ok(())
}

/// With none, one or both of the objects known: what differs, and where.
#[test]
fn differences_of_known_objects() -> Result<()> {
    let objects = Objects::new()?;
    let diff = ["diff", "original.o", "patched.o"];
    let fresh = objects.run(&[&diff[..], &["--no-cache"]].concat())?;
    for wanted in ["string", "constant", "instruction", "0x"] {
        ensure!(fresh.contains(wanted), "no {wanted}: {fresh}");
    }
    ensure!(!fresh.contains("\"same\""), "{fresh}");
    for known in [&[][..], &["original.o"], &["patched.o"], &["original.o", "patched.o"]] {
        for file in objects.files()? {
            fs_err::remove_file(file)?;
        }
        for object in known {
            objects.run(&["checksum", object])?;
        }
        assert_eq!(objects.files()?.len(), known.len());
        assert_eq!(objects.run(&diff)?, fresh, "{known:?}");
    }
    Ok(())
}

/// What a function leads to is told alike, whether or not it is known where unnamed data starts.
#[test]
fn explanations_of_known_objects() -> Result<()> {
    let objects = Objects::new()?;
    let explain = ["explain", "--original", "original.o", "--patched", "patched.o"];
    let fresh = objects.run(&[&explain[..], &["--no-cache"]].concat())?;
    for wanted in ["drei", "table_of_another", "first"] {
        ensure!(fresh.contains(wanted), "no {wanted}: {fresh}");
    }
    for run in ["first", "second"] {
        assert_eq!(objects.run(&explain)?, fresh, "{run} run");
        assert_eq!(objects.files()?.len(), 2);
    }
    Ok(())
}

/// A file that was damaged, cut or emptied is not believed.
#[test]
fn a_damaged_file_is_not_believed() -> Result<()> {
    let objects = Objects::new()?;
    let checksum = ["checksum", "original.o"];
    let fresh = objects.run(&checksum)?;
    let file = objects.files()?.pop().context("nothing is kept")?;
    let bytes = fs_err::read(&file)?;
    for at in (0..bytes.len()).step_by(bytes.len() / 5) {
        let mut damaged = bytes.clone();
        damaged[at] ^= 1;
        for wrong in [damaged.as_slice(), &bytes[..at]] {
            fs_err::write(&file, wrong)?;
            assert_eq!(objects.run(&checksum)?, fresh, "byte {at}");
            ensure!(fs_err::read(&file)? == bytes, "it is not kept again");
        }
    }
    Ok(())
}

/// Where nothing can be kept, all is said the same.
#[test]
fn a_directory_that_cannot_be_made() -> Result<()> {
    let objects = Objects::new()?;
    let fresh = objects.run(&["checksum", "original.o", "--no-cache"])?;
    fs_err::write(objects.kept(), "a file")?;
    assert_eq!(objects.run(&["checksum", "original.o"])?, fresh);
    Ok(())
}

/// A kernel with a large `vmlinux.o`.
struct Linked(Kernel);

impl Linked {
    fn new() -> Result<Self> {
        let kernel = Kernel::with_output()?;
        let source = kernel.source.join("kernel/stat.c");
        let text = fs_err::read_to_string(&source)?;
        fs_err::write(&source, [text.as_str(), LARGE].concat())?;
        kernel.make(&["all"])?;
        Ok(Self(kernel))
    }

    fn output(&self, file: &str) -> Utf8PathBuf {
        self.0.output.join(file)
    }

    fn checksum(&self, more: &[&str]) -> Result<String> {
        self.checksum_of(&self.output("vmlinux.o"), more)
    }

    fn checksum_of(&self, object: &Utf8Path, more: &[&str]) -> Result<String> {
        let mut command = klp(["checksum", object.as_str()])?;
        command.args(more).env("CARGO_KLP_CACHE_DIR", self.kept());
        Ok(run(&mut command)?.expect(0)?.stdout)
    }

    fn kept(&self) -> Utf8PathBuf {
        self.0.directory.join("kept")
    }

    fn files(&self) -> Result<Vec<Utf8PathBuf>> {
        files(&self.kept())
    }
}

/// The same `vmlinux.o`, but the objects that it was linked from say something else.
#[test]
fn where_functions_come_from_is_asked_again() -> Result<()> {
    let linked = Linked::new()?;
    let fresh = linked.checksum(&["--no-cache"])?;
    ensure!(fresh.contains("kernel/sched.o"), "{fresh}");
    assert_eq!(linked.checksum(&[])?, fresh);
    assert_eq!(linked.checksum(&[])?, fresh);
    assert_eq!(linked.files()?.len(), 1);
    // Elsewhere nobody says where they come from.
    let copy = linked.0.directory.join("vmlinux.o");
    fs_err::copy(linked.output("vmlinux.o"), &copy)?;
    let of_copy = linked.checksum_of(&copy, &["--no-cache"])?;
    ensure!(!of_copy.contains("kernel/sched.o"), "{of_copy}");
    assert_eq!(linked.checksum_of(&copy, &[])?, of_copy);
    assert_eq!(linked.checksum_of(&copy, &[])?, of_copy);
    assert_eq!(linked.checksum(&[])?, fresh);
    fs_err::copy(linked.output("mm/page.o"), linked.output("kernel/sched.o"))?;
    let other = linked.checksum(&["--no-cache"])?;
    assert_ne!(other, fresh);
    assert_eq!(linked.checksum(&[])?, other);
    Ok(())
}

/// What objects define is only asked again where one was written since; that is told by their times.
#[test]
fn objects_that_were_not_written_since_are_not_read_again() -> Result<()> {
    let linked = Linked::new()?;
    let member = linked.output("kernel/sched.o");
    let (own, page) = (fs_err::read(&member)?, fs_err::read(linked.output("mm/page.o"))?);
    let (mut said, mut kept) = (Vec::new(), Vec::new());
    for (bytes, count) in [(&own, 1), (&page, 2), (&own, 3)] {
        fs_err::write(&member, bytes)?;
        let expected = linked.checksum(&["--no-cache"])?;
        // Just written: what is written next may get the same times.
        assert_eq!(linked.checksum(&[])?, expected);
        assert_eq!(linked.files()?.len(), count);
        sleep(Duration::from_secs(3));
        for _ in 0..2 {
            assert_eq!(linked.checksum(&[])?, expected);
            assert_eq!(linked.files()?.len(), count + 1);
        }
        said.push(expected);
        let files = linked.files()?.into_iter();
        kept.push(files.map(|file| Ok((fs_err::read(&file)?, file))).collect::<Result<Vec<_>>>()?);
    }
    ensure!(said[0] != said[1] && said[0] == said[2]);
    // All that is kept is put back to when `page` was there, for the times of now: so nobody reads `own`.
    let is_small = |(bytes, _): &&(Vec<u8>, Utf8PathBuf)| bytes.len() == 64;
    let before: Vec<&Utf8PathBuf> = kept[0].iter().map(|(_, file)| file).collect();
    let small = kept[1].iter().filter(is_small).find(|(_, file)| !before.contains(&file));
    let (small, _) = small.context("nothing is kept of what objects define")?;
    let large = kept[1].iter().find(|kept| !is_small(kept)).context("nothing large is kept")?;
    fs_err::write(&large.1, &large.0)?;
    for (_, file) in kept[2].iter().filter(is_small) {
        fs_err::write(file, small)?;
    }
    assert_eq!(linked.checksum(&[])?, said[1]);
    // Nothing that was damaged is believed.
    let mut damaged = small.clone();
    damaged[0] ^= 1;
    for (_, file) in kept[2].iter().filter(is_small) {
        fs_err::write(file, &damaged)?;
    }
    assert_eq!(linked.checksum(&[])?, said[2]);
    Ok(())
}
