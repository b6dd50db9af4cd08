//! What LLVM's thin link-time optimization promotes and merges.

use std::process::Command;

use anyhow::{Result, ensure};
use klp_tests::kernel::temporary;
use klp_tests::said::Said;
use klp_tests::tools::have;
use klp_tests::tools::{CFLAGS, finish};

/// Objects of LLVM's thin link-time optimization, linked to one: each file as it is, and patched.
fn thin_lto(sources: &[(&str, &str, &str)]) -> Result<Option<Said>> {
    if !have("thin_lto", &["clang-19", "ld.lld-19"]) {
        return Ok(None);
    }
    let (_guard, directory) = temporary()?;
    let mut images = Vec::new();
    for patched in [false, true] {
        let root = directory.join(if patched { "patched" } else { "original" });
        fs_err::create_dir_all(&root)?;
        let mut objects = Vec::new();
        for (file, original, other) in sources {
            fs_err::write(root.join(file), if patched { other } else { original })?;
            let object = file.replace(".c", ".o");
            let mut command = Command::new("clang-19");
            command.args(["-flto=thin", "-fsplit-lto-unit"]).args(CFLAGS).current_dir(&root);
            finish(command.args(["-w", "-c", file, "-o", &object]))?;
            objects.push(object);
        }
        let mut command = Command::new("ld.lld-19");
        command.args(["-m", "elf_x86_64", "-r", "-o", "vmlinux.o"]).current_dir(&root);
        finish(command.args(objects))?;
        images.push(root.join("vmlinux.o"));
    }
    let [original, patched] = images.as_slice() else { return Ok(None) };
    Said::of(original, patched).map(Some)
}

/// A message of a function that the link inlines elsewhere: its text becomes a symbol with a hash.
#[test]
fn promoted_strings() -> Result<()> {
    let a = |message: &str| {
        format!(
            "extern int printk(const char *, ...); extern int slow(int);\n\
             static int hits; static const int weights[8] = {{ 3, 1, 4, 1, 5, 9, 2, 6 }};\n\
             int lookup(int k) {{ hits++; if (k > 7) {{ printk(\"{message}\", k); return slow(k); }} return weights[k] + hits; }}\n\
             int a_only(int k) {{ printk(\"a %d\\n\", k); return slow(k + 1) * slow(k + 2); }}\n"
        )
    };
    let b = "extern int lookup(int); extern int printk(const char *, ...);\n\
             static __attribute__((noinline)) int helper(int k) { return printk(\"b helper %d\\n\", k); }\n\
             int entry(int k) { return lookup(k) + helper(k); }\n\
             int entry2(int k) { return lookup(k * 2) + helper(k + 2); }\n";
    let (before, after) = (a("lookup %d\\n"), a("lookup: %d\\n"));
    let Some(said) = thin_lto(&[("a.c", &before, &after), ("b.c", b, b)])? else { return Ok(()) };
    let items = said.items();
    ensure!(items.contains("function changed lookup"), "{said:#?}");
    let users = ["lookup", "entry", "entry2"].map(|name| format!("function changed {name}"));
    ensure!(items.iter().all(|item| users.contains(item)), "{said:#?}");
    Ok(())
}

/// Two files have a variable of one name, which the link makes global, and the values are exchanged.
#[test]
fn promoted_variables() -> Result<()> {
    let a =
        |value: u32| format!("static int st = {value}; int sa(int x) {{ st += x; return st; }}\n");
    let b = |value: u32| {
        format!("static int st = {value}; int sb(int x) {{ st -= x; return st * 2; }}\n")
    };
    let c = "int sa(int); int sb(int); int sc(int x) { return sa(x) + sb(x); }\n";
    let sources = [("a.c", a(1), a(2)), ("b.c", b(2), b(1)), ("c.c", c.to_owned(), c.to_owned())];
    let sources = sources.each_ref().map(|(file, one, two)| (*file, one.as_str(), two.as_str()));
    let Some(said) = thin_lto(&sources)? else { return Ok(()) };
    // The hashes are other ones now, and both values are there: but those who use them are the same.
    let names = said.records.iter().filter_map(|record| record["name"].as_str());
    let bases: Vec<&str> = names.filter_map(|name| name.split('.').next()).collect();
    ensure!(bases == ["st", "st"], "{said:#?}");
    Ok(())
}

/// A function becomes too large to be inlined elsewhere. So the link no longer makes the variable global that it uses,
/// of which another file has one of that name, too.
#[test]
fn promoted_no_more() -> Result<()> {
    let a = "static int st = 1; int sa(int x) { st += x; return st; }\n";
    let b = |body: &str| {
        format!(
            "static int st = 1; int sb(int x) {{ {body} return 3; }}\n\
             int sb2(void) {{ for (int i = 0; i < st; i++) st ^= i * 3 + st / 9; return st++; }}\n"
        )
    };
    let large = "for (int i = 0; i < x; i++) { st ^= i * 3 + st / 7; slow(st); slow(i); slow(st + i); slow(st - i); }";
    let (small, large) = (b("st += x;"), format!("extern void slow(int);\n{}", b(large)));
    let c = "int sa(int); int sb(int); int sc(int x) { return sa(x) + sb(x); }\n";
    for (before, after) in [(&small, &large), (&large, &small)] {
        let sources = [("a.c", a, a), ("b.c", before.as_str(), after.as_str()), ("c.c", c, c)];
        let Some(said) = thin_lto(&sources)? else { return Ok(()) };
        said.exactly(&["function changed sb", "function changed sc"])?;
    }
    Ok(())
}

/// Of two files' functions and variables of one name, the link makes those of one file global, and then those of the
/// other one.
#[test]
fn promoted_the_other() -> Result<()> {
    let own = |who: &str, number: u32| {
        format!(
            "extern int slow(int); static int st = 1;\n\
             static __attribute__((noinline)) int help(int x) {{ st += x; return slow(x) + {number}; }}\n\
             int {who}(int x) {{ return help(x) * 2; }}\n\
             int {who}_more(int x) {{ int r = 0; for (int i = 0; i < x; i++) r += help(i) / (i + 1); return r - st; }}\n"
        )
    };
    let (a, b) = (own("sa", 1), own("sb", 2));
    let c = |who: &str| format!("int {who}(int); int sc(int x) {{ return {who}(x + 1); }}\n");
    let (first, second) = (c("sa"), c("sb"));
    let sources = [("a.c", &a, &a), ("b.c", &b, &b), ("c.c", &first, &second)];
    let sources = sources.map(|(file, one, two)| (file, one.as_str(), two.as_str()));
    let Some(said) = thin_lto(&sources)? else { return Ok(()) };
    said.exactly(&["function changed sc"])
}

/// A table of a function that the link inlines elsewhere becomes a symbol with a hash.
#[test]
fn promoted_constants() -> Result<()> {
    let a = |third: u32| {
        format!(
            "unsigned la(unsigned long i) {{ const unsigned u[9] = {{ 21, 22, {third}, 24, 25, 26, 27, 28, 29 }}; return u[i]; }}\n"
        )
    };
    let b = "unsigned la(unsigned long); unsigned lb(unsigned long i) { return la(i) + 1; }\n\
             unsigned keep(int x) { return x * 3; }\n";
    let (before, after) = (a(23), a(33));
    let Some(said) = thin_lto(&[("a.c", &before, &after), ("b.c", b, b)])? else { return Ok(()) };
    said.exactly(&["function changed la", "function changed lb"])
}
