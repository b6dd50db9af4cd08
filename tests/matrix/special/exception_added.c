// An entry more: an instruction that may fault now.
//#section: __ex_table presence
//#changed: load exception-table
#include "special.h"
#ifdef PATCHED
#define ENTRY EXCEPTION("2b", "1")
#else
#define ENTRY
#endif
int load(const int *p)
{
	int value = 0;
	asm volatile("1:\tmovl (%1), %0\n2:\n" ENTRY : "+r"(value) : "r"(p));
	return value;
}
int other(const int *p)
{
	int value = 0;
	asm volatile("1:\tmovl (%1), %0\n2:\n" EXCEPTION("2b", "1") : "+r"(value) : "r"(p));
	return value + 1;
}
