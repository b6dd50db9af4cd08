//! What hunks change beside the text of functions is traced as far as it can be, and nothing else is called a reason.

use anyhow::{Result, ensure};
use klp_tests::kernel::Kernel;
use klp_tests::klp::{klp, run};
use klp_tests::tools::compilers;

use crate::why::{Expected, expect};

const HEADER: &str = "\
#define AUD_CALLED(x) ((x) + 4)
#define AUD_PERIOD 7
extern int total;
struct cfg {
\tint limit;
};
typedef unsigned int aud_t;
static inline __attribute__((__always_inline__)) int aud_l1(int n) { return n * 77 + 5; }
static inline __attribute__((__always_inline__)) int aud_l2(int n) { return aud_l1(n) - 3; }
static inline __attribute__((__always_inline__)) int aud_l3(int n) { return aud_l2(n) + aud_l2(n + 9); }
";

const SOURCE: &str = "\
#include <linux/aud.h>
#ifdef AUD_EXTRA
#define EXTRA AUD_EXTRA
#else
#define EXTRA 4
#endif
#define CONFIG_LOCAL 1
int aud_ext(int n);
int aud_ext2(int a, int b);
int aud_extra(int n);
int aud_extra(int n) { return aud_ext(n + EXTRA); }

static __attribute__((__noinline__)) int cp_target(int a, int b)
{
\tint i, s = 0;

\tfor (i = 0; i < a; i++)
\t\ts += aud_ext2(i, b);
\treturn s + a / 3;
}

int aud_cp(int n);
int aud_cp(int n)
{
\treturn cp_target(5, n) + 1;
}

int aud_static(void);
int aud_static(void)
{
\tstatic int count = 7;

\treturn aud_ext(count++);
}

static int knob = 3;

int aud_knob(int n);
int aud_knob(int n)
{
\treturn aud_ext(n * knob);
}

void aud_set(int n);
void aud_set(int n)
{
\taud_ext(n + 3);
}

int aud_local(int n);
int aud_local(int n)
{
\tint cfg = aud_ext(n);
\tint limit = 3;

\tif (n > 100)
\t\tgoto total;
\treturn aud_ext(cfg * limit + n);
total:
\treturn 9;
}

int aud_typed(int n);
int aud_typed(int n)
{
\taud_t t = n;

\treturn aud_ext(t / 3);
}

int aud_shadow(int n);
int aud_shadow(int n)
{
\tint AUD_CALLED = aud_ext(n);

\treturn AUD_CALLED + 3;
}

int aud_deep(int n);
int aud_deep(int n)
{
\treturn aud_l3(n) + 1;
}

int aud_here(int n);
int aud_here(int n)
{
#ifdef CONFIG_LOCAL
\tn = n + 1;
#endif
\treturn n * 3;
}
";

/// The mini kernel with one object more.
fn kernel() -> Result<Kernel> {
    let kernel = Kernel::with_output()?;
    let makefile = kernel.source.join("lib/Makefile");
    let rules = fs_err::read_to_string(&makefile)?;
    fs_err::write(&makefile, format!("{rules}\nobj-y += aud.o aud2.o\n"))?;
    fs_err::write(kernel.source.join("include/linux/aud.h"), HEADER)?;
    fs_err::write(kernel.source.join("include/linux/aud3.h"), "#define AUD_EXTRA 9\n")?;
    fs_err::write(kernel.source.join("lib/aud.c"), SOURCE)?;
    let others = "#include <linux/aud.h>\nint aud_ext(int n);\nint aud_ext2(int a, int b);\n\
                  int aud_ext(int n) { return n ? n : 1; }\nint aud_ext2(int a, int b) { return a * b; }\n";
    fs_err::write(kernel.source.join("lib/aud2.c"), others)?;
    Ok(kernel)
}

fn told(kernel: &Kernel) -> Result<String> {
    Ok(run(&mut klp(["explain", "-C", kernel.output.as_str(), "--no-pager"])?)?.expect(0)?.stdout)
}

#[test]
fn what_is_no_text_of_a_function_is_traced() -> Result<()> {
    for compiler in compilers("why functions changed") {
        let kernel = kernel()?;
        let check = |edit, wanted: Expected<'_>| -> Result<String> {
            expect(&kernel, compiler, edit, wanted)?;
            told(&kernel)
        };
        let include = "#include <linux/aud.h>";
        let both = format!("{include}\n#include <linux/aud3.h>");
        let text = check(
            ("lib/aud.c", include, &both),
            &[("aud_extra", "include", "include/linux/aud3.h EXTRA AUD_EXTRA")],
        )?;
        ensure!(!text.contains("no-code") && !text.contains("by the compiler's choice"), "{text}");
        let text = check(
            ("lib/aud.c", "static int count = 7;", "static int count = 8;"),
            &[("-", "only-data", "")],
        )?;
        ensure!(
            text.contains("only-data: it changes the data ") && text.contains("count"),
            "{text}"
        );
        expect(
            &kernel,
            compiler,
            ("include/linux/aud.h", "n * 77 + 5", "n * 77 + 6"),
            &[("aud_deep", "inlined", "aud_l3 aud_l2 aud_l1")],
        )?;
    }
    Ok(())
}

/// gcc makes a static function for the calls that there are, and takes a variable that nothing writes for a constant.
#[test]
fn uses_of_what_is_static_are_reasons() -> Result<()> {
    let kernel = kernel()?;
    expect(
        &kernel,
        "gcc",
        ("lib/aud.c", "cp_target(5, n)", "cp_target(6, n)"),
        &[("cp_target.constprop.0", "call", "aud_cp")],
    )?;
    expect(
        &kernel,
        "gcc",
        ("lib/aud.c", "\taud_ext(n + 3);", "\taud_ext(n + 3);\n\tknob = n;"),
        &[("aud_knob", "use", "knob"), ("aud_set", "direct", "")],
    )
}

/// Local variables, labels and basic types have names that mean nothing elsewhere.
#[test]
fn names_out_of_place_are_no_reasons() -> Result<()> {
    let kernel = kernel()?;
    let patched = HEADER
        .replace("\tint limit;", "\tint limit;\n\tint more;")
        .replace("extern int total;", "extern long total;")
        .replace("(x) + 4", "(x) + 6");
    let source = SOURCE
        .replace("int limit = 3;", "int limit = 4;")
        .replace("AUD_CALLED + 3", "AUD_CALLED + 5");
    let text = [("include/linux/aud.h", HEADER, &patched), ("lib/aud.c", SOURCE, &source)]
        .map(|(file, old, new)| whole(file, old, new))
        .concat();
    let patch = kernel.directory.join("names.patch");
    fs_err::write(&patch, text)?;
    run(&mut kernel.build([patch.as_str(), "--no-module"])?)?.expect(0)?;
    let text = told(&kernel)?;
    for name in ["aud_local", "aud_shadow"] {
        let own =
            text.split("\nchanged ").find(|it| it.trim_start_matches("changed ").starts_with(name));
        let own = own.unwrap_or_default();
        ensure!(own.contains("directly: ") && !own.contains("aud.h,"), "{name}\n{text}");
    }
    let edit = ("include/linux/aud.h", "typedef unsigned int aud_t;", "typedef int aud_t;");
    expect(&kernel, "gcc", edit, &[("aud_typed", "type", "aud_t")])
}

/// All of a file, as a patch that replaces it. (Each line that stays is removed and added.)
fn whole(file: &str, old: &str, new: &str) -> String {
    let signed = |sign: &str, text: &str| -> String {
        text.lines().flat_map(|line| [sign, line, "\n"]).collect()
    };
    let (was, is) = (old.lines().count(), new.lines().count());
    let (old, new) = (signed("-", old), signed("+", new));
    format!("--- a/{file}\n+++ b/{file}\n@@ -1,{was} +1,{is} @@\n{old}{new}")
}

/// An option that the source itself defines says nothing about the configuration.
#[test]
fn what_the_source_defines_is_compiled() -> Result<()> {
    let kernel = kernel()?;
    expect(&kernel, "gcc", ("lib/aud.c", "n = n + 1;", "n = 1 + n;"), &[("-", "no-code", "")])?;
    let text = told(&kernel)?;
    ensure!(text.contains("no-code: the compiler makes the same code with it"), "{text}");
    Ok(())
}

/// A change that nothing traces may be the reason of what has no other; nobody says that it makes no difference.
#[test]
fn what_is_not_traced_may_be_a_reason() -> Result<()> {
    let kernel = kernel()?;
    let include = "#include <linux/aud.h>";
    let pragma = format!("{include}\n#pragma GCC optimize (\"Os\")");
    let edit = ("lib/aud.c", include, pragma.as_str());
    expect(&kernel, "gcc", edit, &[("aud_typed", "untraced", "")])?;
    let text = told(&kernel)?;
    let words = "maybe, by something that nothing traces: the object is made from that file, and nothing else tells why";
    ensure!(text.contains(words), "{text}");
    ensure!(!text.contains("no-code") && !text.contains("no hunk reaches it"), "{text}");
    Ok(())
}
