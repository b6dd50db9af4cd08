// The flags of a bug entry without file and line.
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
		asm volatile(BUG_8(FLAGS) "ud2");
}
void other(int bad)
{
	if (bad)
		asm volatile(BUG_8(0x901) "ud2");
}
