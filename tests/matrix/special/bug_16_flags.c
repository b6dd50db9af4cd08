// The flags of a bug entry with a format (7.0 and later).
//#section: __bug_table flags
//#changed: warn bug-table
#include "special.h"
#ifdef PATCHED
#define FLAGS 0x903
#else
#define FLAGS 0x901
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG_16(10, FLAGS) "ud2" : : "i"("drivers/a.c"), "i"("bad value"));
}
void other(int bad)
{
	if (bad)
		asm volatile(BUG_16(20, 0x901) "ud2" : : "i"("drivers/a.c"), "i"("other"));
}
