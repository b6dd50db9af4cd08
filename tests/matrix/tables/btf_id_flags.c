// A kernel function that BPF programs may call takes trusted arguments only.
//#any-of: data my_kfuncs | data .BTF_ids | changed init
#ifdef PATCHED
#define FLAGS "(1 << 1) | (1 << 4)"
#else
#define FLAGS "(1 << 1)"
#endif
asm(".pushsection .BTF_ids, \"a\"\n"
    ".local my_kfuncs\nmy_kfuncs:\n\t.zero 4\n\t.long 1\n"
    ".local __BTF_ID__func__bpf_foo__1\n"
    "\t.type __BTF_ID__func__bpf_foo__1, @object\n\t.size __BTF_ID__func__bpf_foo__1, 4\n"
    "__BTF_ID__func__bpf_foo__1:\n\t.zero 4\n\t.long " FLAGS "\n"
    ".popsection");
struct set8 { unsigned cnt, flags; };
extern struct set8 my_kfuncs;
struct kset { void *owner; struct set8 *set; };
static const struct kset kset = { 0, &my_kfuncs };
int reg(int, const struct kset *);
int init(void) { return reg(1, &kset); }
