// The low bit of the key: the branch is the likely one.
//#section: __jump_table likely
//#changed: test static-key
#include "special.h"
extern char key;
#ifdef PATCHED
#define BRANCH "1"
#else
#define BRANCH "0"
#endif
int test(int x)
{
	asm goto("1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n" JUMP_LABEL("%l[yes]", "%c0 + " BRANCH) : : "i"(&key) : : yes);
	return x;
yes:
	return x * 3;
}
