// A key inside a structure: another member of it.
//#section: __jump_table key
//#changed: test static-key
#include "special.h"
extern struct { long pad[2]; char a[8], b[8]; } keys;
#ifdef PATCHED
#define KEY keys.b
#else
#define KEY keys.a
#endif
int test(int x)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL("%l[yes]", "%c0") : : "i"(&KEY) : : yes);
	return x;
yes:
	return x * 3;
}
