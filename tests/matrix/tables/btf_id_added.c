// One more function that BPF programs may call.
//#any-of: data my_kfuncs | data .BTF_ids | data-added .BTF_ids | changed init
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define MORE ID("func", "bpf_bar", "2", "\t.long 2\n")
#else
#define MORE
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local my_kfuncs\nmy_kfuncs:\n\t.zero 4\n\t.long 1\n" ID("func", "bpf_foo", "1", "\t.long 2\n") MORE ".popsection");
extern unsigned my_kfuncs[];
int reg(unsigned *);
int init(void) { return reg(my_kfuncs); }
