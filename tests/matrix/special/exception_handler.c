// The third field: a handler (to 5.15).
//#section: __ex_table handler
//#changed: load exception-table
#include "special.h"
#ifdef PATCHED
#define HANDLER "handle_default"
#else
#define HANDLER "handle_clear"
#endif
int load(const int *p)
{
	int value = 0;
	asm volatile("1:\tmovl (%1), %0\n2:\n" EXCEPTION("2b", HANDLER " - .") : "+r"(value) : "r"(p));
	return value;
}
