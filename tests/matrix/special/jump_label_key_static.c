// A key that is static: another one of the same section.
//#section: __jump_table key
//#changed: test static-key
#include "special.h"
static char key_one[16] __attribute__((used, aligned(16))) = { 1 };
static char key_two[16] __attribute__((used, aligned(16))) = { 1 };
#ifdef PATCHED
#define KEY key_two
#else
#define KEY key_one
#endif
int test(int x)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL("%l[yes]", "%c0") : : "i"(&KEY) : : yes);
	return x;
yes:
	return x * 3;
}
