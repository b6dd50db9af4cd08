//! Objects of a small kernel before and after a patch, and the livepatch that is made of them.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::input::Input as File;
use klp_core::kernel::{Kallsyms, LinkedKernel, Symvers};
use klp_core::livepatch::{self, ChangedNames, LivepatchOptions, TouchedObject, UnlinkedLivepatch};
use klp_core::module::RawElf;
use tempfile::TempDir;

use crate::kernel::temporary;
use crate::rust::{self, RUSTC};
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
    objects: Vec<Object>,
    exports: String,
    depends: BTreeMap<String, BTreeSet<String>>,
    _guard: TempDir,
}

/// An object's files: plain, original, patched; and of Rust as the patched build made it.
type Files = ([File; 3], Option<File>);

struct Object {
    name: &'static str,
    linked: &'static str,
    before: String,
    after: String,
    built: Option<String>,
}

impl Small {
    /// Without objects yet.
    pub fn new(compiler: &'static str) -> Result<Self> {
        let (guard, directory) = temporary()?;
        let (flags, objects, depends) = (Vec::new(), Vec::new(), BTreeMap::new());
        let exports = "0x00000000\texported\tvmlinux\tEXPORT_SYMBOL\t\n".to_owned();
        Ok(Self { compiler, directory, flags, objects, exports, depends, _guard: guard })
    }

    /// Adds an object that the patch turns from `before` into `after`.
    #[must_use]
    pub fn object(self, name: &'static str, before: &str, after: &str) -> Self {
        self.object_of("vmlinux", name, before, after)
    }

    /// Adds an object of module `linked`.
    #[must_use]
    pub fn object_of(
        mut self,
        linked: &'static str,
        name: &'static str,
        before: &str,
        after: &str,
    ) -> Self {
        let (before, after) = (before.to_owned(), after.to_owned());
        self.objects.push(Object { name, linked, before, after, built: None });
        self
    }

    /// Says that `module` exports `name`.
    #[must_use]
    pub fn export(mut self, module: &str, name: &str) -> Self {
        self.exports.extend(["0x00000000\t", name, "\t", module, "\tEXPORT_SYMBOL\t\n"]);
        self
    }

    /// Says that `module` is loaded only where `other` is.
    #[must_use]
    pub fn depend(mut self, module: &str, other: &str) -> Self {
        self.depends.entry(module.to_owned()).or_default().insert(other.to_owned());
        self
    }

    /// Compiles `source` to an object of that name.
    pub fn compile(&self, name: &str, source: &str, flags: &[&str]) -> Result<Utf8PathBuf> {
        if self.compiler == RUSTC {
            return rust::compile(&self.directory, name, source, flags);
        }
        self.compile_with(self.compiler, name, source, flags)
    }

    fn compile_with(
        &self,
        compiler: &str,
        name: &str,
        source: &str,
        flags: &[&str],
    ) -> Result<Utf8PathBuf> {
        // FILE symbols tell where local ones come from.
        let folder = self.directory.join(name);
        fs_err::create_dir_all(&folder)?;
        let file = name.split('-').next().unwrap_or(name);
        let path = folder.join(format!("{file}.c"));
        fs_err::write(&path, source)?;
        let object = self.directory.join(format!("{name}.o"));
        let last = ["-w", "-c", "-o", object.as_str(), path.as_str()];
        let all = CFLAGS.iter().chain(flags).chain(&self.flags).copied().chain(last);
        tool(compiler, all)?;
        Ok(object)
    }

    /// The object of that name: plain, and the original and the patched one with sections.
    pub fn paths(&self, name: &str) -> Result<[Utf8PathBuf; 3]> {
        let Object { before, after, .. } =
            self.objects.iter().find(|object| object.name == name).context("no such object")?;
        let (plain, sections) = self.ways();
        Ok([
            self.compile(&format!("{name}-plain"), before, plain)?,
            self.compile(&format!("{name}-original"), before, sections)?,
            self.compile(&format!("{name}-patched"), after, sections)?,
        ])
    }

    /// The flags of the kernel's build, and of what is compiled again.
    fn ways(&self) -> (&'static [&'static str], &'static [&'static str]) {
        if self.compiler == RUSTC { (rust::PLAIN, rust::SECTIONS) } else { (PLAIN, SECTIONS) }
    }

    /// The patched object as its build makes it, of Rust.
    fn built(&self, name: &str) -> Result<Option<File>> {
        let object = self.objects.iter().find(|object| object.name == name);
        let object = object.filter(|_| self.compiler == RUSTC);
        let (plain, _) = self.ways();
        object
            .map(|object| {
                let source = object.built.as_ref().unwrap_or(&object.after);
                read(&self.compile(&format!("{name}-built"), source, plain)?)
            })
            .transpose()
    }

    /// Says that the patched build makes the last object of something else than what is compiled again.
    #[must_use]
    pub fn built_from(mut self, source: &str) -> Self {
        if let Some(object) = self.objects.last_mut() {
            object.built = Some(source.to_owned());
        }
        self
    }

    /// The livepatch, `changed` being what the plain builds say.
    pub fn livepatch(&self, changed: &[(&str, &str)], force: bool) -> Result<UnlinkedLivepatch> {
        self.livepatch_with(changed, LivepatchOptions { force, replace: true })
    }

    /// The same, made as `options` say.
    pub fn livepatch_with(
        &self,
        changed: &[(&str, &str)],
        options: LivepatchOptions,
    ) -> Result<UnlinkedLivepatch> {
        let paths: Result<Vec<(&Object, [Utf8PathBuf; 3])>> =
            self.objects.iter().map(|object| Ok((object, self.paths(object.name)?))).collect();
        let paths = paths?;
        let is_rust = self.compiler == RUSTC;
        let rest = if is_rust { "gcc" } else { self.compiler };
        let rest = self.compile_with(rest, "rest", REST, &[])?;
        let vmlinux = self.directory.join("vmlinux");
        let script = self.directory.join("vmlinux.lds");
        fs_err::write(&script, SCRIPT)?;
        let plain_of = |linked: &str| -> Vec<&str> {
            let own = paths.iter().filter(|(object, _)| object.linked == linked);
            own.map(|(_, [plain, ..])| plain.as_str()).collect()
        };
        let link = ["-e", "_stext", "-T", script.as_str(), "-o", vmlinux.as_str(), rest.as_str()];
        tool("ld", link.into_iter().chain(plain_of("vmlinux")))?;
        let vmlinux = read(&vmlinux)?;
        let mut modules = BTreeMap::new();
        let linked = self.objects.iter().map(|object| object.linked);
        for name in linked.filter(|name| *name != "vmlinux").collect::<BTreeSet<&str>>() {
            let module = self.directory.join(format!("{name}.ko"));
            tool("ld", ["-r", "-o", module.as_str()].into_iter().chain(plain_of(name)))?;
            let symbols = Kallsyms::of_module(&RawElf::parse(&read(&module)?)?);
            modules.insert(name.to_owned(), symbols);
        }
        let kernel = LinkedKernel {
            symvers: Symvers::parse(&self.exports)?,
            modules,
            depends: self.depends.clone(),
            vmlinux: Kallsyms::of_vmlinux(&RawElf::parse(&vmlinux)?)?,
            ..LinkedKernel::default()
        };
        let files: Result<Vec<(String, &str, Files)>> = paths
            .iter()
            .map(|(object, [plain, original, patched])| {
                let files = [read(plain)?, read(original)?, read(patched)?];
                let built = self.built(object.name)?;
                Ok((format!("{}.o", object.name), object.linked, (files, built)))
            })
            .collect();
        let files = files?;
        let inputs: Vec<TouchedObject<'_>> = files
            .iter()
            .map(|(object, linked, ([plain, original, patched], built))| TouchedObject {
                object,
                linked,
                plain: Some(plain),
                original: Some(original),
                patched,
                built: built.as_deref(),
                lto: None,
                ..TouchedObject::default()
            })
            .collect();
        let mut named = ChangedNames::default();
        for (object, function) in changed {
            let object = named.changed.entry(format!("{object}.o")).or_default();
            object.push((*function).to_owned());
        }
        Ok(livepatch::create(&kernel, &inputs, &named, options)?)
    }

    /// The parts linked as Kbuild does, and finished.
    pub fn finished(&self, livepatch: &UnlinkedLivepatch) -> Result<Vec<u8>> {
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
