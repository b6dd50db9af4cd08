//! Differences that mean nothing.

use crate::compile::{SECTIONS, assemble, compile, findings};

const ORIGINAL: &str = r#"
void use(const void *, int), lock(long *);
static int data_one[] = { 1, 2, 3 };
static const char table_one[] = { 1, 2, 3 };
static int data_two[] = { 4, 5, 6 };
static long zeroed, counter = 7;
__attribute__((noinline, cold)) static void complain(int x) { use("complaint", x); use(data_two, x); }
__attribute__((noinline)) int first(int x) { use(data_one, x); use("first", table_one[x]); if (__builtin_expect(x > 100, 0)) complain(x); return x * 2; }
__attribute__((noinline)) int second(int x) { static int calls; use(data_two, x + ++calls); use("second", 2); lock(&zeroed); lock(&counter); return first(x) * 3; }
int pick(int x)
{
	switch (x) {
	case 0: return first(1);
	case 1: return second(2);
	case 2: use("two", 2); return 3;
	case 3: lock(&counter); return 4;
	case 4: return 99;
	case 5: use(table_one, 2); return 1;
	}
	return 0;
}
"#;

/// The same in another order, with a function, a variable and strings more.
const REORDERED: &str = r#"
void use(const void *, int), lock(long *);
static long counter = 7;
static int data_two[] = { 4, 5, 6 };
static long zeroed;
static const char table_one[] = { 1, 2, 3 };
static int data_one[] = { 1, 2, 3 };
static int fresh_data = 9;
int first(int), second(int);
void fresh(int x) { static int other_calls; use("fresh text", x + ++other_calls); use(&fresh_data, 1); }
__attribute__((noinline, cold)) static void complain(int x) { use("complaint", x); use(data_two, x); }
int pick(int x)
{
	switch (x) {
	case 0: return first(1);
	case 1: return second(2);
	case 2: use("two", 2); return 3;
	case 3: lock(&counter); return 4;
	case 4: return 99;
	case 5: use(table_one, 2); return 1;
	}
	return 0;
}
__attribute__((noinline)) int second(int x) { static int calls; use(data_two, x + ++calls); use("second", 2); lock(&zeroed); lock(&counter); return first(x) * 3; }
__attribute__((noinline)) int first(int x) { use(data_one, x); use("first", table_one[x]); if (__builtin_expect(x > 100, 0)) complain(x); return x * 2; }
"#;

#[test]
fn one_source_with_other_flags() {
    for compiler in ["gcc", "clang-19"] {
        let plain = compile(compiler, "c", ORIGINAL, &[]);
        for flags in [&SECTIONS[..], &["-falign-functions=64"], &SECTIONS[..1], &SECTIONS[1..]] {
            let other = compile(compiler, "c", ORIGINAL, flags);
            assert_eq!(findings(&plain, &other), [""; 0], "{compiler} {flags:?}");
            assert_eq!(findings(&other, &plain), [""; 0], "{compiler} {flags:?}");
        }
    }
}

#[test]
fn another_order_and_additions() {
    for compiler in ["gcc", "clang-19"] {
        for (one, other) in [(&[][..], &[][..]), (&SECTIONS, &SECTIONS), (&[], &SECTIONS)] {
            let one = compile(compiler, "c", ORIGINAL, one);
            let other = compile(compiler, "c", REORDERED, other);
            assert_eq!(findings(&one, &other), [""; 0], "{compiler}");
            assert_eq!(findings(&other, &one), [""; 0], "{compiler}");
        }
    }
}

#[test]
fn padding_and_branches_of_other_lengths() {
    let source = |pad: &str, jump: &str| {
        format!(
            ".globl f\n.type f,@function\nf: test %edi,%edi\n{jump} 1f\n mov $1,%eax\n ret\n{pad}\n\
             1: xor %eax,%eax\n{pad}\n ret\n.size f,.-f\n"
        )
    };
    let original = assemble(&source(".p2align 4", "je"));
    for (pad, jump) in
        [("", "je"), (".p2align 5", "je"), (".p2align 4", "je.d32"), (".nops 3", "je.d32")]
    {
        assert_eq!(findings(&original, &assemble(&source(pad, jump))), [""; 0], "{pad} {jump}");
    }
}

#[test]
fn linked_from_several_objects() {
    let folder = tempfile::tempdir().unwrap();
    let other = "static int count; void use(const char *);
int third(int x) { static const char __flags[] = \"third\"; use(__flags); return x + ++count; }";
    let link = |order: [&str; 2]| {
        let output = folder.path().join("all.o");
        let mut command = std::process::Command::new("ld");
        command.arg("-r").args(order).arg("-o").arg(&output);
        assert!(command.current_dir(folder.path()).status().unwrap().success());
        fs_err::read(output).unwrap()
    };
    fs_err::write(folder.path().join("a.o"), compile("gcc", "c", ORIGINAL, &[])).unwrap();
    fs_err::write(folder.path().join("b.o"), compile("gcc", "c", other, &[])).unwrap();
    assert_eq!(findings(&link(["a.o", "b.o"]), &link(["b.o", "a.o"])), [""; 0]);
}

#[test]
fn lines_and_files_of_bugs_do_not_count() {
    let source = |line: u32| {
        format!(
            ".globl f\n.type f,@function\nf: test %edi,%edi\n je 2f\n1: ud2\n2: ret\n.size f,.-f\n\
             .section __bug_table,\"aw\"\n.long 1b - ., 3f - .\n.word {line}, 1\n\
             .section .rodata.str1.1,\"aMS\",@progbits,1\n3: .asciz \"file{line}\"\n"
        )
    };
    assert_eq!(findings(&assemble(&source(10)), &assemble(&source(200))), [""; 0]);
}

/// The trampoline of a static call ends with `ud1 %esp,%ecx`, which control does not come to.
#[test]
fn a_static_call_is_added_behind_another() {
    let call = |name: &str| {
        format!(
            ".balign 4\n.globl __SCT__{name}\n.type __SCT__{name},@function\n__SCT__{name}: .byte 0xe9\n\
             .long {name} - (. + 4)\n.byte 0x0f, 0xb9, 0xcc\n.size __SCT__{name},.-__SCT__{name}\n"
        )
    };
    let head = ".section .static_call.text,\"ax\"\n";
    let one = format!("{head}{}", call("one"));
    assert_eq!(findings(&assemble(&one), &assemble(&format!("{one}{}", call("two")))), [""; 0]);
}
