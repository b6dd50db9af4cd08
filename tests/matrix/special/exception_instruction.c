// The entry belongs to another instruction of the function.
//#section: __ex_table instruction
//#changed: load exception-table
#include "special.h"
#ifdef PATCHED
#define CODE "\tmovl (%1), %0\n1:\taddl (%1), %0\n2:\n"
#else
#define CODE "1:\tmovl (%1), %0\n\taddl (%1), %0\n2:\n"
#endif
int load(const int *p)
{
	int value = 0;
	asm volatile(CODE EXCEPTION("2b", "1") : "+r"(value) : "r"(p));
	return value;
}
