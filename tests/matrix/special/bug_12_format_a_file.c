// The format of a bug entry that has no file and line, and the format is a file's name. Kernels with
// formats tell objtool where entries are.
//#section: __bug_table format
//#changed: warn bug-table
#include "special.h"
#define BUG                                                                  \
	"781:\n\t.pushsection __bug_table, \"aw\"\n" ANNOTATE_DATA_SPECIAL      \
	"\t.long 781b - .\n\t.long %c0 - .\n\t.2byte 0x901, 0\n\t.popsection\n"
#ifdef PATCHED
#define FORMAT "main.c"
#else
#define FORMAT "init.c"
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG "ud2" : : "i"(FORMAT));
}
