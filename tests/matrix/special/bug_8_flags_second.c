// The flags of the second of two bug entries without file and line: together they are as long as one with both.
//#section: __bug_table flags
//#changed: other bug-table
#include "special.h"
#ifdef PATCHED
#define FLAGS 0x903
#else
#define FLAGS 0x901
#endif
void warn(int bad)
{
	if (bad)
		asm volatile(BUG_8(0x901) "ud2");
}
void other(int bad)
{
	if (bad)
		asm volatile(BUG_8(FLAGS) "ud2");
}
