// The CPU feature that switches an alternative on (14-byte entries).
//#section: .altinstructions feature
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_14("xorl %0, %0", "incl %0", 33, 0)
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
	asm(ALTERNATIVE_14("xorl %0, %0", "incl %0", 7, 0) : "+r"(x));
	return x + 1;
}
