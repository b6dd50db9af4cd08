// Another fixup.
//#section: __ex_table fixup
//#changed: load exception-table
#include "special.h"
#ifdef PATCHED
#define FIXUP "%l[second]"
#else
#define FIXUP "%l[first]"
#endif
int load(const int *p)
{
	asm goto("1:\tmovl (%0), %%eax\n" EXCEPTION(FIXUP, "1") : : "r"(p) : "eax" : first, second);
	return 0;
first:
	return 21;
second:
	return 34;
}
