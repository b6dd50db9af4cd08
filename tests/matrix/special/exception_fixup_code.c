// Code in .fixup (to 5.15) that only the exception table leads to.
//#section: __ex_table fixup
//#changed: load instruction
#include "special.h"
#ifdef PATCHED
#define ERROR "$-5"
#else
#define ERROR "$-14"
#endif
#define FIXED(error) \
	"1:\tmovl (%1), %0\n2:\n" \
	"\t.pushsection .fixup, \"ax\"\n3:\tmovl " error ", %0\n\tjmp 2b\n\t.popsection\n" \
	EXCEPTION("3b", "handle_default - .")
int load(const int *p)
{
	int value = 0;
	asm volatile(FIXED(ERROR) : "+r"(value) : "r"(p));
	return value;
}
int other(const int *p)
{
	int value = 0;
	asm volatile(FIXED("$-14") : "+r"(value) : "r"(p));
	return value + 1;
}
