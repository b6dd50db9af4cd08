//! What a patch can change of a kernel whose objects are made one by one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use camino::{Utf8Path, Utf8PathBuf};

use super::includes::Includes;
use super::naming::{is_brought_along, is_program};
use super::prepare::Recipes;
use super::{Compilation, StockError};
use crate::build::NotCompiled;
use crate::objects::LinkedInto;
use crate::patch::FileChange;

/// What a patch touches.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StockTouched {
    /// Objects that can become others.
    pub objects: BTreeSet<Utf8PathBuf>,
    /// Assembly that states sizes and offsets for others, made from C.
    pub offsets: BTreeSet<Utf8PathBuf>,
    /// Objects that can become others and are for another mode of the processor: what starts the kernel, the vDSO of 32 bits.
    pub not_running: Vec<Utf8PathBuf>,
    /// Files of the patch that go into what the kernel brings along as data, such as the vDSO, by a way that no object shows.
    pub unseen: Vec<Utf8PathBuf>,
    /// Files of the patch that go into what starts the kernel, which is not compared.
    pub starting: Vec<Utf8PathBuf>,
    /// C files that no object of this kernel is made from.
    pub not_compiled: Vec<Utf8PathBuf>,
    /// Objects whose sources only a whole build makes, where these can include what changes.
    pub generated: Vec<Utf8PathBuf>,
}

impl StockTouched {
    /// The files from which nothing is compiled.
    pub(super) fn not_compiled(&self) -> BTreeSet<NotCompiled> {
        let paths = self.not_compiled.iter().cloned();
        paths.map(|path| NotCompiled { path, options: None }).collect()
    }
}

/// What cannot be code of the kernel, however it changes.
const NO_CODE: &[&str] =
    &["Documentation/", "LICENSES/", "tools/testing/", "tools/perf/", "tools/power/"];
const NO_CODE_FILES: &[&str] =
    &["COPYING", "CREDITS", "MAINTAINERS", "README", ".mailmap", ".gitignore"];

/// The files of code among `changes`. Of all others that can be part of the kernel, only a whole build tells what follows.
pub(super) fn code(changes: &[FileChange]) -> Result<BTreeSet<Utf8PathBuf>, StockError> {
    let mut paths = BTreeSet::new();
    for FileChange { path, .. } in changes {
        let name = path.file_name().unwrap_or_default();
        if NO_CODE.iter().any(|top| path.starts_with(top)) || NO_CODE_FILES.contains(&name) {
            continue;
        }
        let is_code = matches!(path.extension(), Some("c" | "S" | "h"));
        let is_of_tools = ["tools/", "scripts/", "usr/"].iter().any(|top| path.starts_with(top));
        if !is_code || is_of_tools {
            return Err(StockError::NeedsBuild { path: path.clone() });
        }
        paths.insert(path.clone());
    }
    Ok(paths)
}

impl Recipes {
    /// What `changes` touch.
    pub fn touched(&self, changes: &[FileChange]) -> Result<StockTouched, StockError> {
        let paths = code(changes)?;
        if paths.is_empty() {
            return Ok(StockTouched::default());
        }
        let mut files = self.files.clone();
        files.extend(paths.iter().filter(|path| !self.files.contains(path)).cloned());
        let includes = Includes::read(&self.mirror, &files, (&self.root, &self.made.files))
            .map_err(|source| StockError::Sources { path: self.mirror.clone(), source })?;
        // Who includes a header by a name that a macro makes cannot be told.
        let is_unknown = |path: &&Utf8PathBuf| {
            path.extension() == Some("h") && self.files.contains(path) && !includes.names(path)
        };
        let unknown = paths.iter().find(is_unknown);
        if let Some(path) = unknown {
            return Err(StockError::NeedsBuild { path: path.clone() });
        }
        let reached = includes.closure(&paths);
        let input = self.made.input(&self.mirror, &self.files, &paths);
        let input =
            input.map_err(|source| StockError::Sources { path: self.mirror.clone(), source })?;
        if let Some(path) = input {
            return Err(StockError::NeedsBuild { path: path.to_owned() });
        }
        let is_touched = |unit: &Compilation| {
            reached.contains(&unit.source)
                || self.included_by_command(unit).any(|path| reached.contains(path))
        };
        let touched = self.units.iter().filter(|(_, unit)| is_touched(unit));
        let (objects, not_running): (Vec<_>, Vec<_>) = touched.partition(|(_, unit)| unit.runs());
        let sources: BTreeSet<&Utf8Path> =
            self.units.values().map(|unit| unit.source.as_path()).collect();
        let not_compiled = paths.iter().filter(|path| {
            path.extension() == Some("c")
                && !sources.contains(path.as_path())
                && !includes.names(path)
                && !is_program(path)
                && !self.states_offsets(path)
        });
        let programs = paths.iter().filter(|path| is_program(path));
        let (along, starting): (Vec<&Utf8PathBuf>, Vec<&Utf8PathBuf>) =
            programs.partition(|path| is_brought_along(path));
        let is_seen = |path: &Utf8PathBuf| {
            let reached = includes.closure(&BTreeSet::from([path.clone()]));
            self.units.values().any(|unit| unit.runs() && reached.contains(&unit.source))
        };
        Ok(StockTouched {
            objects: objects.into_iter().map(|(object, _)| object.clone()).collect(),
            not_running: not_running.into_iter().map(|(object, _)| object.clone()).collect(),
            offsets: self.offsets(&reached),
            unseen: along.into_iter().filter(|path| !is_seen(path)).cloned().collect(),
            starting: starting.into_iter().cloned().collect(),
            not_compiled: not_compiled.cloned().collect(),
            generated: self.generated(&reached, &includes),
        })
    }

    /// Objects whose sources only a whole build makes, if one of these can include what is `reached`: as a program writes
    /// it, or as the file says that it is made from, beside it.
    fn generated(
        &self,
        reached: &BTreeSet<Utf8PathBuf>,
        includes: &Includes<'_>,
    ) -> Vec<Utf8PathBuf> {
        let files: HashSet<&Utf8Path> =
            self.files.iter().chain(&self.made.files).map(Utf8PathBuf::as_path).collect();
        let generated =
            self.units.iter().filter(|(_, unit)| !files.contains(unit.source.as_path()));
        let generated: Vec<Utf8PathBuf> = generated.map(|(object, _)| object.clone()).collect();
        let directories: BTreeSet<Option<&Utf8Path>> =
            generated.iter().map(|object| object.parent()).collect();
        let is_made_from = |path: &Utf8PathBuf| {
            !matches!(path.extension(), Some("c" | "S" | "h"))
                && directories.contains(&path.parent())
        };
        let is_reached =
            includes.writes_one_of(reached, &directories) || reached.iter().any(is_made_from);
        if is_reached { generated } else { Vec::new() }
    }

    /// How many objects there are.
    #[must_use]
    pub fn objects(&self) -> usize {
        self.units.len()
    }

    /// `number` objects of those that are linked into what `of` says, chosen by `seed`.
    pub fn sample(
        &self,
        number: usize,
        seed: u64,
        of: impl Fn(&LinkedInto) -> bool,
    ) -> BTreeSet<Utf8PathBuf> {
        let fits = |unit: &Compilation| {
            !is_program(&unit.source)
                && unit.linked.iter().all(&of)
                && unit.source.extension() == Some("c")
        };
        let units = self.units.iter().filter(|(_, unit)| fits(unit));
        let mut ranked: Vec<(blake3::Hash, &Utf8PathBuf)> = units
            .map(|(object, _)| (blake3::hash(format!("{seed} {object}").as_bytes()), object))
            .collect();
        ranked.sort_by_key(|(hash, _)| *hash.as_bytes());
        ranked.into_iter().take(number).map(|(_, object)| object.clone()).collect()
    }

    /// What an object is linked into.
    #[must_use]
    pub fn linked(&self, object: &Utf8Path) -> &[LinkedInto] {
        self.units.get(object).map(|unit| unit.linked.as_slice()).unwrap_or_default()
    }

    /// Headers that the command of `unit` includes.
    fn included_by_command<'u>(
        &'u self,
        unit: &'u Compilation,
    ) -> impl Iterator<Item = &'u Utf8Path> {
        let options = unit.command.split(" -include ").skip(1);
        let paths = options.filter_map(|rest| rest.split_whitespace().next().map(Utf8Path::new));
        paths.map(|path| path.strip_prefix(&self.mirror).unwrap_or(path))
    }

    /// The files of offsets that are made from one of `sources`.
    fn offsets(&self, sources: &BTreeSet<Utf8PathBuf>) -> BTreeSet<Utf8PathBuf> {
        let made = sources.iter().filter(|path| self.states_offsets(path));
        made.map(|path| path.with_extension("s")).collect()
    }

    /// Whether assembly that states offsets is made from that source.
    fn states_offsets(&self, source: &Utf8Path) -> bool {
        source.extension() == Some("c") && self.root.join(source.with_extension("s")).is_file()
    }
}

/// Of `objects`, those for which the compiler has read one of `changed`, as it wrote down in `read`.
pub(super) fn readers(
    read: &BTreeMap<Utf8PathBuf, BTreeSet<Utf8PathBuf>>,
    changed: &BTreeSet<Utf8PathBuf>,
) -> BTreeSet<Utf8PathBuf> {
    let readers = read.iter().filter(|(_, files)| !files.is_disjoint(changed));
    readers.map(|(object, _)| object.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stock::Compilations;
    use crate::stock::generators::GeneratedSources;

    fn touched(path: &str) -> Result<Vec<String>, StockError> {
        let found = found(path)?;
        let generated = found.generated.into_iter().map(|path| format!("{path} (generated)"));
        let other = found.not_running.into_iter().map(|path| format!("{path} (not running)"));
        let objects = found.objects.into_iter().map(Utf8PathBuf::into_string);
        Ok(objects.chain(generated).chain(other).collect())
    }

    fn found(path: &str) -> Result<StockTouched, StockError> {
        let directory = tempfile::tempdir().unwrap();
        let root = Utf8Path::from_path(directory.path()).unwrap();
        let write = |name: &str, text: &str| {
            fs_err::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs_err::write(root.join(name), text).unwrap();
        };
        write("fs/a.c", "#include \"a.h\"\n#include MACRO\n");
        write("fs/a.h", "");
        write("fs/real.c", "#include \"a.h\"\n");
        write("fs/by_macro.h", "");
        write("fs/b.c", "#include \"b.h\"\n");
        write("fs/b.h", "#include <written.h>\n");
        write("fs/written.h", "");
        write("scripts/make.c", "puts(\"#include <written.h>\");\n");
        write("samples/s.c", "");
        write("fs/c.c", "#include \"table.h\"\n#include <fs/ruled.h>\n#include <fs/run.h>\n");
        write("fs/table.h", "#include \"below.h\"\n");
        write("fs/below.h", "");
        write("fs/forced.h", "");
        write("fs/other.c", "#include \"forced.h\"\n");
        write("fs/ruled.h", "");
        write("fs/gen.c", "#include \"../fs/table.h\"\nopen(\"fs/run.h\");\n");
        write("fs/run.h", "");
        write("arch/x86/entry/vdso/vdso-layout.lds.S", "");
        write("arch/x86/entry/vdso/vdso.lds.S", "#include \"vdso-layout.lds.S\"\n");
        write("arch/x86/entry/vdso/vclock_gettime.c", "");
        write("arch/x86/boot/main.c", "");
        write("arch/x86/kernel/asm-offsets.c", "");
        write("build/arch/x86/kernel/asm-offsets.s", "");
        write("fs/Makefile", "hostprogs := gen\n$(obj)/made.c: $(srctree)/fs/ruled.h\n");
        let unit = |source: &str| Compilation {
            source: source.into(),
            linked: vec![LinkedInto::Vmlinux],
            command: match source {
                "fs/real.c" => "gcc -m16 -c -o fs/real.o fs/real.c".to_owned(),
                "samples/s.c" => format!("gcc -include {root}/fs/forced.h -c -o s.o s.c"),
                _ => String::new(),
            },
        };
        let sources = [
            "arch/x86/entry/vdso/vclock_gettime.c",
            "fs/a.c",
            "fs/b.c",
            "fs/made.c",
            "fs/real.c",
            "fs/table.c",
            "samples/s.c",
        ];
        let units: Compilations =
            sources.map(|source| (Utf8Path::new(source).with_extension("o"), unit(source))).into();
        let files = [
            "arch/x86/boot/main.c",
            "arch/x86/entry/vdso/vclock_gettime.c",
            "arch/x86/entry/vdso/vdso-layout.lds.S",
            "arch/x86/entry/vdso/vdso.lds.S",
            "arch/x86/kernel/asm-offsets.c",
            "fs/a.c",
            "fs/a.h",
            "fs/b.c",
            "fs/b.h",
            "fs/below.h",
            "fs/by_macro.h",
            "fs/c.c",
            "fs/forced.h",
            "fs/gen.c",
            "fs/other.c",
            "fs/Makefile",
            "fs/ops.h",
            "fs/real.c",
            "fs/ruled.h",
            "fs/run.h",
            "fs/table.h",
            "fs/written.h",
            "samples/s.c",
            "scripts/make.c",
        ];
        let files = files.map(Into::into).into();
        write("build/fs/table.c", "#include <fs/ops.h>\n");
        write("fs/ops.h", "");
        // The build wrote down what its program was made of, however far down.
        let made = "made\tfs/table.c\ninput\tfs/gen.c\ninput\tfs/table.h\ninput\tfs/below.h\n";
        let made = GeneratedSources::read(made).unwrap();
        let (output, mirror) = (root.join("build"), root.to_owned());
        let recipes = Recipes { root: output, mirror, files, units, made };
        let bytes = Some(Vec::new());
        let change = FileChange { path: path.into(), old: bytes.clone(), new: bytes, mode: None };
        recipes.touched(&[change])
    }

    /// What is in the kernel, but in no object that is compared.
    #[test]
    fn programs_that_come_with_the_kernel() {
        let layout = "arch/x86/entry/vdso/vdso-layout.lds.S";
        let time = "arch/x86/entry/vdso/vclock_gettime.c";
        let boot = "arch/x86/boot/main.c";
        let offsets = "arch/x86/kernel/asm-offsets.c";
        let of = |path: &str| {
            let found = found(path).unwrap();
            (found.unseen, found.starting, found.not_compiled, found.objects.len())
        };
        let only = |path: &str| vec![Utf8PathBuf::from(path)];
        assert_eq!(of(layout), (only(layout), vec![], vec![], 0));
        // Its object is compared.
        assert_eq!(of(time), (vec![], vec![], vec![], 1));
        assert_eq!(of(boot), (vec![], only(boot), vec![], 0));
        assert_eq!(of(offsets), (vec![], vec![], vec![], 0));
        assert_eq!(of("fs/other.c"), (vec![], vec![], only("fs/other.c"), 0));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        assert_eq!(touched("fs/a.h").unwrap(), ["fs/a.o", "fs/real.o (not running)"]);
        assert_eq!(touched("samples/s.c").unwrap(), ["samples/s.o"]);
        assert!(touched("Documentation/a.rst").unwrap().is_empty());
        // What a build writes can include it.
        assert_eq!(touched("fs/b.h").unwrap(), ["fs/b.o"]);
        assert_eq!(touched("fs/written.h").unwrap(), ["fs/b.o", "fs/made.o (generated)"]);
        // The command of one object includes it.
        assert_eq!(touched("fs/forced.h").unwrap(), ["samples/s.o"]);
        // A source that was made includes it.
        assert_eq!(touched("fs/ops.h").unwrap(), ["fs/table.o"]);
        // A build makes sources of these.
        for path in ["fs/ruled.h", "fs/table.h", "fs/below.h", "fs/run.h", "fs/gen.c"] {
            assert!(matches!(touched(path), Err(StockError::NeedsBuild { .. })), "{path}");
        }
        for path in ["fs/by_macro.h", "fs/Makefile", "fs/Kconfig", "lib/table.txt", "scripts/a.c"] {
            assert!(matches!(touched(path), Err(StockError::NeedsBuild { .. })), "{path}");
        }
    }
}
