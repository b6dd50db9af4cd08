// A jump label leads elsewhere, in a table of Linux 4.19.
//#section: __jump_table target
//#changed: test static-key
#include "special.h"
extern char key;
#ifdef PATCHED
#define TARGET "%l[second]"
#else
#define TARGET "%l[first]"
#endif
int test(int x)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL_24(TARGET, "%c0") : : "i"(&key) : : first, second);
	return x;
first:
	return x * 3;
second:
	return x + 77;
}
