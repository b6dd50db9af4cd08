//! Links a module with Kbuild, as any module outside of the tree, against the original build.

use std::fmt::Write;
use std::io;

use camino::{Utf8Path, Utf8PathBuf};
use fs_err as fs;

use crate::build::{BuildError, BuildSettings};
use crate::event::BuildEvents;

use super::{Workshop, saved};

/// What a module is made from.
#[derive(Debug, Clone)]
pub struct ModuleSources {
    /// Its file name without suffix, for example `livepatch-fix`.
    pub name: String,
    /// Its C source.
    pub init: String,
    /// Objects to link with it, each with the object of the kernel that it comes from.
    pub parts: Vec<(Utf8PathBuf, Vec<u8>)>,
    /// The `Module.symvers` to link against.
    pub symvers: String,
}

/// What building a module reads in the output directory of a kernel. The image is not among it: type
/// information would be made from it, and there are no types in a module of machine code.
const OUTPUTS: &[&str] = &[
    ".config",
    ".kernelvariables",
    "Makefile",
    "arch",
    "certs",
    "include",
    "scripts",
    "source",
    "tools",
];

/// Nothing is woven into the init code that sanitizers and profilers ask for: it is read as it is written.
const PLAIN: &str = "KASAN_SANITIZE := n\nKCSAN_SANITIZE := n\nKMSAN_SANITIZE := n\nUBSAN_SANITIZE := n\n\
                     KCOV_INSTRUMENT := n\nGCOV_PROFILE := n\n";

impl Workshop<'_> {
    /// Links the module. Returns the path of the `.ko` file.
    pub fn link_module(
        &self,
        sources: &ModuleSources,
        settings: &BuildSettings<'_>,
        events: &mut BuildEvents<'_>,
    ) -> Result<Utf8PathBuf, BuildError> {
        let directory = self.directory().join("link");
        let failed = BuildError::io(&directory);
        crate::atomic::remove_dir(&directory).map_err(failed)?;
        fs::create_dir_all(&directory).map_err(failed)?;
        let write =
            |name: &str, bytes: &[u8]| fs::write(directory.join(name), bytes).map_err(failed);
        write("init.c", sources.init.as_bytes())?;
        let mut parts = Vec::new();
        let mut rules = String::new();
        for (number, (object, bytes)) in sources.parts.iter().enumerate() {
            let name = format!("part_{number}.o");
            let shipped = format!("{name}_shipped");
            write(&shipped, bytes)?;
            // modpost asks every object for its sources, and finds none.
            write(
                &format!(".{name}.cmd"),
                format!("savedcmd_{name} := cp {shipped} {name}\n").as_bytes(),
            )?;
            if let Some(command) =
                saved::objtool(&self.saved_command(object)?, &directory.join(&shipped))
            {
                // Writing to a string cannot fail.
                let _ = writeln!(rules, "\t{}", command.replace('$', "$$"));
            }
            parts.push(name);
        }
        if !rules.is_empty() {
            let makefile = directory.join("objtool.mk");
            write("objtool.mk", format!(".PHONY: all\nall:\n{rules}").as_bytes())?;
            self.run_makefile(&makefile, settings, events)?;
        }
        // Kbuild's own rule for shipped files matches any name, and make does not try such for objects.
        let kbuild = format!(
            "obj-m := {name}.o\n{name}-y := init.o {parts}\nccflags-y := -g0\n{PLAIN}\
             $(addprefix $(obj)/, {parts}): $(obj)/%.o: $(src)/%.o_shipped\n\t@cp $< $@\n",
            name = sources.name,
            parts = parts.join(" ")
        );
        write("Kbuild", kbuild.as_bytes())?;
        let output = self.output_for_modules(&sources.symvers)?;
        self.make_module(&output, &directory, settings, events)?;
        Ok(directory.join(format!("{}.ko", sources.name)))
    }

    /// An output directory that has what modules need of ours, and exports of its own.
    fn output_for_modules(&self, symvers: &str) -> Result<Utf8PathBuf, BuildError> {
        let output = self.directory().join("kernel");
        let failed = BuildError::io(&output);
        crate::atomic::remove_dir(&output).map_err(failed)?;
        fs::create_dir_all(&output).map_err(failed)?;
        let kernel = self.kernel();
        for name in OUTPUTS {
            let from = kernel.join(name);
            if from.exists() {
                link(&from, &output.join(name)).map_err(failed)?;
            }
        }
        fs::write(output.join("Module.symvers"), symvers).map_err(failed)?;
        Ok(output)
    }
}

fn link(from: &Utf8Path, to: &Utf8Path) -> io::Result<()> {
    fs::os::unix::fs::symlink(from, to)
}
