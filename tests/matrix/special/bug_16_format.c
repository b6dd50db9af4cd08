// The format of a bug entry.
//#section: __bug_table format
//#changed: warn bug-table
#include "special.h"
#ifdef PATCHED
#define FORMAT "bad count"
#else
#define FORMAT "bad value"
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG_16(10, 0x901) "ud2" : : "i"("drivers/a.c"), "i"(FORMAT));
}
void other(int bad)
{
	if (bad)
		asm volatile(BUG_16(20, 0x901) "ud2" : : "i"("drivers/a.c"), "i"("other"));
}
