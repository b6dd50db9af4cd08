//! What of the kernel goes on in another object, in another function or under another name: state of the kernel must not be
//! there twice, and what is compared by its address must keep it.

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};

use crate::livepatch_identity::{SHOW, kernel, references, refused, replaced};

/// A static function that is called.
const OUTLINE: &str = "static __attribute__((noinline)) ";
/// Reads and writes its argument, so that no compiler knows what is in it.
const KEEP: &str = "asm volatile(\"\" : \"+m\" (seq));";

/// Whether the livepatch uses the kernel's symbol whose name, without what compilers append, ends with `name`.
fn uses(livepatch: &UnlinkedLivepatch, name: &str) -> bool {
    let known = kernel(livepatch);
    let mut names = known.iter().filter_map(|known| known.strip_prefix(".klp.sym.vmlinux."));
    names.any(|known| {
        let own = known.split(',').next().unwrap_or(known);
        own.split('.').any(|part| part == name)
    })
}

/// `next()` counts in a static variable of its own, and is in `a` before the patch.
fn counter(head: &str, seq: &str) -> String {
    format!("{head} int next(int n) {{ static {seq}; {KEEP} return seq += n; }}\n")
}

#[test]
fn a_function_that_moves_keeps_its_state() -> Result<()> {
    for_each_compiler("a_function_that_moves_keeps_its_state", |compiler| {
        if compiler != "gcc" {
            return Ok(());
        }
        let other = "int other(void) { return 1; }\n";
        let moved = |seq: &str| -> Result<Small> {
            let mut small = Small::new(compiler)?
                .object("a", &format!("{}{other}", counter("", "int seq = 1")), other)
                .object(
                    "b",
                    "int b(void) { return 2; }",
                    &(counter("", seq) + "int b(void) { return 2; }"),
                );
            small.flags = vec!["-mrecord-mcount"];
            Ok(small)
        };
        let livepatch = moved("int seq = 1")?.livepatch(&[], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(replaced(&livepatch), ["next"]);
        ensure!(uses(&livepatch, "seq"), "{livepatch:#?}");
        // The kernel's started with another value, or holds something else.
        for seq in ["int seq = 2", "unsigned char seq[4] = { 1 }"] {
            let source = counter("", seq).replace("seq += n", "((int *)&seq)[0] += n");
            let mut small = moved(seq)?;
            if seq.contains('[') {
                small = Small::new(compiler)?
                    .object("a", &format!("{}{other}", counter("", "int seq = 1")), other)
                    .object(
                        "b",
                        "int b(void) { return 2; }",
                        &(source + "int b(void) { return 2; }"),
                    );
                small.flags = vec!["-mrecord-mcount"];
            }
            refused(&small.livepatch(&[], false)?, "seq.0", "it may be seq.0")?;
        }
        Ok(())
    })
}

/// `show()` counts, and gives that to a function which the patch adds.
fn split(helper: &str, there: bool) -> impl Fn(&'static str) -> Result<UnlinkedLivepatch> {
    let before = format!("int show(int n) {{ static int seq; {KEEP} return (seq += n) * 3; }}\n");
    let after = "int show(int n) { return next(n) * 3; }\n";
    let other = "int other(void) { return 1; }\n";
    let helper = helper.to_owned();
    move |compiler| {
        let small = if there {
            Small::new(compiler)?
                .object("a", &before, &format!("int next(int n);\n{after}"))
                .object("b", other, &format!("{helper}{other}"))
        } else {
            Small::new(compiler)?.object("a", &before, &format!("{helper}{after}"))
        };
        small.livepatch(&[("a", "show")], false)
    }
}

#[test]
fn state_that_moves_into_a_helper() -> Result<()> {
    for_each_compiler("state_that_moves_into_a_helper", |compiler| {
        for (helper, there) in [
            (counter(OUTLINE, "int seq"), false),
            (counter("", "int seq"), true),
            (format!("static int seq;\nint next(int n) {{ {KEEP} return seq += n; }}\n"), true),
        ] {
            let livepatch = split(&helper, there)(compiler)?;
            assert_eq!(livepatch.refused, [], "{helper}");
            ensure!(uses(&livepatch, "seq"), "{helper}: {livepatch:#?}");
        }
        // Nothing tells whether a variable of another name is the same.
        for (helper, there) in [
            (counter(OUTLINE, "int batch"), false),
            (counter("", "int batch"), true),
            (format!("static int batch;\nint next(int n) {{ {KEEP} return seq += n; }}\n"), true),
        ] {
            let helper = helper.replace("seq", "batch");
            let livepatch = split(&helper, there)(compiler)?;
            let why = livepatch
                .refused
                .iter()
                .any(|it| it.name.contains("batch") && it.why.contains("it may be"));
            ensure!(why, "{helper}: {:#?}", livepatch.refused);
        }
        Ok(())
    })
}

/// A new variable in a new function has nothing to do with one that goes, if nobody who used that one leads to it.
#[test]
fn state_of_another_function() -> Result<()> {
    for_each_compiler("state_of_another_function", |compiler| {
        let rest = |call: &str| format!("int rest(int n) {{ return n{call}; }}\n");
        let gone = format!(
            "int gone(int n) {{ static int old; {} return old += n; }}\n",
            KEEP.replace("seq", "old")
        );
        let small = Small::new(compiler)?.object(
            "a",
            &(gone + &rest("")),
            &(counter(OUTLINE, "int seq") + &rest(" + next(n)")),
        );
        let livepatch = small.livepatch(&[("a", "rest")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(!uses(&livepatch, "old"), "{livepatch:#?}");
        Ok(())
    })
}

/// Operations by whose address their objects are known.
fn operations(name: &str, flags: u8, storage: &str) -> String {
    format!(
        "struct ops {{ void (*call)(const char *); long flags; }};\n{SHOW}\
         {storage} const struct ops {name} = {{ exported, {flags} }};\n"
    )
}

fn compares(name: &str) -> String {
    format!("int show(const void **n) {{ return *n == &{name} ? 1 : -1; }}\n")
}

#[test]
fn constants_that_are_compared() -> Result<()> {
    for_each_compiler("constants_that_are_compared", |compiler| {
        let before = operations("fops", 0, "static") + &compares("fops");
        let renamed = |flags| operations("file_ops", flags, "static") + &compares("file_ops");
        let small = Small::new(compiler)?.object("a", &before, &renamed(0));
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(uses(&livepatch, "fops"), "{livepatch:#?}");
        // It is not the kernel's, but what is compared can be.
        let small = Small::new(compiler)?.object("a", &before, &renamed(1));
        refused(&small.livepatch(&[("a", "show")], false)?, "file_ops", "it may be fops")?;
        // In another file.
        let small = Small::new(compiler)?
            .object("a", &before, &("extern const struct ops fops;".to_owned() + &compares("fops")))
            .object(
                "b",
                "int b(void) { return 2; }",
                &(operations("fops", 0, "") + "int b(void) { return 2; }"),
            );
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(uses(&livepatch, "fops"), "{livepatch:#?}");
        // What is only read has no identity.
        let read = |name: &str, flags| {
            operations(name, flags, "static")
                + &format!(
                    "long show(long *n) {{ return ((volatile const struct ops *)&{name})->flags; }}\n"
                )
        };
        let small = Small::new(compiler)?.object("a", &read("fops", 0), &read("file_ops", 1));
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        assert_eq!(livepatch.refused, []);
        ensure!(!uses(&livepatch, "fops"), "{livepatch:#?}");
        Ok(())
    })
}

/// The kernel's constant leads to the kernel's functions: one of the new functions would never be called.
#[test]
fn constants_that_lead_to_other_functions() -> Result<()> {
    for_each_compiler("constants_that_lead_to_other_functions", |compiler| {
        let source = |body: &str, name: &str| {
            format!(
                "struct ops {{ void (*call)(const char *); long flags; }};\n{SHOW}\
                 {OUTLINE} void act(const char *n) {{ exported(\"{body}\"); }}\n\
                 static const struct ops {name} = {{ act, 0 }};\n\
                 void show(const void **n) {{ *n = &{name}; }}\n"
            )
        };
        let small =
            Small::new(compiler)?.object("a", &source("one", "fops"), &source("two", "file_ops"));
        let livepatch = small.livepatch(&[("a", "show"), ("a", "act")], false)?;
        // Pointers to a changed function go to the kernel's, which leads to the new one.
        assert_eq!(livepatch.refused, []);
        ensure!(uses(&livepatch, "fops"), "{livepatch:#?}");
        let other = source("two", "file_ops").replace("act", "action");
        let small = Small::new(compiler)?.object("a", &source("one", "fops"), &other);
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        ensure!(!uses(&livepatch, "fops"), "{livepatch:#?}");
        Ok(())
    })
}

#[test]
fn functions_that_are_compared() -> Result<()> {
    for_each_compiler("functions_that_are_compared", |compiler| {
        let source = |name: &str, user: &str| {
            format!(
                "{SHOW}{OUTLINE} void {name}(void) {{ exported(\"work\"); }}\n{}\n",
                user.replace("FUNCTION", name)
            )
        };
        let pair = |user: &str| -> Result<UnlinkedLivepatch> {
            let small =
                Small::new(compiler)?.object("a", &source("work", user), &source("job", user));
            small.livepatch(&[("a", "show")], false)
        };
        let compared = "int show(void (**n)(void)) { return *n == FUNCTION ? 1 : -1; }";
        refused(&pair(compared)?, "job", "it may be work")?;
        let called = "int show(int n) { FUNCTION(); return 1; }";
        assert_eq!(pair(called)?.refused, []);
        // A new one beside it is compared with what the patch makes only.
        let both = |user: &str| source("work", "void *keep(void) { return FUNCTION; }") + user;
        let small = Small::new(compiler)?.object(
            "a",
            &both("int show(void (**n)(void)) { return *n == work ? 1 : -1; }"),
            &both(
                "static __attribute__((noinline)) void job(void) { exported(\"job\"); }\n\
                 int show(void (**n)(void)) { return *n == work ? 1 : *n == job ? 2 : -1; }",
            ),
        );
        assert_eq!(small.livepatch(&[("a", "show")], false)?.refused, []);
        Ok(())
    })
}

/// In the patched kernel each has what the other one had; in the running one they keep it.
#[test]
fn variables_that_exchange_their_names() -> Result<()> {
    for_each_compiler("variables_that_exchange_their_names", |compiler| {
        let source = |pages: &str, boot: &str, sum: &str| {
            format!(
                "{SHOW}static long pages, boot;\n\
                 void add_pages(int n) {{ {pages} += n; }}\n\
                 void add_boot(int n) {{ {boot} += n; }}\n\
                 long show(long *n) {{ n[0] = {pages}; n[1] = {boot}; return {sum}; }}\n"
            )
        };
        let notes = |before: &str, after: &str| -> Result<Vec<String>> {
            let small = Small::new(compiler)?.object("a", before, after);
            let changed = [("a", "add_pages"), ("a", "add_boot"), ("a", "show")];
            let livepatch = small.livepatch(&changed, false)?;
            assert_eq!(livepatch.refused, []);
            let notes = livepatch.notes.iter().filter(|note| note.code == "state");
            Ok(notes.map(|note| note.name.clone()).collect())
        };
        let before = source("pages", "boot", "0");
        let exchanged = notes(&before, &source("boot", "pages", "0"))?;
        assert_eq!(exchanged, ["boot", "pages"]);
        assert_eq!(notes(&before, &source("pages", "boot", "n[0] + n[1]"))?, [""; 0]);
        // One of them is used by more.
        let more = source("pages", "boot", "0").replace("boot += n", "boot += n + pages");
        assert_eq!(notes(&before, &more)?, [""; 0]);
        // One goes, and the other one gets its name.
        let gone = format!(
            "{SHOW}static long pages;\n\
             void add_pages(int n) {{ asm volatile(\"\" : : \"r\" (n)); }}\n\
             void add_boot(int n) {{ pages += n; }}\n\
             long show(long *n) {{ n[0] = 0; n[1] = pages; return 0; }}\n"
        );
        assert_eq!(notes(&before, &gone)?, ["pages"]);
        Ok(())
    })
}

/// Which of two variables of one name is the kernel's. Of two functions each has one; in one function only the code tells.
#[test]
fn another_variable_of_that_name() -> Result<()> {
    for_each_compiler("another_variable_of_that_name", |compiler| {
        let source = |added: &str, early: &str| {
            format!(
                "{added}int next(int n) {{ static int counter; {early}
                 while (n-- > 0) counter += helper(n); return counter; }}\n"
            )
        };
        let head = format!(
            "{SHOW}{OUTLINE}int helper(int n) {{ asm volatile(\"\" : \"+r\" (n)); return n; }}\n"
        );
        let before = format!("{head}{}", source("", ""));
        let made = |added: &str, early: &str| -> Result<UnlinkedLivepatch> {
            let small = Small::new(compiler)?.object(
                "a",
                &before,
                &format!("{head}{}", source(added, early)),
            );
            small.livepatch(&[("a", "next")], false)
        };
        let added = "static __attribute__((noinline)) int early(int n) \
                     { static int counter; return counter += helper(n); }\n";
        let livepatch = made(added, "if (n > 5) return early(n) + helper(counter);")?;
        assert_eq!((livepatch.refused.as_slice(), livepatch.notes.as_slice()), (&[][..], &[][..]));
        let part = &livepatch.parts.first().context("no part")?.bytes;
        // The module's own variables are in sections of its own.
        let has_own = |function: &str| -> Result<bool> {
            let names = references(part, &format!(".text.{function}"))?;
            Ok(names.iter().any(|name| name.starts_with(".bss")))
        };
        ensure!(uses(&livepatch, "counter") && has_own("early")? && !has_own("next")?);
        let livepatch =
            made("", "if (n > 5) { static int counter; return counter += helper(n); }")?;
        assert_eq!(livepatch.refused, []);
        let why = &livepatch.notes.iter().find(|note| note.code == "state").map(|note| &note.why);
        ensure!(
            why.is_some_and(|why| why.contains("two variables that are called counter")),
            "{livepatch:#?}"
        );
        Ok(())
    })
}

/// What the kernel keeps of one leads to the other one.
#[test]
fn functions_that_exchange_their_names() -> Result<()> {
    for_each_compiler("functions_that_exchange_their_names", |compiler| {
        let source = |one: &str, two: &str| {
            format!(
                "{SHOW}{OUTLINE} void {one}(void) {{ exported(\"one\"); }}\n\
                 {OUTLINE} void {two}(void) {{ exported(\"two\"); }}\n\
                 void show(void (**n)(void)) {{ n[0] = {one}; n[1] = {two}; }}\n"
            )
        };
        let notes = |after: &str| -> Result<Vec<String>> {
            let small = Small::new(compiler)?.object("a", &source("first", "second"), after);
            let changed = [("a", "first"), ("a", "second"), ("a", "show")];
            let livepatch = small.livepatch(&changed, false)?;
            let notes = livepatch.notes.iter().filter(|note| note.code == "renamed");
            Ok(notes.map(|note| note.name.clone()).collect())
        };
        assert_eq!(notes(&source("second", "first"))?, ["first", "second"]);
        let other = source("first", "second").replace("\"one\"", "\"two\"").replacen(
            "\"two\"",
            "\"other\"",
            1,
        );
        assert_eq!(notes(&other)?, [""; 0]);
        Ok(())
    })
}

/// Code of vmlinux cannot use what a module has, and starts with its own.
#[test]
fn state_that_moves_out_of_its_module() -> Result<()> {
    for_each_compiler("state_that_moves_out_of_its_module", |compiler| {
        let user = "int show(int n) { users += n; return users; }\n";
        let small = Small::new(compiler)?
            .export("vmlinux", "__fentry__")
            .object_of("disk", "a", &format!("static int users;\n{user}"), &format!("extern int users;\n{user}"))
            .object("b", SHOW, &format!("{SHOW}int users;\nasm(\".pushsection .export_symbol, \\\"a\\\"; __export_symbol_users: .quad users; .popsection\");\n"));
        refused(&small.livepatch(&[("a", "show")], false)?, "users", "it may be users")
    })
}
