//! Functions under another name whose old addresses the kernel keeps.

use anyhow::{Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};

use crate::livepatch_identity::{SHOW, refused};

const OUTLINE: &str = "static __attribute__((noinline)) ";

/// What the kernel keeps leads to the old function, which nothing replaces.
#[test]
fn functions_whose_address_the_kernel_keeps() -> Result<()> {
    for_each_compiler("functions_whose_address_the_kernel_keeps", |compiler| {
        let source = |name: &str, text: &str, user: &str| {
            format!(
                "{SHOW}{OUTLINE} void {name}(void) {{ exported(\"{text}\"); }}\n{}\n",
                user.replace("FUNCTION", name)
            )
        };
        let pair = |user: &str, text: &str| -> Result<UnlinkedLivepatch> {
            let user = user.to_owned() + " return VALUE; }";
            let before = source("work", "work", &user.replace("VALUE", "1"));
            let after = source("job", text, &user.replace("VALUE", "2"));
            Small::new(compiler)?.object("a", &before, &after).livepatch(&[("a", "show")], false)
        };
        let noted = |livepatch: &UnlinkedLivepatch| {
            livepatch.notes.iter().any(|note| (&*note.code, &*note.name) == ("renamed", "job"))
        };
        let stored = "int show(void (**n)(void)) { *n = FUNCTION;";
        refused(&pair(stored, "fixed")?, "job", "is stored or returned, and it may be work")?;
        let given = "int show(int n) { exported((const char *)FUNCTION);";
        let livepatch = pair(given, "fixed")?;
        assert_eq!(livepatch.refused, []);
        ensure!(noted(&livepatch), "{:#?}", livepatch.notes);
        // The old one does the same.
        for user in [stored, given] {
            let livepatch = pair(user, "work")?;
            assert_eq!(livepatch.refused, []);
            ensure!(!noted(&livepatch), "{:#?}", livepatch.notes);
        }
        Ok(())
    })
}

/// The same if the address comes from a table that the patch adds, or is in something that the kernel keeps.
#[test]
fn functions_whose_address_is_in_a_table() -> Result<()> {
    for_each_compiler("functions_whose_address_is_in_a_table", |compiler| {
        let source = |name: &str, text: &str, user: &str| {
            format!(
                "{SHOW}struct ops {{ long flags; void (*function)(void); }};\n\
                 {OUTLINE} void {name}(void) {{ exported(\"{text}\"); }}\n{user}\n"
            )
        };
        let before = "void (*show(void **n, long i))(void) { *n = work; return 0; }";
        let with = |user: &str, text: &str| -> Result<UnlinkedLivepatch> {
            let (before, after) = (source("work", "work", before), source("job", text, user));
            Small::new(compiler)?.object("a", &before, &after).livepatch(&[("a", "show")], false)
        };
        let noted = |livepatch: &UnlinkedLivepatch| {
            livepatch.notes.iter().any(|note| (&*note.code, &*note.name) == ("renamed", "job"))
        };
        let list = "static void (*const list[])(void) = { 0, job };";
        let ops = "static const struct ops ops[] = { { 1, job }, { 2, 0 } };";
        let show = "void (*show(void **n, long i))(void)";
        for (tables, body) in [
            (list, "*n = list[i & 1]; return 0;"),
            (list, "return list[i & 1];"),
            (ops, "*n = ops[i & 1].function; return 0;"),
            (ops, "*n = (void *)&ops[i & 1]; return 0;"),
            (
                "static const struct ops one = { 1, job }; static const struct ops *const all[] = { 0, &one };",
                "*n = (void *)all[i & 1]; return 0;",
            ),
            (
                "static const struct ops one = { 1, job }, two = { 2, 0 };
                 static const struct ops *const all[] = { &two, &one };",
                "*n = all[i & 1]->function; return 0;",
            ),
            ("static struct ops own = { 1, job };", "own.flags = i; *n = &own; return 0;"),
        ] {
            let user = format!("{tables} {show} {{ {body} }}");
            refused(&with(&user, "fixed")?, "job", "is stored or returned, and it may be work")?;
            // The old one does the same.
            assert_eq!(with(&user, "work")?.refused, [], "{user}");
        }
        let given = format!("{ops} {show} {{ exported((const char *)&ops[i & 1]); return 0; }}");
        let livepatch = with(&given, "fixed")?;
        assert_eq!(livepatch.refused, []);
        ensure!(noted(&livepatch), "{:#?}", livepatch.notes);
        // Nobody has it who calls it only.
        let called = format!("{list} {show} {{ list[i & 1](); return 0; }}");
        let livepatch = with(&called, "fixed")?;
        assert_eq!(livepatch.refused, []);
        ensure!(!noted(&livepatch), "{:#?}", livepatch.notes);
        Ok(())
    })
}
