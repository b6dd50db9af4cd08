// The type that a number stands for is a union instead of a structure of the same name.
//#any-of: data ids | data .BTF_ids | changed init
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define KIND "union"
#else
#define KIND "struct"
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local ids\nids:\n" ID(KIND, "sock", "1", "") ".popsection");
extern unsigned ids[];
int reg(unsigned *);
int init(void) { return reg(ids); }
