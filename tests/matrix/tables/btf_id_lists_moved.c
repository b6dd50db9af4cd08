// Two lists of types change places, each as it was.
//#unchanged
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#define ONE(number) ".local one\none:\n" ID("struct", "file", number, "")
#define TWO(number) ".local two\ntwo:\n" ID("struct", "sock", number, "")
#ifdef PATCHED
#define LISTS TWO("1") ONE("2")
#else
#define LISTS ONE("1") TWO("2")
#endif
asm(".pushsection .BTF_ids, \"a\"\n" LISTS ".popsection");
extern unsigned one[], two[];
int reg(unsigned *), unreg(unsigned *);
int init(void) { return reg(one); }
int leave(void) { return unreg(two); }
