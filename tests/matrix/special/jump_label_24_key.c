// A static branch tests another key, in a table of Linux 4.19.
//#section: __jump_table key
//#changed: test static-key
#include "special.h"
extern char key_one, key_two;
#ifdef PATCHED
#define KEY key_two
#else
#define KEY key_one
#endif
int test(int x)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL_24("%l[yes]", "%c0") : : "i"(&KEY) : : yes);
	return x;
yes:
	return x * 3;
}
