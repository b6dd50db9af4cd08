//! Objects of a small kernel before and after a patch, and the livepatch that is made of them.

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::input::Input as File;
use klp_core::kernel::{Kallsyms, Kernel, Symvers};
use klp_core::livepatch::{self, Input, Livepatch, Named, Options};
use klp_core::module::RawElf;
use tempfile::TempDir;

use crate::kernel::temporary;
use crate::tools::{CFLAGS, compilers, tool};

/// A function that uses a static function and a static variable.
pub const SHOW: &str = "
void exported(const char *text);
static int count;
static __attribute__((noinline)) int helper(int n) { asm volatile(\"\" : \"+r\" (n)); return n; }
int show(int n) { count += helper(n); exported(\"before\"); return count; }
int get(void) { return count; }
";

const PLAIN: &[&str] = &["-pg", "-mfentry"];
const SECTIONS: &[&str] =
    &["-pg", "-mfentry", "-ffunction-sections", "-fdata-sections", "-gdwarf-5", "-gz=none"];

/// The rest of the kernel.
const REST: &str = "
void exported(const char *text) { asm volatile(\"\" : : \"r\" (text)); }
asm(\".globl __fentry__; __fentry__: ret; .globl _stext; _stext: ret\");
";

/// Puts symbols around the table of calls to `__fentry__`, as the kernel's linker script does; all else is as usual.
const SCRIPT: &str = "SECTIONS { .init.data : { __start_mcount_loc = .; KEEP(*(__mcount_loc)) \
    __stop_mcount_loc = .; } } INSERT AFTER .data;";

/// The objects of a small kernel before and after a patch.
pub struct Small {
    compiler: &'static str,
    /// Where its files are.
    pub directory: Utf8PathBuf,
    /// Of the compiler, besides those of the kernel.
    pub flags: Vec<&'static str>,
    objects: Vec<(&'static str, String, String)>,
    _guard: TempDir,
}

impl Small {
    /// Without objects yet.
    pub fn new(compiler: &'static str) -> Result<Self> {
        let (guard, directory) = temporary()?;
        let (flags, objects) = (Vec::new(), Vec::new());
        Ok(Self { compiler, directory, flags, objects, _guard: guard })
    }

    /// Adds an object that the patch turns from `before` into `after`.
    #[must_use]
    pub fn object(mut self, name: &'static str, before: &str, after: &str) -> Self {
        self.objects.push((name, before.to_owned(), after.to_owned()));
        self
    }

    /// Compiles `source` to an object of that name.
    pub fn compile(&self, name: &str, source: &str, flags: &[&str]) -> Result<Utf8PathBuf> {
        let path = self.directory.join(format!("{name}.c"));
        fs_err::write(&path, source)?;
        let object = self.directory.join(format!("{name}.o"));
        let last = ["-w", "-c", "-o", object.as_str(), path.as_str()];
        let all = CFLAGS.iter().chain(flags).chain(&self.flags).copied().chain(last);
        tool(self.compiler, all)?;
        Ok(object)
    }

    /// The object of that name: plain, and the original and the patched one with sections.
    pub fn paths(&self, name: &str) -> Result<[Utf8PathBuf; 3]> {
        let (_, before, after) =
            self.objects.iter().find(|(other, ..)| *other == name).context("no such object")?;
        Ok([
            self.compile(&format!("{name}-plain"), before, PLAIN)?,
            self.compile(&format!("{name}-original"), before, SECTIONS)?,
            self.compile(&format!("{name}-patched"), after, SECTIONS)?,
        ])
    }

    /// The livepatch, `changed` being what the plain builds say.
    pub fn livepatch(&self, changed: &[(&str, &str)], force: bool) -> Result<Livepatch> {
        self.livepatch_with(changed, Options { force, replace: true })
    }

    /// The same, made as `options` say.
    pub fn livepatch_with(&self, changed: &[(&str, &str)], options: Options) -> Result<Livepatch> {
        let objects = self.objects.iter().map(|(name, ..)| *name);
        let paths: Result<Vec<(&str, [Utf8PathBuf; 3])>> =
            objects.map(|name| Ok((name, self.paths(name)?))).collect();
        let paths = paths?;
        let rest = self.compile("rest", REST, &[])?;
        let vmlinux = self.directory.join("vmlinux");
        let script = self.directory.join("vmlinux.lds");
        fs_err::write(&script, SCRIPT)?;
        let plain = paths.iter().map(|(_, [plain, ..])| plain.as_str());
        let link = ["-e", "_stext", "-T", script.as_str(), "-o", vmlinux.as_str(), rest.as_str()];
        tool("ld", link.into_iter().chain(plain))?;
        let vmlinux = read(&vmlinux)?;
        let kernel = Kernel {
            symvers: Symvers::parse("0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n")?,
            vmlinux: Kallsyms::of_vmlinux(&RawElf::parse(&vmlinux)?)?,
            ..Kernel::default()
        };
        let files: Result<Vec<(String, [File; 3])>> = paths
            .iter()
            .map(|(name, [plain, original, patched])| {
                let files = [read(plain)?, read(original)?, read(patched)?];
                Ok((format!("{name}.o"), files))
            })
            .collect();
        let files = files?;
        let inputs: Vec<Input<'_>> = files
            .iter()
            .map(|(object, [plain, original, patched])| Input {
                object,
                linked: "vmlinux",
                plain: Some(plain),
                original: Some(original),
                patched,
                lto: None,
            })
            .collect();
        let mut named = Named::default();
        for (object, function) in changed {
            let object = named.changed.entry(format!("{object}.o")).or_default();
            object.push((*function).to_owned());
        }
        Ok(livepatch::create(&kernel, &inputs, &named, options)?)
    }

    /// The parts linked as Kbuild does, and finished.
    pub fn finished(&self, livepatch: &Livepatch) -> Result<Vec<u8>> {
        let module = self.directory.join("module.ko");
        let mut arguments = vec!["-r".to_owned(), "-o".to_owned(), module.to_string()];
        for (part, number) in livepatch.parts.iter().zip(0..) {
            let path = self.directory.join(format!("part-{number}.o"));
            fs_err::write(&path, &part.bytes)?;
            arguments.push(path.into());
        }
        tool("ld", arguments)?;
        Ok(livepatch::finish(&fs_err::read(module)?, &livepatch.symbols)?)
    }
}

/// Runs `test` with each compiler that is here.
pub fn for_each_compiler(name: &str, test: impl Fn(&'static str) -> Result<()>) -> Result<()> {
    for compiler in compilers(name) {
        test(compiler).context(compiler)?;
    }
    Ok(())
}

/// The bytes of a file.
pub fn read(path: &Utf8Path) -> Result<File> {
    Ok(File::open(path.as_std_path())?)
}
