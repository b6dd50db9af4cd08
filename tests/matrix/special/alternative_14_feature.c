// The CPU feature that switches an alternative on (14-byte entries).
//#section: .altinstructions feature
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define FEATURE 33
#else
#define FEATURE 32
#endif
int choose(int x)
{
	asm(ALTERNATIVE_14("xorl %0, %0", "incl %0", FEATURE, 0) : "+r"(x));
	return x;
}
int neighbour(int x)
{
	asm(ALTERNATIVE_14("xorl %0, %0", "incl %0", 7, 0) : "+r"(x));
	return x + 1;
}
