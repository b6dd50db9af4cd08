// Seven 12-byte entries are as long as six 14-byte ones; the feature of the last one changes.
//#section: .altinstructions feature
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define FEATURE 33
#else
#define FEATURE 32
#endif
#define FIVE ALTERNATIVE_12("incl %0", "decl %0", 5)
int choose(int x)
{
	asm(FIVE FIVE FIVE FIVE FIVE FIVE ALTERNATIVE_12("xorl %0, %0", "incl %0", FEATURE) : "+r"(x));
	return x;
}
