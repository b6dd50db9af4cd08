// How much of the code is padding, which only 13-byte entries say.
//#section: .altinstructions padding
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_13("xorl %0, %0", "incl %0", 32, 1)
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
