// An alternative becomes one that is cut out.
//#section: .altinstructions replacement-length
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_14("xorl %0, %0", "", 32, 0)
#else
#define CHOICE ALTERNATIVE_14("xorl %0, %0", "incl %0", 32, 0)
#endif
int choose(int x)
{
	asm(CHOICE : "+r"(x));
	return x;
}
int neighbour(int x)
{
	asm(ALTERNATIVE_14("xorl %0, %0", "", 7, 0) : "+r"(x));
	return x + 1;
}
