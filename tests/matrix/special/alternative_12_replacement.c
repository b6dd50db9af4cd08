// The replacement code behind 12-byte entries.
//#section: .altinstructions replacement
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_12("xorl %0, %0", "decl %0", 32)
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
