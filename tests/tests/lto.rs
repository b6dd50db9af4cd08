//! Rules on objects hold for their functions in a `vmlinux.o` that Clang's LTO made of bitcode, thin or full.

use std::io::Cursor;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use camino::{Utf8Path, Utf8PathBuf};
use klp_core::origin::Definitions;
use klp_core::record::{ChangedFunction, Record};
use klp_tests::kernel::temporary;
use klp_tests::klp::{klp, plain, run};
use klp_tests::report::Report;
use klp_tests::tools::{finish, skipped};

const TOOLS: &[&str] = &["clang-19", "ld.lld-19", "llvm-ar-19", "llvm-nm-19"];

/// The objects, and the name that only the one has.
const OBJECTS: [(&str, &str); 2] = [("fs/core.o", "fs_user"), ("net/core.o", "net_user")];

/// Each object has a static function `helper`, and one whose name no other has.
fn source(user: &str, number: u32) -> String {
    format!(
        "static int state;\n\
         static __attribute__((noinline)) int helper(int x) {{ state += x; return x * {number}; }}\n\
         static __attribute__((noinline)) int {user}_only(int x) {{ return state ^ x; }}\n\
         int {user}(int x);\n\
         int {user}(int x) {{ return helper(x) + helper(x + 1) + {user}_only(x); }}\n"
    )
}

/// What Kbuild leaves behind of such a kernel: objects, their archive, `vmlinux.o` and the commands.
fn build(root: &Utf8Path, lto: &str, number: u32) -> Result<()> {
    let mut objects = Vec::new();
    for (object, user) in OBJECTS {
        let path = root.join(object);
        fs_err::create_dir_all(path.with_file_name(""))?;
        fs_err::write(path.with_extension("c"), source(user, number))?;
        let flags = format!("{lto} -O2 -ffreestanding -fno-PIE -mcmodel=kernel");
        let command = format!("clang-19 {flags} -c -o {object} {}", object.replace(".o", ".c"));
        make(root, object, &command)?;
        objects.push(object);
    }
    make(root, "vmlinux.a", &format!("llvm-ar-19 cDPrST vmlinux.a {}", objects.join(" ")))?;
    let link =
        "ld.lld-19 -m elf_x86_64 -r -o vmlinux.o --whole-archive vmlinux.a --no-whole-archive";
    make(root, "vmlinux.o", link)?;
    fs_err::write(root.join(".config"), "CONFIG_X86_64=y\nCONFIG_LTO_CLANG=y\n")?;
    Ok(())
}

/// Runs a command and saves it, as Kbuild does.
fn make(root: &Utf8Path, target: &str, command: &str) -> Result<()> {
    finish(Command::new("sh").args(["-c", command]).current_dir(root))?;
    let path = root.join(target);
    let name = format!(".{}.cmd", path.file_name().unwrap_or_default());
    fs_err::write(path.with_file_name(name), format!("savedcmd_{target} := {command}\n"))?;
    Ok(())
}

fn diff(rules: &str, paths: [Utf8PathBuf; 2], status: i32) -> Result<Report> {
    let (_guard, directory) = temporary()?;
    let file = directory.join("rules.toml");
    fs_err::write(&file, rules)?;
    let mut command = klp(["diff", "--message-format", "json", "--allowlist", file.as_str()])?;
    Report::lines(&run(command.args(paths))?.expect(status)?.stdout)
}

fn places(functions: &[ChangedFunction]) -> Vec<(&str, &str)> {
    let mut places: Vec<(&str, &str)> = functions
        .iter()
        .map(|f| (f.object.as_str(), f.name.split('.').next().unwrap_or_default()))
        .collect();
    places.sort_unstable();
    places
}

/// With the options of Kbuild's `CONFIG_LTO_CLANG_THIN`.
#[test]
fn rules_hold_with_thin_lto() -> Result<()> {
    rules_hold("-flto=thin -fsplit-lto-unit", |_| Ok(()))
}

/// Of another LLVM than those whose tables of symbols are known: its own nm is asked.
#[test]
fn rules_hold_where_only_llvm_knows_the_symbols() -> Result<()> {
    rules_hold("-flto=thin -fsplit-lto-unit", |root| {
        for object in OBJECTS.map(|(object, _)| object) {
            let mut bytes = fs_err::read(root.join(object))?;
            ensure!(Definitions::of_bitcode(object, Cursor::new(&bytes)).is_some());
            let at = version_of_symbols(&bytes).context("no table of symbols")?;
            bytes[at] = 99;
            ensure!(Definitions::of_bitcode(object, Cursor::new(&bytes)).is_none());
            fs_err::write(root.join(object), bytes)?;
        }
        Ok(())
    })
}

/// Where the version of the table is: it says 3, and that the one module comes behind the 76 bytes of the header.
fn version_of_symbols(bytes: &[u8]) -> Option<usize> {
    let word = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let is_it =
        |at: usize| (word(at), word(at + 12), word(at + 16)) == (Some(3), Some(76), Some(1));
    (0..bytes.len()).step_by(4).find(|at| is_it(*at))
}

/// With those of `CONFIG_LTO_CLANG_FULL`.
#[test]
fn rules_hold_with_full_lto() -> Result<()> {
    rules_hold("-flto", |_| Ok(()))
}

/// `change` is done to the objects of a finished build.
fn rules_hold(lto: &str, change: impl Fn(&Utf8Path) -> Result<()>) -> Result<()> {
    if let Some(tool) = TOOLS.iter().find(|tool| plain(tool).arg("--version").output().is_err()) {
        skipped(&format!("rules on a vmlinux.o of {lto}"), &format!("{tool} is not installed"));
        return Ok(());
    }
    let (_guard, directory) = temporary()?;
    let (before, after) = (directory.join("before"), directory.join("after"));
    build(&before, lto, 3)?;
    build(&after, lto, 5)?;
    change(&before)?;
    change(&after)?;
    let image = || [before.join("vmlinux.o"), after.join("vmlinux.o")];
    let both = [("fs/core.o", "helper"), ("net/core.o", "helper")];
    let all = diff("", image(), 0)?;
    assert_eq!(places(&all.functions), both);

    for paths in [image(), [before.clone(), after.clone()]] {
        let ignore = "[[rule]]\nobject = 'fs/*.o'\nignore = ['helper']\nreason = 'known'\n";
        let report = diff(ignore, paths.clone(), 0)?;
        assert_eq!(places(&report.functions), both[1..]);
        let ignored = report.ignored.iter().map(|record| match record {
            Record::Function(function) => (function.object.as_str(), function.ignored.as_deref()),
            other => panic!("{other:?}"),
        });
        assert_eq!(ignored.collect::<Vec<_>>(), [("fs/core.o", Some("known"))]);

        let skip = "[[rule]]\nobject = 'net/core.o'\nskip = true\nreason = 'asm'\n";
        let report = diff(skip, paths.clone(), 0)?;
        assert_eq!(places(&report.functions), both[..1]);
        let file = directory.join("skip.toml");
        fs_err::write(&file, skip)?;
        let mut checksum = klp(["checksum", image()[0].as_str(), "--allowlist", file.as_str()])?;
        let outcome = run(&mut checksum)?.expect(0)?;
        assert_eq!(outcome.stdout.matches("  fs_user\n").count(), 1, "{}", outcome.stdout);
        assert!(!outcome.stdout.contains("net_"), "{}", outcome.stdout);
        assert_eq!(outcome.stdout.matches("helper").count(), 1, "{}", outcome.stdout);
        assert!(outcome.stderr.contains("Skipping 1 object"), "{}", outcome.stderr);

        let allow = "[[rule]]\nobject = 'fs/core.o'\nallow = ['helper']\nreason = 'the fix'\n";
        let report = diff(allow, paths, 5)?;
        let allowed = report.functions.iter().filter(|f| f.allowed == Some(true)).cloned();
        assert_eq!(places(&allowed.collect::<Vec<_>>()), both[..1]);
    }
    Ok(())
}
