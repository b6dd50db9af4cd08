// The format of a bug entry that has no file and line.
//#section: __bug_table format
//#changed: warn bug-table
#include "special.h"
#define BUG BUG_ENTRY("\t.long %c0 - .\n\t.2byte 0x901, 0\n")
#ifdef PATCHED
#define FORMAT "bad value"
#else
#define FORMAT "bad count"
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG "ud2" : : "i"(FORMAT));
}
