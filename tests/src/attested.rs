//! A livepatch module written by hand for a small patch, and the second opinion on it. Nothing here cuts anything
//! out of objects: the module is C source, too, so that right and wrong ones can be made on purpose.

use std::fmt::Write as _;

use anyhow::{Context as _, Result};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::attest::{
    Attestation, AttestedObject, ExpectedChanges, Fault, RunningKernel, attest,
};
use klp_core::input::Input;
use klp_core::kernel::Symvers;

use crate::kernel::temporary;
use crate::small::read;
use crate::tools::{CFLAGS, tool};

const SECTIONS: &[&str] = &["-ffunction-sections", "-fdata-sections"];

/// The rest of the kernel: what comes first in the link, and last.
const FIRST: &str = "
void exported(const char *text) { asm volatile(\"\" : : \"r\" (text)); }
asm(\".globl _stext; _stext: ret\\n\"
    \".section .init.text, \\\"ax\\\"; .globl _sinittext; _sinittext: nop\\n\"
    \".section .data..percpu, \\\"aw\\\"; .globl __per_cpu_start; __per_cpu_start: .quad 0\\n\");
";
const LAST: &str = "
asm(\".section .init.text, \\\"ax\\\"; .globl _einittext; _einittext: nop\\n\"
    \".section .data..percpu, \\\"aw\\\"; .globl __per_cpu_end; __per_cpu_end: .quad 0\\n\");
";

/// What the init code needs of `include/linux/livepatch.h`.
const HEADER: &str = "
struct klp_func { const char *old_name; void *new_func; unsigned long old_sympos, rest[4]; };
struct klp_object { const char *name; struct klp_func *funcs; void *callbacks[4]; unsigned long rest[4]; };
struct klp_patch { void *mod; struct klp_object *objs; unsigned long rest[4]; };
int klp_enable_patch(struct klp_patch *);
";

/// A patch of one or two objects of vmlinux, and a module for it.
#[derive(Debug, Clone, Default)]
pub struct Case {
    /// `a.c` before and after.
    pub before: String,
    /// The same after the patch.
    pub after: String,
    /// `b.c` before and after, where there is one.
    pub other: Option<(String, String)>,
    /// The module's source. What the kernel has is declared in it.
    pub module: String,
    /// Symbols of that source, and what they are for livepatch.
    pub links: Vec<(&'static str, &'static str)>,
    /// Old functions, their positions, and the functions of the module.
    pub functions: Vec<(&'static str, u64, &'static str)>,
    /// What the comparison says has changed in `a.o`, and is gone from it.
    pub said: (Vec<&'static str>, Vec<&'static str>),
    /// What `a.o` is linked into, if not vmlinux, and the module that this needs, if any.
    pub module_of_a: Option<(&'static str, &'static str)>,
    /// Sources of other modules of the kernel, by name. Each exports what `exports` says.
    pub modules: Vec<(&'static str, &'static str)>,
    /// Names, and what exports them.
    pub exports: Vec<(&'static str, &'static str)>,
    /// Weak functions of an object that the patch leaves alone, which have names of those that are gone.
    pub weak: Vec<&'static str>,
    /// What of `a.o` the person takes the risk of.
    pub forced: Vec<&'static str>,
    /// Of the compiler, for everything.
    pub flags: Vec<&'static str>,
    /// More of them, for the module only.
    pub module_flags: Vec<&'static str>,
}

/// All files of a case.
#[derive(Debug)]
pub struct Made {
    /// The module.
    pub module: Vec<u8>,
    vmlinux: Input,
    modules: Vec<(String, Input)>,
    /// Names, what they are linked into, and files.
    objects: Vec<(String, &'static str, [Input; 3])>,
    exports: Vec<(&'static str, &'static str)>,
    said: ExpectedChanges,
    _guard: tempfile::TempDir,
}

impl Case {
    /// Compiles and links everything.
    pub fn make(&self, compiler: &str) -> Result<Made> {
        let (guard, directory) = temporary()?;
        let compile = |name: &str, source: &str, flags: &[&str]| -> Result<Utf8PathBuf> {
            // FILE symbols tell where local ones come from.
            let folder = directory.join(name);
            fs_err::create_dir_all(&folder)?;
            let file = name.split('-').next().unwrap_or(name);
            let (path, object) =
                (folder.join(format!("{file}.c")), folder.join(format!("{file}.o")));
            fs_err::write(&path, source)?;
            let last = ["-w", "-c", "-o", object.as_str(), path.as_str()];
            tool(compiler, CFLAGS.iter().chain(&self.flags).chain(flags).copied().chain(last))?;
            Ok(object)
        };
        let mut sources = vec![("a", self.before.as_str(), self.after.as_str())];
        sources.extend(
            self.other.iter().map(|(before, after)| ("b", before.as_str(), after.as_str())),
        );
        let mut paths = Vec::new();
        for (name, before, after) in sources {
            let files = [
                compile(&format!("{name}-plain"), before, &[])?,
                compile(&format!("{name}-original"), before, SECTIONS)?,
                compile(&format!("{name}-patched"), after, SECTIONS)?,
            ];
            paths.push((format!("{name}.o"), files));
        }
        let (first, last) = (compile("first", FIRST, &[])?, compile("last", LAST, &[])?);
        let vmlinux = directory.join("vmlinux");
        let linked = |name: &str| match self.module_of_a {
            Some((linked, _)) if name == "a.o" => linked,
            _ => "vmlinux",
        };
        let of_vmlinux = paths.iter().filter(|(name, _)| linked(name) == "vmlinux");
        let plain = of_vmlinux.map(|(_, [plain, ..])| plain.as_str());
        let link = ["-z", "noexecstack", "-e", "_stext", "-o", vmlinux.as_str(), first.as_str()];
        tool("ld", link.into_iter().chain(plain).chain([last.as_str()]))?;
        let mut modules = Vec::new();
        for (name, source) in &self.modules {
            modules.push(((*name).to_owned(), read(&compile(name, source, &[])?)?));
        }
        if let Some((name, needed)) = self.module_of_a {
            let info = format!(
                "const char info[] __attribute__((section(\".modinfo\"), used)) = \"depends={needed}\";"
            );
            let info = compile("info", &info, &[])?;
            let plain = paths.iter().filter(|(object, _)| object == "a.o");
            let plain = plain.map(|(_, [plain, ..])| plain.as_str());
            let linked = directory.join(format!("{name}.ko"));
            tool("ld", ["-r", "-o", linked.as_str(), info.as_str()].into_iter().chain(plain))?;
            modules.push((name.to_owned(), read(&linked)?));
        }
        let flags: Vec<&str> = SECTIONS.iter().chain(&self.module_flags).copied().collect();
        let part = compile("module", &self.module, &flags)?;
        let object = self.module_of_a.map_or("", |(linked, _)| linked);
        let init = compile("init", &self.init(object), SECTIONS)?;
        let module = directory.join("module.ko");
        tool("ld", ["-r", "-o", module.as_str(), init.as_str(), part.as_str()])?;
        let mut rename: Vec<String> = Vec::new();
        for (name, link) in &self.links {
            rename.push(format!("--redefine-sym={name}={link}"));
        }
        tool("objcopy", rename.iter().map(String::as_str).chain([module.as_str()]))?;
        let names = |names: &[&str]| {
            names.iter().map(|name| ("a.o".to_owned(), (*name).to_owned())).collect()
        };
        let weak = self.weak.iter().map(|name| ("c.o".to_owned(), (*name).to_owned())).collect();
        let said = ExpectedChanges {
            changed: names(&self.said.0),
            removed: names(&self.said.1),
            weak,
            forced: names(&self.forced),
        };
        let files = paths
            .iter()
            .map(|(object, files)| Ok((object.clone(), linked(object), inputs(files)?)));
        Ok(Made {
            module: fs_err::read(&module)?,
            vmlinux: read(&vmlinux)?,
            modules,
            exports: self.exports.clone(),
            objects: files.collect::<Result<_>>()?,
            said,
            _guard: guard,
        })
    }

    fn init(&self, object: &str) -> String {
        let mut text = HEADER.to_owned();
        let (mut entries, mut stores) = (String::new(), String::new());
        for (number, (old, position, new)) in self.functions.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "void {new}(void);\nvoid *slot_{number} = {new};");
            let _ = writeln!(entries, "{{ \"{old}\", 0, {position} }},");
            let _ = writeln!(stores, "functions_0[{number}].new_func = slot_{number};");
        }
        let name = if object.is_empty() { "0".to_owned() } else { format!("\"{object}\"") };
        text + &format!(
            "static struct klp_func functions_0[] = {{ {entries} {{ }} }};\n\
             static struct klp_object objects[] = {{ {{ .name = {name}, .funcs = functions_0 }}, {{ }} }};\n\
             static struct klp_patch patch = {{ .objs = objects }};\n\
             __attribute__((section(\".init.text\"))) int init_module(void)\n\
             {{ {stores} return klp_enable_patch(&patch); }}\n"
        )
    }
}

fn inputs(paths: &[Utf8PathBuf; 3]) -> Result<[Input; 3]> {
    let [plain, original, patched] = paths;
    let read = |path: &Utf8Path| read(path).context(path.to_string());
    Ok([read(plain)?, read(original)?, read(patched)?])
}

impl Made {
    /// The opinion on `module` instead of the one that was made.
    pub fn opinion(&self, module: &[u8]) -> Result<Attestation> {
        let objects: Vec<AttestedObject<'_>> = self
            .objects
            .iter()
            .map(|(object, linked, [plain, original, patched])| AttestedObject {
                object,
                linked,
                plain: Some(plain),
                original: Some(original),
                patched,
            })
            .collect();
        let exports = [("exported", "vmlinux")].into_iter().chain(self.exports.iter().copied());
        let lines: Vec<String> = exports
            .map(|(name, by)| format!("0x00000000\t{name}\t{by}\tEXPORT_SYMBOL\t\n"))
            .collect();
        let symvers = Symvers::parse(&lines.concat())?;
        let modules = self.modules.iter().map(|(name, file)| (name.clone(), &**file)).collect();
        let kernel = RunningKernel { vmlinux: &self.vmlinux, modules, symvers: &symvers };
        Ok(attest(module, &objects, &kernel, &self.said)?)
    }

    /// The classes of what is found in the module.
    pub fn classes(&self, module: &[u8]) -> Result<Vec<Fault>> {
        let report = self.opinion(module)?;
        let mut classes: Vec<Fault> = report.findings.iter().map(|finding| finding.class).collect();
        classes.dedup();
        Ok(classes)
    }
}
