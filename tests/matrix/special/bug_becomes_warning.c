// BUG becomes WARN: other flags, and the code goes on behind it.
//#section: __bug_table flags
//#changed: check bug-table,instruction,*
#include "special.h"
int left(int);
int check(int bad)
{
	if (bad) {
#ifdef PATCHED
		asm volatile(BUG_12(10, 1) "ud2" : : "i"("drivers/a.c"));
#else
		asm volatile(BUG_12(10, 0) "ud2" : : "i"("drivers/a.c"));
		__builtin_unreachable();
#endif
	}
	return left(3);
}
