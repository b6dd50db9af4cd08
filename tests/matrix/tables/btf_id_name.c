// BPF programs may call another function: no byte differs, only the name that the table's numbers are made from.
//#any-of: data ids | data .BTF_ids | changed init
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define NAME "bpf_bar"
#else
#define NAME "bpf_foo"
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local ids\nids:\n" ID("func", NAME, "1", "") ".popsection");
extern unsigned ids[];
int reg(unsigned *);
int init(void) { return reg(ids); }
