// The numbers behind the names of types and functions are other ones: they count lists in the source.
//#unchanged
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define FIRST "13"
#define SECOND "14"
#else
#define FIRST "12"
#define SECOND "13"
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local my_kfuncs\nmy_kfuncs:\n\t.zero 4\n\t.long 1\n" ID("func", "bpf_foo", FIRST, "\t.long 2\n") ID("func", "bpf_bar", SECOND, "\t.long 4\n") ".popsection");
extern unsigned my_kfuncs[];
int reg(unsigned *);
int init(void) { return reg(my_kfuncs); }
