//! Objects that are packed, as installed modules are, and directories of these.

use anyhow::{Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, run};
use klp_tests::report::Report;
use klp_tests::tools::{CFLAGS, have, tool};

const BEFORE: &str = "int twice(int n) { return 2 * n; }\nint once(int n) { return n; }\n";

/// How packages pack modules.
const PROGRAMS: &[(&str, &str)] = &[("xz", "xz"), ("zst", "zstd"), ("gz", "gzip")];

fn compile(object: &Utf8Path, text: &str) -> Result<()> {
    let source = object.with_extension("c");
    fs_err::create_dir_all(object.parent().expect("a directory"))?;
    fs_err::write(&source, text)?;
    tool("gcc", CFLAGS.iter().chain(&["-c", "-o", object.as_str(), source.as_str()]))?;
    fs_err::remove_file(source)?;
    Ok(())
}

/// Packs `object` in its place; none where the program is not installed.
fn pack(object: &Utf8Path, suffix: &str, program: &str) -> Result<Option<Utf8PathBuf>> {
    let packed = Utf8PathBuf::from(format!("{object}.{suffix}"));
    let command = format!("{program} -c {object} > {packed} && rm {object}");
    if !have("packed", &[program]) {
        return Ok(None);
    }
    tool("sh", ["-c", &command])?;
    Ok(Some(packed))
}

#[test]
fn packed_objects_are_compared_as_they_are() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before.ko"), directory.join("after.ko"));
    compile(&before, BEFORE)?;
    for (suffix, program) in PROGRAMS {
        compile(&after, &BEFORE.replace("2 * n", "3 * n"))?;
        let Some(after) = pack(&after, suffix, program)? else { continue };
        let json = ["--message-format", "json", before.as_str(), after.as_str()];
        let report = Report::lines(&run(klp(["diff"])?.args(json))?.expect(0)?.stdout)?;
        let names: Vec<&str> =
            report.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["twice"], "{suffix}");
        let sums = run(&mut klp(["checksum", after.as_str()])?)?.expect(0)?.stdout;
        assert!(sums.contains("twice") && sums.contains("once"), "{suffix}: {sums}");
        let explain = ["explain", "--original", before.as_str(), "--patched", after.as_str()];
        let text = run(&mut klp(explain)?)?.expect(0)?.stdout;
        assert!(text.contains("twice"), "{suffix}: {text}");
    }
    Ok(())
}

/// A little file that would fill the memory.
#[test]
fn what_unpacks_without_end_is_refused() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let bomb = directory.join("bomb.ko");
    for (suffix, program) in PROGRAMS {
        fs_err::File::create(&bomb)?.set_len(300 << 20)?;
        let Some(bomb) = pack(&bomb, suffix, program)? else { continue };
        let outcome = run(&mut klp(["checksum", bomb.as_str()])?)?.expect(1)?;
        let text = &outcome.stderr;
        ensure!(text.contains("unpacks to more than"), "{suffix}: {text}");
    }
    // What is cut off says so as well.
    let cut = directory.join("cut.ko.gz");
    fs_err::write(&cut, [0x1f, 0x8b, 8, 0, 0])?;
    run(&mut klp(["checksum", cut.as_str()])?)?.expect(1)?;
    Ok(())
}

/// Two releases: one packs its modules, the other does not.
#[test]
fn installed_modules_are_compared_by_their_paths() -> Result<()> {
    let (_guard, directory) = temporary()?;
    let (old, new) = (directory.join("6.1.0-1"), directory.join("6.1.0-2"));
    let after = BEFORE.replace("2 * n", "3 * n");
    let files: &[(&Utf8Path, &str, &str)] = &[
        (&old, "kernel/fs/a/a.ko", BEFORE),
        (&old, "kernel/fs/b/b.ko", BEFORE),
        (&old, "kernel/fs/gone.ko", "int gone(void) { return 1; }\n"),
        (&new, "kernel/fs/a/a.ko", BEFORE),
        (&new, "kernel/fs/b/b.ko", &after),
        (&new, "kernel/fs/fresh.ko", "int fresh(void) { return 1; }\n"),
    ];
    for (release, path, text) in files {
        let object = release.join(path);
        compile(&object, text)?;
        let name = format!("{path}\n");
        let order = release.join("modules.order");
        let listed = fs_err::read_to_string(&order).unwrap_or_default();
        fs_err::write(&order, listed + &name)?;
        if *release == new {
            pack(&object, "gz", "gzip")?;
        }
    }
    let outcome = run(&mut klp(["diff", old.as_str(), new.as_str()])?)?.expect(0)?;
    let text = &outcome.stdout;
    ensure!(!text.contains("6.1.0-"), "{text}");
    let said = |line: &[&str]| text.lines().any(|it| line.iter().all(|word| it.contains(word)));
    ensure!(said(&["changed", "twice", "fs/b/b.ko"]), "{text}");
    ensure!(!text.contains("fs/a/a.ko"), "{text}");
    ensure!(said(&["note", "fs/gone.ko", "only the original release has this module"]), "{text}");
    ensure!(said(&["note", "fs/fresh.ko", "only the patched release has this module"]), "{text}");
    Ok(())
}
