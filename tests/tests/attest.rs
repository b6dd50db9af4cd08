//! The second opinion on livepatch modules: right ones pass, and each wrong one is found, whoever made it.

use anyhow::{Context as _, Result, ensure};
use klp_core::attest::Fault;
use klp_tests::attested::{Case, Made};
use klp_tests::small::for_each_compiler;

pub(crate) const BEFORE: &str = "
void exported(const char *text);
static int count;
static int table[4] = { 1, 2, 3, 4 };
static __attribute__((noinline)) int helper(int n) { asm volatile(\"\" : \"+r\" (n) : : \"memory\", \"rcx\", \"rdx\", \"rsi\", \"rdi\", \"r8\", \"r9\", \"r10\", \"r11\"); return n; }
int show(int n) { count += helper(n); exported(\"before\"); return count; }
int get(int n) { return count + helper(n) + table[n]; }
void set(int n) { table[n] = count; }
";

/// What a module's source declares of it.
pub(crate) const KERNEL: &str = "
void exported(const char *text);
extern int count;
extern int table[4];
int helper(int n);
";

const SHOW: &str =
    "int show(int n) { count += helper(n) + table[1]; exported(\"after\"); return count; }";

const LINKS: &[(&str, &str)] = &[
    ("count", ".klp.sym.vmlinux.count,0"),
    ("table", ".klp.sym.vmlinux.table,0"),
    ("helper", ".klp.sym.vmlinux.helper,0"),
];

/// `show` changes to `show` with `declared` before it.
pub(crate) fn case(declared: &str, show: &str) -> Case {
    let before = "int show(int n) { count += helper(n); exported(\"before\"); return count; }";
    Case {
        before: BEFORE.to_owned(),
        after: BEFORE.replace(before, &format!("{declared}{show}")),
        module: format!("{KERNEL}{show}"),
        links: LINKS.to_vec(),
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    }
}

pub(crate) fn right() -> Case {
    case("", SHOW)
}

pub(crate) fn passes(made: &Made, module: &[u8]) -> Result<()> {
    let report = made.opinion(module)?;
    ensure!(report.findings.is_empty(), "{:#?}", report.findings);
    ensure!(report.functions > 0 && report.pieces > 0 && report.references > 0);
    Ok(())
}

fn finds(made: &Made, module: &[u8], class: Fault) -> Result<()> {
    let report = made.opinion(module)?;
    let found = report.findings.iter().any(|finding| finding.class == class);
    ensure!(found, "no {class:?} in {:#?}", report.findings);
    Ok(())
}

/// The module with another name for the relocations of section `show` is in.
fn filled_in_for(made: &Made, object: &str) -> Result<Vec<u8>> {
    let mut builder = object::build::elf::Builder::read64(made.module.as_slice())?;
    for section in &mut builder.sections {
        if section.name.as_slice() == b".rela.text.show" {
            section.name = format!(".klp.rela.{object}..text.show").into_bytes().into();
        }
    }
    let mut bytes = Vec::new();
    builder.write(&mut bytes)?;
    Ok(bytes)
}

#[test]
fn calls_that_the_assembler_resolved() -> Result<()> {
    // Functions of one section: the call of a static one has no relocation.
    const SHARED: &str = "__attribute__((section(\".sched.text\"), noinline))";
    let text = |body: &str| {
        const CLOBBERS: &str =
            "\"memory\", \"rcx\", \"rdx\", \"rsi\", \"rdi\", \"r8\", \"r9\", \"r10\", \"r11\"";
        format!(
            "void exported(const char *text);\n\
             static {SHARED} int helper(int n) {{ asm volatile(\"\" : \"+r\" (n) : : {CLOBBERS}); return n; }}\n\
             static {SHARED} int other(int n) {{ asm volatile(\"nop\" : \"+r\" (n) : : {CLOBBERS}); return n; }}\n\
             {SHARED} int show(int n) {{ {body} }}\n\
             int get(int n) {{ return helper(n) + other(n); }}\n"
        )
    };
    let case = |callee: &'static str, link: &'static str| Case {
        before: text("n = helper(n) + 1; exported(0); return n;"),
        after: text("n = helper(n) + 2; exported(0); return n;"),
        module: format!(
            "void exported(const char *text); int {callee}(int n);\n\
             {SHARED} int show(int n) {{ n = {callee}(n) + 2; exported(0); return n; }}"
        ),
        links: vec![(callee, link)],
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    };
    expect(
        "calls_that_the_assembler_resolved",
        &[
            ("right", case("helper", ".klp.sym.vmlinux.helper,0"), None),
            ("another", case("other", ".klp.sym.vmlinux.other,0"), Some(Fault::Reference)),
        ],
    )
}

/// What code finds in a function beside it, in its own section, without a name and without a relocation.
#[test]
fn what_code_reads_beside_itself_cannot_be_told() -> Result<()> {
    let text = |result: &str| {
        format!(
            "void exported(const char *text);\n\
             asm(\".section .sched.text, \\\"ax\\\"\\n.type owner, @function\\nowner: ret\\n\
             .Lplace: .quad 0\\n.size owner, .-owner\\n.text\");\n\
             __attribute__((section(\".sched.text\"))) int show(int n) {{ exported(0); \
             asm volatile(\"cmpq $exported, .Lplace(%rip)\"); return {result}; }}\n"
        )
    };
    let case = Case {
        before: text("n + 1"),
        after: text("n + 2"),
        module: text("n + 2"),
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    };
    expect("what_code_reads_beside_itself", &[("place", case, Some(Fault::Content))])
}

/// Letters of two bytes each, as firmware wants them.
#[test]
fn wide_texts_are_compared_to_their_end() -> Result<()> {
    let text = |number: u8, text: &str| {
        format!(
            "void exported(const char *text);\n\
             int show(int n) {{ exported((const char *)u\"{text}\"); return n + {number}; }}\n"
        )
    };
    let case = |module: &str| Case {
        before: text(1, "letters"),
        after: text(2, "letters"),
        module: text(2, module),
        functions: vec![("show", 0, "show")],
        said: (vec!["show"], vec![]),
        ..Case::default()
    };
    expect(
        "wide_texts_are_compared_to_their_end",
        &[
            ("right", case("letters"), None),
            ("another", case("lettres"), Some(Fault::Content)),
            ("longer", case("letters, and more"), Some(Fault::Content)),
        ],
    )
}

#[test]
fn livepatch_fills_in_what_it_is_told_of() -> Result<()> {
    for_each_compiler("livepatch_fills_in_what_it_is_told_of", |compiler| {
        // What clang leaves for the linker cannot be written again.
        if compiler != "gcc" {
            return Ok(());
        }
        let made = right().make(compiler)?;
        passes(&made, &filled_in_for(&made, "vmlinux")?)?;
        finds(&made, &filled_in_for(&made, "ext4")?, Fault::Reference)
    })
}

/// Makes each case with each compiler, and expects its class, or nothing.
pub(crate) fn expect(name: &str, cases: &[(&str, Case, Option<Fault>)]) -> Result<()> {
    for_each_compiler(name, |compiler| {
        for (what, case, class) in cases {
            let made = case.make(compiler).with_context(|| (*what).to_owned())?;
            let judged = match class {
                None => passes(&made, &made.module),
                Some(class) => finds(&made, &made.module, *class),
            };
            judged.with_context(|| (*what).to_owned())?;
        }
        Ok(())
    })
}

#[test]
fn right_modules_pass() -> Result<()> {
    let new = "static int calls;\nstatic __attribute__((noinline)) int added(int n) { calls++; return n; }\n";
    let show = "int show(int n) { count += helper(added(n)); exported(\"after\"); return count; }";
    let mut with_new = case(new, show);
    with_new.module = format!("{KERNEL}{new}{show}");
    let mut to_global = right();
    to_global.after = to_global.after.replace("static int count", "int count");
    let per_cpu = "static __attribute__((section(\".data..percpu\"))) int hits;\n";
    let uses = "int show(int n) { asm volatile(\"incl %%gs:%0\" : \"+m\" (hits)); return n; }";
    let mut own_per_cpu = case(per_cpu, uses);
    own_per_cpu.module = format!("{KERNEL}{per_cpu}{uses}");
    expect(
        "right_modules_pass",
        &[
            ("one function", right(), None),
            ("a new function and variable", with_new, None),
            ("a static variable becomes global", to_global, None),
            ("a new variable of each processor", own_per_cpu, None),
        ],
    )
}

#[test]
fn what_a_module_uses_of_another() -> Result<()> {
    let text = |sum: &str| format!("int sum(int n); int sync(int n) {{ return {sum} + n; }}\n");
    let disk = |needed: &'static str| Case {
        before: text("1"),
        after: text("sum(n)"),
        module: text("sum(n)"),
        links: vec![("sum", ".klp.sym.crc.sum,0")],
        functions: vec![("sync", 0, "sync")],
        said: (vec!["sync"], vec![]),
        module_of_a: Some(("disk", needed)),
        modules: vec![
            ("crc", "int sum(int n) { return n * 3; }"),
            (
                "journal",
                "const char info[] __attribute__((section(\".modinfo\"), used)) = \"depends=crc\";",
            ),
        ],
        exports: vec![("sum", "crc")],
        ..Case::default()
    };
    expect(
        "what_a_module_uses_of_another",
        &[
            ("a module that it needs", disk("crc"), None),
            ("a module that one needs which it needs", disk("journal"), None),
            ("a module that need not be there", disk(""), Some(Fault::Reference)),
        ],
    )
}

#[test]
fn positions() -> Result<()> {
    let twin = BEFORE.replace("show", "twin").replace("get", "take").replace("set", "put");
    let at = |position: u64| {
        let mut case = right();
        case.other = Some((twin.clone(), twin.clone()));
        let name: &[(&str, &str)] = match position {
            1 => &[
                ("count", ".klp.sym.vmlinux.count,1"),
                ("table", ".klp.sym.vmlinux.table,1"),
                ("helper", ".klp.sym.vmlinux.helper,1"),
            ],
            _ => &[
                ("count", ".klp.sym.vmlinux.count,1"),
                ("table", ".klp.sym.vmlinux.table,1"),
                ("helper", ".klp.sym.vmlinux.helper,2"),
            ],
        };
        case.links = name.to_vec();
        case
    };
    expect(
        "positions",
        &[("the first of two", at(1), None), ("the second of two", at(2), Some(Fault::Reference))],
    )
}

#[test]
fn kinds_of_memory() -> Result<()> {
    let changes = |from: &str, to: &str, write: &str| {
        let variable = |attribute: &str| {
            format!(
                "static {attribute} int flag = 1;\nint flagged(void) {{ return flag; }}\nvoid unflag(void) {{ flag = 0; }}\n"
            )
        };
        let show = format!("int show(int n) {{ {write} return n; }}");
        let mut case = case("", &show);
        case.before = variable(from) + &case.before;
        case.after = variable(to) + &case.after;
        case.module = format!("{KERNEL}extern {to} int flag;\n{show}").replace(to, "");
        case.links.push(("flag", ".klp.sym.vmlinux.flag,0"));
        case
    };
    let per_cpu = "__attribute__((section(\".data..percpu\")))";
    let late = "__attribute__((section(\".data..ro_after_init\")))";
    let address = "asm volatile(\"\" : : \"r\" (&flag));";
    let shared = "static __attribute__((section(\".data..percpu..shared_aligned\"))) int hits;\n";
    let uses = "int show(int n) { asm volatile(\"incl %%gs:%0\" : \"+m\" (hits)); return n; }";
    let mut unknown = case(shared, uses);
    unknown.module = format!("{KERNEL}{shared}{uses}");
    let early = "int early(int n) { asm volatile(\"\" : \"+r\" (n)); return n; }\n";
    let init = format!("__attribute__((section(\".init.text\"))) {early}");
    let calls = "int show(int n) { return early(n) + 1; }";
    let mut freed = case("", calls);
    freed.before = init + &freed.before;
    freed.after =
        early.replace("int early", "__attribute__((noinline, noipa)) int early") + &freed.after;
    freed.module = format!("{KERNEL}int early(int n);\n{calls}");
    freed.links.push(("early", ".klp.sym.vmlinux.early,0"));
    expect(
        "kinds_of_memory",
        &[
            ("plain stays plain", changes("", "", "flag = n;"), None),
            ("plain to each processor", changes("", per_cpu, "flag = n;"), Some(Fault::Kind)),
            // Nothing but the address in an instruction tells which variable is meant, and of what kind.
            ("to each processor, by its address", changes("", per_cpu, address), Some(Fault::Kind)),
            ("one of each processor, by its address", changes(per_cpu, per_cpu, address), None),
            ("no longer read-only", changes(late, "", "flag = n;"), Some(Fault::Kind)),
            ("a section that the loader does not know", unknown, Some(Fault::Section)),
            ("code that is freed", freed, Some(Fault::Freed)),
        ],
    )
}

#[test]
fn functions() -> Result<()> {
    let mut missing = right();
    missing.said.0.push("get");
    let mut gone = right();
    gone.said.1.push("set");
    let set = "void set(int n) { table[n] = count; }";
    let mut weak_instead = right();
    weak_instead.after = weak_instead.after.replace("void set(", "void put(");
    weak_instead.said.1.push("set");
    let without_weak = weak_instead.clone();
    weak_instead.weak = vec!["set"];
    let mut of_static = weak_instead.clone();
    of_static.before =
        of_static.before.replace(set, &format!("static __attribute__((used)) {set}"));
    let mut extra = right();
    extra.module += "int extra(int n) { return n * 77; }";
    let mut swapped = right();
    swapped.after =
        swapped.after.replace("return count + helper(n) + table[n]", "return count - helper(n)");
    swapped.module += "int get(int n) { return count - helper(n); }";
    swapped.said.0.push("get");
    swapped.functions = vec![("show", 0, "show"), ("get", 0, "get")];
    let both = swapped.clone();
    swapped.functions = vec![("show", 0, "get"), ("get", 0, "show")];
    let weak = "__attribute__((weak, noinline)) int hook(void) { int r; asm volatile(\"mov $1, %0\" : \"=r\" (r)); return r; }\n";
    let show = "int show(int n) { return hook() + n; }";
    let strong = "int hook(void) { int r; asm volatile(\"mov $2, %0\" : \"=r\" (r)); return r; }\n";
    let mut overridden = case(weak, show);
    overridden.other = Some((
        String::from("int b(void) { return 0; }"),
        format!("{strong}int b(void) {{ return 0; }}"),
    ));
    overridden.module = format!("{weak}{show}");
    let mut strongest = overridden.clone();
    // Under another name in the source, so that the compiler knows nothing of it in `show`.
    strongest.module = format!(
        "int hook(void);\n{show}\n__attribute__((noinline)) int strong(void) __asm__(\"hook\");\n{}",
        strong.replace("int hook", "int strong")
    );
    expect(
        "functions",
        &[
            ("a changed function that stays", missing, Some(Fault::Missing)),
            ("a function that is not gone", gone, Some(Fault::Missing)),
            ("a function that gives way to a weak one", weak_instead, Some(Fault::Missing)),
            ("a function that is gone", without_weak, None),
            ("a static function with the name of a weak one", of_static, None),
            ("a function of nobody", extra, Some(Fault::Content)),
            ("two functions", both, None),
            ("two functions for each other", swapped, Some(Fault::Content)),
            ("the weak one", overridden, Some(Fault::Content)),
            ("the strong one", strongest, None),
        ],
    )
}
