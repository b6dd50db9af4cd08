//! What of a patch does not happen when its livepatch is loaded, or does not end.

use anyhow::{Context as _, Result, ensure};
use klp_core::elf::ElfObject;
use klp_core::livepatch::UnlinkedLivepatch;
use klp_core::record::{Note, Refused};
use klp_tests::small::{SHOW, Small, for_each_compiler};

/// The note of that code about `name`.
pub(crate) fn note<'l>(
    livepatch: &'l UnlinkedLivepatch,
    code: &str,
    name: &str,
) -> Result<&'l Note> {
    let found = livepatch.notes.iter().find(|note| note.code == code && note.name == name);
    found.with_context(|| format!("no {code} about {name} in {livepatch:#?}"))
}

pub(crate) fn codes<'l>(livepatch: &'l UnlinkedLivepatch, code: &str) -> Vec<&'l str> {
    let notes = livepatch.notes.iter().filter(|note| note.code == code);
    notes.map(|note| note.name.as_str()).collect()
}

pub(crate) fn refused<'l>(
    livepatch: &'l UnlinkedLivepatch,
    name: &str,
    why: &str,
) -> Result<&'l Refused> {
    let found = livepatch.refused.iter().find(|it| it.name == name && it.why.contains(why));
    found.with_context(|| format!("`{name}: {why}` is not in {:#?}", livepatch.refused))
}

/// `SHOW` before and after, with `before` and `after` added.
pub(crate) fn show(
    compiler: &'static str,
    before: &str,
    after: &str,
    body: &str,
) -> Result<UnlinkedLivepatch> {
    let changed = SHOW.replace("exported(\"before\");", body);
    let small = Small::new(compiler)?.object(
        "a",
        &format!("{before}\n{SHOW}"),
        &format!("{after}\n{changed}"),
    );
    small.livepatch(&[("a", "show")], false)
}

pub(crate) const AFTER: &str = "exported(\"after\");";

/// An initcall as `include/linux/init.h` makes it with relative entries.
fn initcall(function: &str, level: &str) -> String {
    format!(
        "asm(\".section .initcall{level}.init, \\\"a\\\"; .long {function} - .; .previous\");\n"
    )
}

fn setting_up(variable: &str) -> String {
    format!(
        "static int {variable}; __attribute__((section(\".init.text\"), used, noinline)) static void helper_of_init(void) \
         {{ {variable} = 5; }} __attribute__((section(\".init.text\"), used)) static int set_up(void) \
         {{ helper_of_init(); return 0; }}\n"
    )
}

#[test]
fn a_module_without_functions() -> Result<()> {
    for_each_compiler("a_module_without_functions", |compiler| {
        let after = format!("{SHOW}\nint added(int n) {{ return n + 1; }}");
        let small = Small::new(compiler)?.object("a", SHOW, &after);
        for force in [false, true] {
            let livepatch = small.livepatch(&[], force)?;
            refused(&livepatch, "livepatch", "changes no function of the running kernel")?;
        }
        Ok(())
    })
}

/// objtool seals the ENDBR of what nobody calls by its address, and does not look into the table of new functions.
#[test]
fn callbacks_are_called_by_their_address() -> Result<()> {
    const UNSEALED: &[u8] = b".discard.ibt_endbr_noseal";
    for_each_compiler("callbacks_are_called_by_their_address", |compiler| {
        let added = "static int klp_pre_patch(void *object) { return !object; }\n\
             static int (*__klp_pre_patch_callback_vmlinux)(void *) \
             __attribute__((used, section(\".discard.klp_callback_ptrs\"))) = klp_pre_patch;";
        let livepatch = show(compiler, "", added, AFTER)?;
        assert_eq!(livepatch.refused, []);
        let [part] = livepatch.parts.as_slice() else { anyhow::bail!("{livepatch:#?}") };
        let elf = ElfObject::parse(&part.bytes)?;
        let section = elf.sections.iter().find(|section| section.name == UNSEALED);
        let relocs = &section.context("its callback is sealed")?.relocs;
        ensure!(relocs.iter().count() == 1, "not one function: {relocs:?}");

        let livepatch = show(compiler, "", "", AFTER)?;
        let [part] = livepatch.parts.as_slice() else { anyhow::bail!("{livepatch:#?}") };
        let elf = ElfObject::parse(&part.bytes)?;
        ensure!(elf.sections.iter().all(|section| section.name != UNSEALED), "what is replaced");
        Ok(())
    })
}

/// A callback that livepatch has not is none that may be left out.
#[test]
fn callbacks_of_another_kind_are_refused() -> Result<()> {
    for_each_compiler("callbacks_of_another_kind_are_refused", |compiler| {
        let added = "static void ready(void *object) { (void)object; }\n\
             static void (*__klp_transition_callback_vmlinux)(void *) \
             __attribute__((used, section(\".discard.klp_callback_ptrs\"))) = ready;";
        let livepatch = show(compiler, "", added, AFTER)?;
        refused(&livepatch, "a.o", "of no callback that livepatch has").map(drop)
    })
}

/// A field with a relocation says nothing of the other one of the same instruction.
#[test]
fn what_code_reads_beside_itself() -> Result<()> {
    for_each_compiler("what_code_reads_beside_itself", |compiler| {
        let text = |result: &str| {
            format!(
                "void exported(const char *text);\n\
                 asm(\".section .sched.text, \\\"ax\\\"\\nplace: .quad 0\\n.text\");\n\
                 __attribute__((section(\".sched.text\"))) int show(int n) {{ \
                 asm volatile(\"cmpq $exported, place(%rip)\"); return {result}; }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &text("n + 1"), &text("n + 2"));
        let livepatch = small.livepatch(&[("a", "show")], false)?;
        refused(&livepatch, "show", "that has no relocation").map(drop)
    })
}

#[test]
fn initcalls() -> Result<()> {
    for_each_compiler("initcalls", |compiler| {
        let function = setting_up("other");
        let added = format!("{function}{}", initcall("set_up", "7"));
        let livepatch = show(compiler, "", &added, AFTER)?;
        assert_eq!(livepatch.refused, []);
        ensure!(note(&livepatch, "initcall", "set_up")?.why.contains("makes it a late_initcall"));

        let before = format!("{function}{}", initcall("set_up", "6"));
        let livepatch = show(compiler, &before, &added, AFTER)?;
        let why = &note(&livepatch, "initcall", "set_up")?.why;
        ensure!(why.contains("a late_initcall of this device_initcall"), "{why}");
        let livepatch = show(compiler, &before, &function, AFTER)?;
        ensure!(
            note(&livepatch, "initcall", "set_up")?.why.contains("takes this device_initcall away")
        );
        let livepatch = show(compiler, &before, &before, AFTER)?;
        assert_eq!(codes(&livepatch, "initcall"), [""; 0]);

        // What the livepatch uses is set up by a function that the initcall calls.
        let uses = "exported(\"after\"); count += other;";
        let livepatch = show(compiler, "", &added, uses)?;
        refused(&livepatch, "set_up", "late_initcall that the patch adds")?;
        refused(&livepatch, "set_up", "other would stay as in the source")?;
        Ok(())
    })
}

/// With optimization at link time an initcall is called by a stub, whose name has a counter and a line in it.
#[test]
fn initcalls_through_stubs() -> Result<()> {
    let stub = |counter: &str, level: &str| {
        let name = format!("__initstub__kmod_a__{counter}_27_set_up{level}");
        let call = initcall(&name, level);
        let function = format!("int {name}(void) {{ return set_up(); }}");
        format!("__attribute__((section(\".init.text\"))) {function}\n{call}")
    };
    let with = |stub: &str| format!("{}{stub}", setting_up("other"));
    for_each_compiler("initcalls_through_stubs", |compiler| {
        let before = with(&stub("344", "6"));
        let livepatch = show(compiler, &before, &with(&stub("346", "6")), AFTER)?;
        assert_eq!(codes(&livepatch, "initcall"), [""; 0]);
        let livepatch = show(compiler, &before, &with(&stub("346", "7")), AFTER)?;
        let why = &note(&livepatch, "initcall", "set_up")?.why;
        ensure!(why.contains("a late_initcall of this device_initcall"), "{why}");
        let livepatch = show(compiler, &with(""), &before, AFTER)?;
        ensure!(note(&livepatch, "initcall", "set_up")?.why.contains("makes it a device_initcall"));
        Ok(())
    })
}

#[test]
fn parameters() -> Result<()> {
    for_each_compiler("parameters", |compiler| {
        let added = "static int quiet;
            static int __attribute__((section(\".init.text\"), used)) quiet_setup(char *s) { quiet = 1; return 1; }
            static const char __setup_str_quiet_setup[] __attribute__((section(\".init.rodata\"), used)) = \"quiet=\";
            static struct { const char *str; int (*setup)(char *); int early; } __setup_quiet_setup
                __attribute__((section(\".init.setup\"), used)) = { __setup_str_quiet_setup, quiet_setup, 0 };
            static const void *__param_digits __attribute__((section(\"__param\"), used)) = &quiet;";
        let livepatch = show(compiler, "", added, "exported(\"after\"); count += quiet;")?;
        assert_eq!(livepatch.refused, []);
        let why = &note(&livepatch, "setup", "quiet=")?.why;
        ensure!(why.contains("quiet_setup() read it from the kernel's command line"), "{why}");
        ensure!(note(&livepatch, "parameter", "digits")?.why.contains("adds this parameter"));
        let livepatch = show(compiler, added, added, AFTER)?;
        assert_eq!(codes(&livepatch, "setup").len() + codes(&livepatch, "parameter").len(), 0);
        Ok(())
    })
}

#[test]
fn init_that_is_taken_away() -> Result<()> {
    for_each_compiler("init_that_is_taken_away", |compiler| {
        let kept = "int list(int n) { asm volatile(\"\"); return n + 3; }";
        let freed = format!("__attribute__((section(\".init.text\"))) {kept}");
        let livepatch = show(compiler, &freed, kept, AFTER)?;
        ensure!(note(&livepatch, "freed", "list")?.why.contains("takes it out of .init.text"));
        assert_eq!(codes(&show(compiler, &freed, &freed, AFTER)?, "freed"), [""; 0]);
        // What is in `.exit.text` never ran.
        let exit = |number: u8| {
            format!(
                "__attribute__((section(\".exit.text\"))) int leave(void) {{ return {number}; }}"
            )
        };
        let small = Small::new(compiler)?.object("a", &exit(1), &exit(2));
        let livepatch = small.livepatch(&[("a", "leave")], false)?;
        refused(&livepatch, "leave", "built into the kernel has no exit")?;
        Ok(())
    })
}

/// A thread that never returns keeps livepatch waiting.
#[test]
fn functions_of_kernel_threads() -> Result<()> {
    for_each_compiler("functions_of_kernel_threads", |compiler| {
        let source = |text: &str| {
            format!(
                "void exported(const char *);
                 void *kthread_create_on_node(int (*)(void *), void *, int, const char *);
                 static int __attribute__((noinline)) reap(void *data) {{ for (;;) exported(\"{text}\"); }}
                 static int __attribute__((noinline)) once(void *data) {{ exported(\"{text}\"); return 0; }}
                 int start(void) {{ return !kthread_create_on_node(reap, 0, 0, \"reaper\"); }}
                 int run(void) {{ return once(0); }}\n"
            )
        };
        let starter = "void *kthread_create_on_node(void) { return 0; }";
        let small = Small::new(compiler)?
            .object("a", &source("before"), &source("after"))
            .object("b", starter, starter);
        let livepatch = small.livepatch(&[("a", "reap"), ("a", "once")], false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(codes(&livepatch, "thread"), ["reap"]);
        ensure!(note(&livepatch, "thread", "reap")?.why.starts_with("start starts a thread"));
        Ok(())
    })
}

#[test]
fn functions_that_nobody_leaves() -> Result<()> {
    for_each_compiler("functions_that_nobody_leaves", |compiler| {
        let keep = "__attribute__((noinline)) void";
        let source = |text: &str| {
            format!(
                "void exported(const char *);
                 static {keep} work(void) {{ for (;;) exported(\"{text}\"); }}
                 static {keep} ends(int *n) {{ while (*(volatile int *)n) exported(\"{text}\"); }}
                 static {keep} stops(void) {{ exported(\"{text}\"); __builtin_trap(); }}
                 {keep} schedule(void) {{ exported(\"{text}\"); }}
                 int start(int *n) {{ ends(n); if (*n) stops(); work(); return 0; }}\n"
            )
        };
        let small = Small::new(compiler)?.object("a", &source("before"), &source("after"));
        let changed = ["work", "ends", "stops", "schedule"].map(|name| ("a", name));
        let livepatch = small.livepatch(&changed, false)?;
        assert_eq!(livepatch.refused, []);
        assert_eq!(codes(&livepatch, "thread"), ["schedule", "work"]);
        Ok(())
    })
}

/// What the kernel holds in a variable is not in one of another type and name that takes its place.
#[test]
fn a_variable_in_the_place_of_another() -> Result<()> {
    for_each_compiler("a_variable_in_the_place_of_another", |compiler| {
        let before = "static int used; int use(int n) { used += n; return used; }";
        let after = "static long taken; int use(int n) { taken += n; return taken; }";
        let livepatch = show(compiler, before, after, AFTER)?;
        assert_eq!(livepatch.refused, []);
        ensure!(note(&livepatch, "state", "used")?.why.contains("taken"), "{livepatch:#?}");
        // One that nobody needs any more is no loss.
        let after = "int use(int n) { return n; }";
        assert_eq!(codes(&show(compiler, before, after, AFTER)?, "state"), [""; 0]);
        Ok(())
    })
}

#[test]
fn new_tracepoints() {
    use klp_core::diff::Changes;
    use klp_core::livepatch::data_verdict;
    use klp_core::record::{Change, ChangedData};
    let data = |name: Option<&str>, section: &str, change| ChangedData {
        object: "fs/locks.o".to_owned(),
        linked: None,
        name: name.map(str::to_owned),
        section: section.to_owned(),
        change,
        aliases: Vec::new(),
        read_by: Vec::new(),
        causes: Vec::new(),
    };
    let mut changes = Changes::default();
    changes.data = vec![
        data(Some("__tracepoint_klp_lock"), "__tracepoints", Change::Added),
        data(None, "__tracepoints_ptrs", Change::Changed),
    ];
    let names = |changes: &Changes| -> Vec<(String, bool)> {
        let refused = data_verdict(changes).into_iter();
        refused.map(|refused| (refused.name, refused.why.contains("callback"))).collect()
    };
    assert_eq!(names(&changes), [("klp_lock".to_owned(), false)]);
    changes.data = vec![data(Some("print_fmt_klp_lock"), ".data", Change::Changed)];
    assert_eq!(names(&changes), [("klp_lock".to_owned(), false)]);
    changes.data = vec![data(None, "__tracepoints_ptrs", Change::Changed)];
    // Nobody can set what has no name.
    assert_eq!(names(&changes), [("__tracepoints_ptrs".to_owned(), false)]);
}

/// No livepatch can add to the list by which messages are turned on.
#[test]
fn new_classes_of_debug_messages() -> Result<()> {
    for_each_compiler("new_classes_of_debug_messages", |compiler| {
        let class = |name: &str| {
            format!(
                "static long {name} __attribute__((section(\"__dyndbg_classes\"), used)) = 1;\n"
            )
        };
        let livepatch = show(compiler, &class("old"), &(class("old") + &class("fresh")), AFTER)?;
        assert_eq!(livepatch.refused, []);
        note(&livepatch, "debug-class", "fresh")?;
        assert_eq!(codes(&livepatch, "debug-class").len(), 1);
        Ok(())
    })
}

/// The kernel walks the list that was linked into it.
#[test]
fn entries_of_a_list_that_the_linker_gathers() -> Result<()> {
    for_each_compiler("entries_of_a_list_that_the_linker_gathers", |compiler| {
        // As `DECLARE_PCI_FIXUP_SECTION` of include/linux/pci.h makes them.
        let quirk = |device: u32, number: u32| {
            format!(
                "static void quirk_{number}(void) {{ asm volatile(\"nop\"); }}\n\
                 static void (*const keeps_{number})(void) __attribute__((section(\".discard.addressable\"), used)) = quirk_{number};\n\
                 asm(\".section .pci_fixup_final, \\\"a\\\"; .balign 16; .short 1, {device}; .long 0, 0; \
                 .long quirk_{number} - .; .previous\");\n"
            )
        };
        let one = quirk(7, 1);
        let whys = |before: &str, after: &str| -> Result<Vec<String>> {
            let livepatch = show(compiler, before, after, AFTER)?;
            let notes = livepatch.notes.iter().filter(|note| note.code == "list");
            Ok(notes.map(|note| format!("{}: {}", note.name, note.why)).collect())
        };
        let told = |before: &str, after: &str, what: &str| -> Result<()> {
            let whys = whys(before, after)?;
            let start = format!(".pci_fixup_final: the patch {what}, which");
            ensure!(matches!(&*whys, [why] if why.starts_with(&start)), "no {what} in {whys:?}");
            Ok(())
        };
        assert_eq!(whys(&one, &one)?, [""; 0]);
        told("", &one, "adds to this list")?;
        told(&one, &(one.clone() + &quirk(9, 2)), "changes what this object gives to this list")?;
        told(&one, &quirk(9, 1), "changes what this object gives to this list")?;
        told(&one, "", "takes from this list")
    })
}

/// modprobe reads the file of the module.
#[test]
fn what_a_module_says_to_modprobe() -> Result<()> {
    for_each_compiler("what_a_module_says_to_modprobe", |compiler| {
        let says = |text: &str, number: u32| {
            format!(
                "static const char said_{number}[] __attribute__((section(\".modinfo\"), used)) = \"{text}\";\n"
            )
        };
        let before = says("alias=fs-old", 1) + &says("author=Somebody", 2);
        let after = says("ext4.alias=fs-new", 1) + &says("author=Nobody", 2);
        let livepatch = show(compiler, &before, &after, AFTER)?;
        assert_eq!(codes(&livepatch, "modinfo"), ["alias=fs-old", "ext4.alias=fs-new"]);
        ensure!(note(&livepatch, "modinfo", "alias=fs-old")?.why.contains("takes this away"));
        assert_eq!(codes(&show(compiler, &before, &before, AFTER)?, "modinfo"), [""; 0]);
        Ok(())
    })
}
