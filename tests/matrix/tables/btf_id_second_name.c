// The second of a list of types is another one: no byte differs, only a name.
//#any-of: data ids | data .BTF_ids | changed init
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define NAME "sock"
#else
#define NAME "file"
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local ids\nids:\n" ID("struct", "task_struct", "1", "") ID("struct", NAME, "2", "") ".popsection");
extern unsigned ids[];
int reg(unsigned *);
int init(void) { return reg(ids); }
