// The replacement jumps to another place of the same function.
//#section: .altinstructions replacement-target
//#changed: choose alternative
#include "special.h"
#ifdef PATCHED
#define TARGET "%l[second]"
#else
#define TARGET "%l[first]"
#endif
int choose(int x)
{
	asm goto(ALTERNATIVE_14("incl %0", "jmp " TARGET, 5, 0) : : "r"(x) : : first, second);
	return x;
first:
	return x + 11;
second:
	return x * 5;
}
