// The flags of a verbose bug entry without a format: WARN becomes WARN_ONCE.
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
		asm volatile(BUG_12(10, FLAGS) "ud2" : : "i"("drivers/a.c"));
}
void other(int bad)
{
	if (bad)
		asm volatile(BUG_12(20, 0x901) "ud2" : : "i"("drivers/a.c"));
}
