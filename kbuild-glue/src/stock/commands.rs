//! How each object is made, as make tells without making it (`make -n V=1`).
//!
//! Kbuild prints every command before it runs it, in a line `set -e;  echo '  COMMAND';  …`
//! (`scripts/Kbuild.include`, `cmd`), with quotes in it written as `'\''`. Since Linux 6.5 a short form for people
//! comes before it, `echo '# CC      FILE';`.

use std::collections::BTreeMap;
use std::io::{self, BufRead};

use camino::{Utf8Path, Utf8PathBuf};

use super::recipe::Recipe;
use super::{Compilation, Compilations};
use crate::lexical::resolved;
use crate::objects::LinkedInto;

/// The objects in what make printed, and how the sources are made that are not in the tree. `sources` is the top of the
/// sources, as make names it; `modules` are paths of modules by the kernel's names of them.
pub(super) fn parse(
    mut output: impl BufRead,
    sources: &Utf8Path,
    modules: &BTreeMap<String, String>,
) -> io::Result<(Compilations, Vec<Recipe>)> {
    let (mut units, mut recipes) = (Compilations::new(), Vec::new());
    let mut line = Vec::new();
    loop {
        line.clear();
        if output.read_until(b'\n', &mut line)? == 0 {
            return Ok((units, recipes));
        }
        let Ok(text) = std::str::from_utf8(&line) else { continue };
        let command = echoed(text);
        if let Some((object, unit)) = command.as_ref().and_then(|it| unit(it, sources, modules)) {
            units.entry(object).or_insert(unit);
        } else {
            recipes.extend(Recipe::of_line(text, command.as_deref().unwrap_or_default()));
        }
    }
}

/// The command that a line prints.
fn echoed(line: &str) -> Option<String> {
    let mut rest = line.strip_prefix("set -e;")?;
    loop {
        let (text, behind) = unquoted(rest.trim_start().strip_prefix("echo '")?)?;
        if !text.starts_with("# ") {
            return Some(text.trim().to_owned());
        }
        rest = behind.strip_prefix(';')?;
    }
}

/// What stands up to the closing quote, and what follows that.
fn unquoted(mut rest: &str) -> Option<(String, &str)> {
    let mut text = String::new();
    loop {
        let (part, behind) = rest.split_once('\'')?;
        text.push_str(part);
        let Some(next) = behind.strip_prefix("\\''") else { return Some((text, behind)) };
        text.push('\'');
        rest = next;
    }
}

fn unit(
    command: &str,
    sources: &Utf8Path,
    modules: &BTreeMap<String, String>,
) -> Option<(Utf8PathBuf, Compilation)> {
    let compile = command.split(" ; ").next()?;
    let (flags, rest) = compile.rsplit_once(" -c -o ")?;
    let (object, source) = rest.trim().split_once(' ')?;
    let source = Utf8Path::new(source.trim());
    if !matches!(source.extension(), Some("c" | "S"))
        || object.contains('/') && object.starts_with('/')
    {
        return None;
    }
    // What is generated lies in the output directory, and is named from there.
    let source = resolved(source.strip_prefix(sources).unwrap_or(source));
    let unit = Compilation { source, linked: linked(flags, modules)?, command: command.to_owned() };
    Some((object.into(), unit))
}

/// What the object is linked into: Kbuild defines the names of its modules (`scripts/Makefile.lib`).
fn linked(flags: &str, modules: &BTreeMap<String, String>) -> Option<Vec<LinkedInto>> {
    const MODULES: &str = "-DKBUILD_MODNAME='\"";
    if !flags.contains(" -DMODULE ") {
        return flags.contains(" -D__KERNEL__ ").then(|| vec![LinkedInto::Vmlinux]);
    }
    let (_, names) = flags.split_once(MODULES)?;
    let (names, _) = names.split_once("\"'")?;
    let paths = names.split(':').map(|name| modules.get(name).cloned().map(LinkedInto::Module));
    paths.collect()
}

/// One line an object: its path, its source, what it is linked into, and the command.
pub(super) fn write(units: &Compilations) -> String {
    let line = |(object, Compilation { source, linked, command }): (&Utf8PathBuf, &Compilation)| {
        let linked = linked.iter().map(|linked| match linked {
            LinkedInto::Vmlinux => "",
            LinkedInto::Module(name) => name,
        });
        let linked: Vec<&str> = linked.collect();
        format!("{object}\t{source}\t{}\t{command}\n", linked.join(":"))
    };
    units.iter().map(line).collect()
}

/// What [`write`] has written; none if it is something else.
pub(super) fn read(text: &str) -> Option<Compilations> {
    let unit = |line: &str| {
        let mut fields = line.splitn(4, '\t');
        let mut next = || fields.next();
        let (object, source, linked, command) = (next()?, next()?, next()?, next()?);
        let linked = linked.split(':').map(|name| match name {
            "" => LinkedInto::Vmlinux,
            name => LinkedInto::Module(name.to_owned()),
        });
        let unit = Compilation {
            source: resolved(source.as_ref()),
            linked: linked.collect(),
            command: command.to_owned(),
        };
        Some((object.into(), unit))
    };
    text.lines().map(unit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "make[1]: Entering directory '/o'\n\
        set -e;  echo '   gcc-12 -Wp,-MMD,fs/.a.o.d -I/s/include -D__KERNEL__ -O2    -DKBUILD_MODFILE='\\''\"fs/a\"'\\'' -c -o fs/a.o /s/fs/a.c   ; ./tools/objtool/objtool --orc fs/a.o';    trap 'rm -f fs/a.o' HUP; gcc-12\n\
        set -e;     trap 'rm -f fs/a.o' HUP;\n\
        set -e;  echo '   gcc-12 -D__KERNEL__ -O2 -DMODULE  -DKBUILD_MODNAME='\\''\"ext4\"'\\'' -c -o fs/ext4/b.o /s/fs/ext4/b.c  ';\n\
        set -e;  echo '  /s/scripts/check-local-export fs/a.o'; x\n\
        set -e;  echo '   gcc-12 -D__KERNEL__ -O2 -c -o fs/kvm/../../virt/v.o /s/fs/kvm/../../virt/v.c  ';\n\
        set -e;  echo '   gcc -O2  -c -o scripts/host.o /s/scripts/host.c  ';\n";

    #[test]
    fn a_short_form_may_come_first() {
        let line =
            "set -e; echo '# CC [M]  fs/it'\\''s.o'; echo '   gcc -c -o a.o a.c  ';   trap 'rm'";
        assert_eq!(echoed(line).unwrap(), "gcc -c -o a.o a.c");
    }

    #[test]
    fn objects_are_read_with_their_owners() {
        let modules = BTreeMap::from([("ext4".to_owned(), "fs/ext4/ext4".to_owned())]);
        let (units, _) = parse(OUTPUT.as_bytes(), Utf8Path::new("/s"), &modules).unwrap();
        assert_eq!(units.len(), 3);
        // Kbuild names the object so, and the source is one of the tree.
        let v = &units[Utf8Path::new("fs/kvm/../../virt/v.o")];
        assert_eq!(v.source, "virt/v.c");
        let a = &units[Utf8Path::new("fs/a.o")];
        assert_eq!(a.source, "fs/a.c");
        assert_eq!(a.linked, [LinkedInto::Vmlinux]);
        assert!(a.command.contains("-DKBUILD_MODFILE='\"fs/a\"' -c -o fs/a.o"));
        assert!(a.command.ends_with("objtool --orc fs/a.o"));
        let b = &units[Utf8Path::new("fs/ext4/b.o")];
        assert_eq!(b.linked, [LinkedInto::Module("fs/ext4/ext4".to_owned())]);
        assert_eq!(read(&write(&units)), Some(units));
        assert_eq!(read("rubbish\n"), None);
    }
}
