//! Types that have another layout after the patch: what is told, and what is no change.

use anyhow::{Context as _, Result, ensure};
use klp_core::livepatch::UnlinkedLivepatch;
use klp_tests::small::{Small, for_each_compiler};

const FUNCTION: &str = "int first(struct thing *thing) { return thing->a; }";

/// The livepatch of a file with `types` that become `after`, and a function that changes.
fn patched(
    compiler: &'static str,
    types: [&str; 2],
    functions: [&str; 2],
) -> Result<UnlinkedLivepatch> {
    let [before, after] = [0, 1].map(|side| format!("{}\n{}\n", types[side], functions[side]));
    let small = Small::new(compiler)?.object("a", &before, &after);
    small.livepatch(&[("a", "first")], false)
}

/// What is refused of the file when its types become `after`.
fn refused(compiler: &'static str, before: &str, after: &str) -> Result<Vec<(String, String)>> {
    let changed = FUNCTION.replace("->a", "->a * 3");
    let livepatch = patched(compiler, [before, after], [FUNCTION, &changed])?;
    Ok(livepatch.refused.into_iter().map(|refused| (refused.name, refused.why)).collect())
}

/// All of `expected` are refused with that text, and nothing else.
fn expect(refused: &[(String, String)], expected: &[(&str, &str)]) -> Result<()> {
    for (name, why) in expected {
        let found = refused.iter().any(|(other, text)| other == name && text.contains(why));
        ensure!(found, "`{name}: {why}` is not in {refused:#?}");
    }
    ensure!(refused.len() == expected.len(), "{refused:#?}");
    Ok(())
}

#[test]
fn sizes_and_new_members() -> Result<()> {
    for_each_compiler("sizes_and_new_members", |compiler| {
        let before = "struct part { int a; union { int b; char c[4]; }; };
            struct thing { int a; struct part part; char end; };
            struct same { int bits : 3; int others : 5; struct part parts[2]; } same;";
        let told = |after: &str| refused(compiler, before, after);
        let longer = before.replace("char end;", "char end; long more;");
        expect(
            &told(&longer)?,
            &[("struct thing", "16 bytes become 24, member more is new at byte 16")],
        )?;
        // In a hole, so that the size is the same.
        let hole = before.replace("char end;", "char end, hole;");
        let hole = told(&hole)?;
        expect(&hole, &[("struct thing", "16 bytes as before, member hole is new at byte 13")])?;
        ensure!(hole.iter().all(|(_, why)| why.contains("shadow variables")), "{hole:?}");
        let inner = before.replace("char c[4]", "char c[8]");
        expect(
            &told(&inner)?,
            &[
                ("struct part", "8 bytes become 12, member c is of another type"),
                ("struct same", "20 bytes become 28"),
                ("struct thing", "16 bytes become 20"),
            ],
        )
    })
}

#[test]
fn members_that_trade_places() -> Result<()> {
    for_each_compiler("members_that_trade_places", |compiler| {
        let before = "struct thing { int a; long offset, limit; int up : 3, down : 3; union { int x; char y; };
            struct { short low, high; } pair; struct { int r, s; } *far; };
            static struct { int one, two; } state = { 1, 2 };
            typedef struct { int left, right; } sides;
            int get(struct thing *thing, sides *sides) { return state.one + sides->left; }";
        let told = |from: &str, to: &str| refused(compiler, before, &before.replacen(from, to, 1));
        let swapped = told("offset, limit", "limit, offset")?;
        expect(&swapped, &[("struct thing", "member offset moves from byte 8 to byte 16")])?;
        ensure!(swapped.iter().all(|(_, why)| why.contains("used as it was by get() in a.o")));
        ensure!(swapped.iter().all(|(_, why)| !why.contains("shadow")), "{swapped:?}");
        expect(
            &told("up : 3, down : 3", "down : 3, up : 3")?,
            &[("struct thing", "member up moves")],
        )?;
        expect(&told("low, high", "high, low")?, &[("struct thing", "member pair.low moves")])?;
        let far = "what far of struct thing points to";
        expect(&told("r, s", "s, r")?, &[(far, "member r moves")])?;
        expect(&told("one, two", "two, one")?, &[("the type of state", "member one moves")])?;
        expect(&told("left, right", "right, left")?, &[("sides", "member left moves")])?;
        // Everything in a union lies at its start.
        expect(&told("int x; char y;", "char y; int x;")?, &[])?;
        expect(
            &told("long offset", "char *offset")?,
            &[("struct thing", "member offset is of another type")],
        )
    })
}

#[test]
fn another_name_at_the_same_place() -> Result<()> {
    for_each_compiler("another_name_at_the_same_place", |compiler| {
        let before = "struct thing { int a; int b; char end; };";
        let told = |after: &str| refused(compiler, before, after);
        expect(&told("struct thing { int a; unsigned other; char last; };")?, &[])?;
        let both = told("struct thing { int b; int a; char end; };")?;
        expect(&both, &[("struct thing", "moves")])?;
        let before = "struct thing { int x; int a; };";
        let after = "struct thing { int a; int y; };";
        let told = refused(compiler, before, after)?;
        expect(&told, &[("struct thing", "member a moves from byte 4 to byte 0")])
    })
}

#[test]
fn values_of_enumerators() -> Result<()> {
    for_each_compiler("values_of_enumerators", |compiler| {
        let before = "enum mode { OFF, ON, LAST }; enum { FIRST = 1, SECOND };
            struct thing { enum mode a; };
            int which(enum mode mode) { return mode == ON ? FIRST : SECOND; }";
        let told = |from: &str, to: &str| refused(compiler, before, &before.replacen(from, to, 1));
        expect(
            &told("OFF, ON", "OFF, IDLE, ON")?,
            &[("enum mode", "LAST was 2 and is 3, ON was 1 and is 2")],
        )?;
        expect(
            &told("FIRST = 1", "FIRST = 3")?,
            &[("enum without a name", "FIRST was 1 and is 3")],
        )?;
        expect(&told("ON, LAST", "ON, LAST, AFTER")?, &[])
    })
}

#[test]
fn force_takes_the_risk() -> Result<()> {
    for_each_compiler("force_takes_the_risk", |compiler| {
        let before = format!("struct thing {{ int b, a; }};\n{FUNCTION}");
        let small = Small::new(compiler)?.object("a", &before, &before.replace("b, a", "a, b"));
        let forced = small.livepatch(&[("a", "first")], true)?;
        assert_eq!(forced.refused, []);
        let note = forced.notes.iter().find(|note| note.name == "struct thing");
        assert_eq!(note.context("no note")?.code, "forced");
        Ok(())
    })
}

/// The running kernel keeps the bytes of a variable, whatever type it has with the patch.
#[test]
fn variables_of_another_type() -> Result<()> {
    for_each_compiler("variables_of_another_type", |compiler| {
        let before = "struct thing { int a; }; struct one { long a; }; struct two { char a[8]; }; struct same { long b; };
            struct count { int value; };
            static struct one *it; static int number; static int list[4]; static const long table[] = { 1 };
            void set(void *given, int n) { it = (__typeof__(it))given; number = n; list[n & 3] = n; }
            long get(int n) { return (long)it + table[0] + (int)number + list[n & 3]; }";
        let told = |from: &str, to: &str| refused(compiler, before, &before.replace(from, to));
        let other = "its type changes (8 bytes as before, which mean something else)";
        expect(&told("static struct one *it", "static unsigned long it")?, &[("it", other)])?;
        let to = "it pointed to struct one and points to struct two";
        expect(&told("static struct one *it", "static struct two *it")?, &[("it", to)])?;
        let with = |kind: &str, member: &str| {
            let after = before.replace("static int number", &format!("static {kind} number"));
            let after = after.replace("number =", &format!("number.{member} ="));
            refused(compiler, before, &after.replace("(int)number", &format!("number.{member}")))
        };
        let halves = "its type changes (4 bytes as before, which mean something else)";
        expect(&with("struct { short low, high; }", "low")?, &[("number", halves)])?;
        // The same bytes by another name, and what may be anything.
        for (from, to) in [
            ("static struct one *it", "static struct same *it"),
            ("static struct one *it", "static void *it"),
            ("static struct one *it", "struct unknown; static struct unknown *it"),
            ("static int number", "static unsigned number"),
            ("static const long table[]", "static const unsigned long table[]"),
        ] {
            expect(&told(from, to)?, &[])?;
        }
        expect(&with("struct count", "value")?, &[])
    })
}
