// The feature in 12-byte entries (5.13 to 6.2).
//#section: .altinstructions feature
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_12("xorl %0, %0", "incl %0", 33)
#else
#define CHOICE ALTERNATIVE_12("xorl %0, %0", "incl %0", 32)
#endif
int choose(int x)
{
	asm(CHOICE : "+r"(x));
	return x;
}
int neighbour(int x)
{
	asm(ALTERNATIVE_12("xorl %0, %0", "incl %0", 7) : "+r"(x));
	return x + 1;
}
