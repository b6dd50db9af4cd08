// What the replacement code calls.
//#section: .altinstructions replacement-target
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define CHOICE ALTERNATIVE_14("call one", "call three", 32, 0)
#else
#define CHOICE ALTERNATIVE_14("call one", "call two", 32, 0)
#endif
int choose(int x)
{
	asm(CHOICE : "+r"(x));
	return x;
}
int neighbour(int x)
{
	asm(ALTERNATIVE_14("call one", "call two", 32, 0) : "+r"(x));
	return x + 1;
}
