// Code picks from a list of types by number; two of them are exchanged.
//#any-of: data ids | data .BTF_ids | changed init | note .BTF_ids order
#define ID(kind, name, number, rest) \
	".local __BTF_ID__" kind "__" name "__" number "\n" \
	"\t.type __BTF_ID__" kind "__" name "__" number ", @object\n\t.size __BTF_ID__" kind "__" name "__" number ", 4\n" \
	"__BTF_ID__" kind "__" name "__" number ":\n\t.zero 4\n" rest
#ifdef PATCHED
#define IDS ID("struct", "task_struct", "1", "") ID("struct", "file", "2", "")
#else
#define IDS ID("struct", "file", "1", "") ID("struct", "task_struct", "2", "")
#endif
asm(".pushsection .BTF_ids, \"a\"\n.local ids\nids:\n" IDS ".popsection");
extern unsigned ids[];
int reg(unsigned);
int init(void) { return reg(ids[1]); }
