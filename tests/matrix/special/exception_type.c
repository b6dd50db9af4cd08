// The third field: type and registers (5.16 and later).
//#section: __ex_table type
//#changed: load exception-table
#include "special.h"
#ifdef PATCHED
#define TYPE "0x213"
#else
#define TYPE "0x113"
#endif
int load(const int *p)
{
	int value = 0;
	asm volatile("1:\tmovl (%1), %0\n2:\n" EXCEPTION("2b", TYPE) : "+r"(value) : "r"(p));
	return value;
}
int other(const int *p)
{
	int value = 0;
	asm volatile("1:\tmovl (%1), %0\n2:\n" EXCEPTION("2b", "0x113") : "+r"(value) : "r"(p));
	return value + 1;
}
