// The same, where the format ends as a file name does: a module after its link, without annotations.
//#section: __bug_table format
//#changed: warn bug-table
#include "special.h"
#define BUG BUG_ENTRY("\t.long %c0 - .\n\t.2byte 0x901, 0\n")
#ifdef PATCHED
#define FORMAT "look into main.c"
#else
#define FORMAT "look into init.c"
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG "ud2" : : "i"(FORMAT));
}
