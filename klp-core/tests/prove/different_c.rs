//! Changes in C that must be found.

use crate::compile::{compile, expect_c, findings};

#[test]
fn static_branch_into_if() {
    let original = r#"struct key { int enabled; void *p; };
extern struct key tp_key;
void work(int); void slow(int); void a(int); void b(int); void c(int);
static inline __attribute__((always_inline)) int branch(struct key *k)
{
	asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"
		 ".pushsection __jump_table, \"aw\"\n"
		 ".balign 8\n .long 1b - ., %l[yes] - .\n .quad %c0 - .\n"
		 ".popsection" : : "i"(k) : : yes);
	return 0;
yes:
	return 1;
}
void f(int x, int n)
{
	a(x);
	if (__builtin_expect(n > 0, 1)) {
		work(n);
	}
	if (branch(&tp_key))
		slow(x);
	b(x);
	c(n);
	a(n);
}
"#;
    let patched = r#"struct key { int enabled; void *p; };
extern struct key tp_key;
void work(int); void slow(int); void a(int); void b(int); void c(int);
static inline __attribute__((always_inline)) int branch(struct key *k)
{
	asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"
		 ".pushsection __jump_table, \"aw\"\n"
		 ".balign 8\n .long 1b - ., %l[yes] - .\n .quad %c0 - .\n"
		 ".popsection" : : "i"(k) : : yes);
	return 0;
yes:
	return 1;
}
void f(int x, int n)
{
	a(x);
	if (__builtin_expect(n > 0, 1)) {
		work(n);
		if (branch(&tp_key))
			slow(x);
	}
	b(x);
	c(n);
	a(n);
}
"#;
    expect_c(original, patched, &[], &["f Target"]);
}

#[test]
fn smp_locks() {
    let original = r#"static inline void set(long nr, volatile unsigned long *p)
{
	asm volatile(".pushsection .smp_locks,\"a\"\n .balign 4\n .long 671f - .\n .popsection\n 671:\n lock; bts %1,%0" : "+m"(*p) : "Ir"(nr) : "memory");
}
void f(unsigned long *shared) { set(3, shared); }
"#;
    let patched = r#"static inline void set(long nr, volatile unsigned long *p)
{
	asm volatile("lock; bts %1,%0" : "+m"(*p) : "Ir"(nr) : "memory");
}
void f(unsigned long *shared) { set(3, shared); }
"#;
    expect_c(original, patched, &[], &["f Entry(\".smp_locks\")"]);
}

#[test]
fn patchable_entry() {
    let original = r"__attribute__((patchable_function_entry(5))) int dispatch(const void *ctx, const void *insn, int (*f)(const void *, const void *))
{
	return f(ctx, insn);
}
";
    let patched = r"int dispatch(const void *ctx, const void *insn, int (*f)(const void *, const void *))
{
	return f(ctx, insn);
}
";
    expect_c(original, patched, &[], &["dispatch Instruction"]);
}

#[test]
fn data_ro_after_init() {
    let original = r#"static int limit __attribute__((section(".data..read_mostly"))) = 5;
int get(void) { return *(volatile int *)&limit; }
void set(int v) { *(volatile int *)&limit = v; }
"#;
    let patched = r#"static int limit __attribute__((section(".data..ro_after_init"))) = 5;
int get(void) { return *(volatile int *)&limit; }
void set(int v) { *(volatile int *)&limit = v; }
"#;
    expect_c(original, patched, &[], &["limit Section"]);
}

#[test]
fn data_initconst() {
    let original = r#"static const int table[4] __attribute__((section(".init.rodata"))) = { 3, 1, 4, 1 };
int get(int i) { return ((const volatile int *)table)[i]; }
"#;
    let patched = r"static const int table[4] = { 3, 1, 4, 1 };
int get(int i) { return ((const volatile int *)table)[i]; }
";
    expect_c(original, patched, &[], &["table Section"]);
}

#[test]
fn data_other_table() {
    let original = r#"struct fixup { unsigned short vendor, device; int class; void (*hook)(void); };
void quirk(void);
static const struct fixup __pci_fixup_quirk __attribute__((used, section(".pci_fixup_early"), aligned(8))) = { 0x8086, 0x1234, ~0, quirk };
"#;
    let patched = r#"struct fixup { unsigned short vendor, device; int class; void (*hook)(void); };
void quirk(void);
static const struct fixup __pci_fixup_quirk __attribute__((used, section(".pci_fixup_final"), aligned(8))) = { 0x8086, 0x1234, ~0, quirk };
"#;
    expect_c(original, patched, &[], &["__pci_fixup_quirk Section"]);
}

#[test]
fn data_alignment() {
    let original = r#"static unsigned long pair[2] __attribute__((aligned(16)));
int f(unsigned long a, unsigned long b)
{
	unsigned long d = 0, e = 0; char z;
	asm volatile("lock cmpxchg16b %0; setz %1" : "+m"(*(__int128 *)pair), "=q"(z), "+a"(d), "+d"(e) : "b"(a), "c"(b));
	return z;
}
"#;
    let patched = r#"static unsigned long pair[2]  __attribute__((aligned(8)));
int f(unsigned long a, unsigned long b)
{
	unsigned long d = 0, e = 0; char z;
	asm volatile("lock cmpxchg16b %0; setz %1" : "+m"(*(__int128 *)pair), "=q"(z), "+a"(d), "+d"(e) : "b"(a), "c"(b));
	return z;
}
"#;
    expect_c(original, patched, &[], &["pair Alignment"]);
}

#[test]
fn initcall_order() {
    let original = r#"int a(void); int b(void);
#define INITCALL(fn, id) asm(".section \".initcall6.init\", \"a\"\n__initcall__kmod_x__" #id "_10_" #fn "6:\n .long " #fn " - .\n.previous");
int a(void) { return 1; }
int b(void) { return 2; }
INITCALL(a, 1)
INITCALL(b, 2)
"#;
    let patched = r#"int a(void); int b(void);
#define INITCALL(fn, id) asm(".section \".initcall6.init\", \"a\"\n__initcall__kmod_x__" #id "_10_" #fn "6:\n .long " #fn " - .\n.previous");
int a(void) { return 1; }
int b(void) { return 2; }
INITCALL(b, 1)
INITCALL(a, 2)
"#;
    expect_c(original, patched, &[], &[".initcall6.init Order"]);
}

#[test]
fn behind_symbol_end() {
    let original = r#"asm(".pushsection .rodata\n.balign 8\n.type tab,@object\n.globl tab\ntab: .quad 1\n.size tab,8\n .quad 0, 5\n.popsection");
extern const long tab[];
long f(void) { return tab[1]; }
"#;
    let patched = r#"asm(".pushsection .rodata\n.balign 8\n.type tab,@object\n.globl tab\ntab: .quad 1\n.size tab,8\n .quad 5, 0\n.popsection");
extern const long tab[];
long f(void) { return tab[1]; }
"#;
    expect_c(original, patched, &[], &[".rodata Content"]);
}

#[test]
fn table_more_zero() {
    let original = r#"asm(".pushsection .init.mytab,\"a\"\n .long 5\n .popsection");
int x;
"#;
    let patched = r#"asm(".pushsection .init.mytab,\"a\"\n .long 5\n .long 0\n .popsection");
int x;
"#;
    expect_c(original, patched, &[], &[".init.mytab Size"]);
}

#[test]
fn cycle_long_c() {
    let original = r#"struct node { const struct node *next; long v; };
static const struct node descriptor, _rs, __flags, __key, __warned, __already_done;
static const struct node descriptor = { &_rs, 1 };
static const struct node _rs = { &__flags, 2 };
static const struct node __flags = { &__key, 3 };
static const struct node __key = { &__warned, 4 };
static const struct node __warned = { &__already_done, 5 };
static const struct node __already_done = { &descriptor, 6 };
long f(int n) { const struct node *p = &descriptor; asm("" : "+r"(p)); while (n--) p = p->next; return p->v; }
"#;
    let patched = r#"struct node { const struct node *next; long v; };
static const struct node descriptor, _rs, __flags, __key, __warned, __already_done;
static const struct node descriptor = { &_rs, 1 };
static const struct node _rs = { &__flags, 2 };
static const struct node __flags = { &__key, 3 };
static const struct node __key = { &__warned, 99 };
static const struct node __warned = { &__already_done, 5 };
static const struct node __already_done = { &descriptor, 6 };
long f(int n) { const struct node *p = &descriptor; asm("" : "+r"(p)); while (n--) p = p->next; return p->v; }
"#;
    expect_c(original, patched, &[], &["f Content"]);
}

#[test]
fn btf_id_flags() {
    let original = r#"asm(".pushsection .BTF_ids,\"a\"\n"
    ".local my_kfuncs\n my_kfuncs:\n .zero 4\n .long 1\n"
    ".local __BTF_ID__func__bpf_foo__1\n"
    ".type __BTF_ID__func__bpf_foo__1, @object\n .size __BTF_ID__func__bpf_foo__1, 4\n"
    "__BTF_ID__func__bpf_foo__1:\n .zero 4\n .long (1 << 1)\n"
    ".popsection");
struct set8 { unsigned cnt, flags; };
extern struct set8 my_kfuncs;
struct kset { void *owner; struct set8 *set; };
static const struct kset kset = { 0, &my_kfuncs };
int reg(int, const struct kset *);
int init(void) { return reg(1, &kset); }
"#;
    let patched = r#"asm(".pushsection .BTF_ids,\"a\"\n"
    ".local my_kfuncs\n my_kfuncs:\n .zero 4\n .long 1\n"
    ".local __BTF_ID__func__bpf_foo__1\n"
    ".type __BTF_ID__func__bpf_foo__1, @object\n .size __BTF_ID__func__bpf_foo__1, 4\n"
    "__BTF_ID__func__bpf_foo__1:\n .zero 4\n .long (1 << 1) | (1 << 4)\n"
    ".popsection");
struct set8 { unsigned cnt, flags; };
extern struct set8 my_kfuncs;
struct kset { void *owner; struct set8 *set; };
static const struct kset kset = { 0, &my_kfuncs };
int reg(int, const struct kset *);
int init(void) { return reg(1, &kset); }
"#;
    expect_c(original, patched, &[], &[".BTF_ids Content"]);
}

#[test]
fn lfence_behind_static_branch() {
    let original = r#"struct key { int enabled; void *p; };
extern struct key k;
extern int table[];
int f(unsigned i)
{
	if (i >= 16)
		return -1;
	asm volatile("661: .byte 0x0f,0x1f,0x00\n"
		 ".pushsection .altinstructions, \"a\"\n"
		 " .long 661b - ., 663f - .\n .short 0x71, 0\n .byte 3, 3\n"
		 ".popsection\n"
		 ".pushsection .altinstr_replacement, \"ax\"\n663: lfence\n.popsection" ::: "memory");
	asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"
		 ".pushsection __jump_table, \"aw\"\n"
		 ".balign 8\n .long 1b - ., %l[yes] - .\n .quad %c0 - .\n"
		 ".popsection" : : "i"(&k) : : yes);

	return table[i];
yes:
	return 7;
}
"#;
    let patched = r#"struct key { int enabled; void *p; };
extern struct key k;
extern int table[];
int f(unsigned i)
{
	if (i >= 16)
		return -1;
	asm goto("1: .byte 0x0f,0x1f,0x44,0x00,0x00\n"
		 ".pushsection __jump_table, \"aw\"\n"
		 ".balign 8\n .long 1b - ., %l[yes] - .\n .quad %c0 - .\n"
		 ".popsection" : : "i"(&k) : : yes);
	asm volatile("661: .byte 0x0f,0x1f,0x00\n"
		 ".pushsection .altinstructions, \"a\"\n"
		 " .long 661b - ., 663f - .\n .short 0x71, 0\n .byte 3, 3\n"
		 ".popsection\n"
		 ".pushsection .altinstr_replacement, \"ax\"\n663: lfence\n.popsection" ::: "memory");

	return table[i];
yes:
	return 7;
}
"#;
    expect_c(original, patched, &[], &["f Instruction"]);
}

#[test]
fn alias_that_becomes_a_variable() {
    let original = "int low = 5; extern int ticks __attribute__((alias(\"low\")));
int f(void) { return ticks; } void g(int v) { low = v; }";
    let patched = "int low = 5; int ticks = 5;
int f(void) { return ticks; } void g(int v) { low = v; }";
    for compiler in ["gcc", "clang-19"] {
        let one = compile(compiler, "c", original, &[]);
        let other = compile(compiler, "c", patched, &[]);
        assert_eq!(findings(&one, &other).len(), 1, "{:?}", findings(&one, &other));
    }
}

#[test]
fn statics_that_change_places() {
    let source = |one: &str, other: &str| {
        format!(
            "void lock(int *); static int alloc_fast, alloc_slow;
void fast_path(void) {{ lock(&{one}); }} void slow_path(int n) {{ lock(&{other}); lock(&n); }}"
        )
    };
    let (one, other) = (source("alloc_fast", "alloc_slow"), source("alloc_slow", "alloc_fast"));
    expect_c(&one, &other, &[], &["fast_path Target", "slow_path Target"]);
}
