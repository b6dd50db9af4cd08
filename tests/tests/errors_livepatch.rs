//! What can be wrong with a livepatch, or with the kernel that it is checked against and tried on: one
//! clear error and a hint, or a finding that names what does not fit.

use anyhow::{Result, ensure};
use camino::Utf8PathBuf;
use klp_tests::kernel::Kernel;
use klp_tests::klp::{Outcome, klp, run};
use klp_tests::tools::{CFLAGS, tool};
use serde_json::Value;

const VERMAGIC: &str = "7.2.0 SMP mod_unload ";

const VMLINUX: &str = "
const char vermagic[] = VERMAGIC;
void exported(void) { asm volatile(\"\"); }
void _stext(void) { exported(); asm volatile(\"\" : : \"r\" (vermagic)); }
";

const LIVEPATCH: &str = "
const char info[] __attribute__((section(\".modinfo\"), used)) =
	\"license=GPL\\0name=livepatch_x\\0livepatch=Y\\0vermagic=\" VERMAGIC;
char module[64] __attribute__((section(\".gnu.linkonce.this_module\"), used));
void exported(void);
void replaced(void) { exported(); asm volatile(\"\"); }
";

/// A tree that looks built, and a livepatch for it.
struct Fixture {
    kernel: Kernel,
    livepatch: Utf8PathBuf,
}

impl Fixture {
    fn new() -> Result<Self> {
        let kernel = Kernel::in_tree()?;
        let livepatch = kernel.directory.join("livepatch-x.ko");
        let this = Self { kernel, livepatch };
        let vmlinux = this.compile("vmlinux.c", VMLINUX, VERMAGIC)?;
        tool("ld", ["-e", "_stext", "-o", this.output("vmlinux").as_str(), vmlinux.as_str()])?;
        fs_err::write(this.output("modules.order"), "")?;
        this.write_symvers("0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n")?;
        this.write_livepatch(VERMAGIC)?;
        Ok(this)
    }

    fn output(&self, name: &str) -> Utf8PathBuf {
        self.kernel.output.join(name)
    }

    fn compile(&self, name: &str, source: &str, vermagic: &str) -> Result<Utf8PathBuf> {
        let path = self.kernel.directory.join(name);
        fs_err::write(&path, source)?;
        let object = path.with_extension("o");
        let definition = format!("-DVERMAGIC=\"{vermagic}\"");
        let arguments = [definition.as_str(), "-c", "-o", object.as_str(), path.as_str()];
        tool("gcc", CFLAGS.iter().copied().chain(arguments))?;
        Ok(object)
    }

    fn write_livepatch(&self, vermagic: &str) -> Result<()> {
        let object = self.compile("livepatch-x.c", LIVEPATCH, vermagic)?;
        Ok(fs_err::rename(object, &self.livepatch)?)
    }

    fn write_symvers(&self, text: &str) -> Result<()> {
        Ok(fs_err::write(self.output("Module.symvers"), text)?)
    }

    fn check(&self) -> Result<Outcome> {
        let source = self.kernel.source.as_str();
        run(&mut klp(["check", "-C", source, "--message-format", "json", self.livepatch.as_str()])?)
    }

    /// `check` fails with that finding.
    fn expect_finding(&self, topic: &str, text: &str) -> Result<()> {
        let outcome = self.check()?.expect(1)?;
        let records: Result<Vec<Value>, _> =
            outcome.stdout.lines().map(serde_json::from_str).collect();
        let found = records?.iter().any(|record| {
            record["topic"] == topic
                && record["what"].as_str().is_some_and(|what| what.contains(text))
        });
        ensure!(found, "no finding about {topic} with `{text}`: {outcome:#?}");
        ensure!(outcome.stderr.contains("does not fit the kernel"), "{outcome:#?}");
        Ok(())
    }

    fn expect_error(&self, message: &str, hint: Option<&str>) -> Result<()> {
        self.check()?.expect_error(1, message, hint).map(drop)
    }
}

#[test]
fn one_that_fits() -> Result<()> {
    let outcome = Fixture::new()?.check()?.expect(0)?;
    ensure!(outcome.stderr.contains("1 import"), "{outcome:#?}");
    Ok(())
}

#[test]
fn for_another_kernel() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write_livepatch("6.1.0 SMP mod_unload ")?;
    fixture.expect_finding("vermagic", "made for another kernel")?;
    fixture.write_livepatch(VERMAGIC)?;
    fixture.write_symvers("0x00000000\tother\tvmlinux\tEXPORT_SYMBOL\t\n")?;
    fixture.expect_finding("import", "nothing exports it")?;
    fixture.write_symvers("0x12345678\texported\tvmlinux\tEXPORT_SYMBOL\t\n")?;
    fixture.expect_finding("crc", "CONFIG_MODVERSIONS")
}

#[test]
fn corrupted() -> Result<()> {
    let fixture = Fixture::new()?;
    let bytes = fs_err::read(&fixture.livepatch)?;
    let half = bytes.get(..bytes.len() / 2).unwrap_or_default();
    fs_err::write(&fixture.livepatch, half)?;
    fixture.expect_error("livepatch-x.ko", Some("damaged"))?;
    fs_err::write(&fixture.livepatch, "")?;
    fixture.expect_error("livepatch-x.ko", Some("damaged"))?;
    fs_err::write(&fixture.livepatch, "not ELF at all, but long enough to be read as if it were")?;
    fixture.expect_error("livepatch-x.ko", Some("`cargo klp build` has written"))?;
    fs_err::remove_file(&fixture.livepatch)?;
    fixture.expect_error("livepatch-x.ko", None)
}

#[test]
fn stripped() -> Result<()> {
    let fixture = Fixture::new()?;
    tool("strip", ["--strip-all", fixture.livepatch.as_str()])?;
    fixture.expect_error("no symbol table", Some("finished .ko"))?;
    fixture.write_livepatch(VERMAGIC)?;
    tool("strip", [fixture.output("vmlinux").as_str()])?;
    fixture.expect_error("no symbol table", Some("not a stripped or packed one"))
}

#[test]
fn no_livepatch() -> Result<()> {
    let fixture = Fixture::new()?;
    let object = fixture.compile("object.c", "void f(void) { }", "")?;
    fs_err::rename(object, &fixture.livepatch)?;
    fixture.expect_error("not a kernel module", Some("finished .ko"))?;
    let module = LIVEPATCH.replace("livepatch=Y", "retpoline=Y");
    let object = fixture.compile("module.c", &module, VERMAGIC)?;
    fs_err::rename(object, &fixture.livepatch)?;
    fixture.expect_error("not a livepatch", Some("`cargo klp build` has written"))
}

#[test]
fn without_exports() -> Result<()> {
    let fixture = Fixture::new()?;
    fixture.write_symvers("0x00000000\texported\n")?;
    fixture.expect_error("line 1", Some("make it again"))?;
    fs_err::remove_file(fixture.output("Module.symvers"))?;
    fixture.expect_error("Module.symvers", Some("make modules"))
}

#[test]
fn another_vmlinux() -> Result<()> {
    let fixture = Fixture::new()?;
    let object = fixture.compile("vmlinux.c", VMLINUX, VERMAGIC)?;
    fs_err::copy(object, fixture.output("vmlinux"))?;
    fixture.expect_error("not a linked kernel", Some("that `make` has linked"))?;
    fs_err::write(fixture.output("vmlinux"), "\x7fELF")?;
    fixture.expect_error("vmlinux", Some("make it again"))?;
    fs_err::remove_file(fixture.output("vmlinux"))?;
    fixture.expect_error("vmlinux", None)
}

/// What cannot be tried is said before anything is booted.
#[test]
fn not_to_be_tried() -> Result<()> {
    let fixture = Fixture::new()?;
    let try_it = |message: &str, hint: Option<&str>, status| {
        let source = fixture.kernel.source.as_str();
        run(&mut klp(["try", "-C", source, fixture.livepatch.as_str()])?)?
            .expect_error(status, message, hint)
            .map(drop)
    };
    let config = fixture.output(".config");
    let needed = "CONFIG_LIVEPATCH=y\nCONFIG_MODULES=y\nCONFIG_BLK_DEV_INITRD=y\n\
                  CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_DEVTMPFS=y\nCONFIG_TTY=y\nCONFIG_PRINTK=y\n\
                  CONFIG_PROC_FS=y\nCONFIG_SYSFS=y\nCONFIG_BINFMT_SCRIPT=y\nCONFIG_BINFMT_ELF=y\n\
                  CONFIG_MODULE_UNLOAD=y\n";
    fs_err::write(&config, "")?;
    try_it("is built without", Some("=y in the .config"), 96)?;
    fs_err::write(&config, needed)?;
    try_it("no kernel image", Some("make bzImage"), 1)
}
