// The feature in 13-byte entries (to 5.12).
//#section: .altinstructions feature
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_13("xorl %0, %0", "incl %0", 33, 0)
#else
#define CHOICE ALTERNATIVE_13("xorl %0, %0", "incl %0", 32, 0)
#endif
int choose(int x)
{
	asm(CHOICE : "+r"(x));
	return x;
}
int neighbour(int x)
{
	asm(ALTERNATIVE_13("xorl %0, %0", "incl %0", 7, 0) : "+r"(x));
	return x + 1;
}
