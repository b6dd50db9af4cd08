// A NOP that an entry refers to is no padding: its length says how long the jump will be.
//#section: __jump_table instruction
//#changed: test static-key
#include "special.h"
extern char key;
#ifdef PATCHED
#define CODE "1:\t.byte 0x66, 0x90\n"
#else
#define CODE "1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n"
#endif
int test(int x)
{
	asm goto(CODE JUMP_LABEL("%l[yes]", "%c0") : : "i"(&key) : : yes);
	return x;
yes:
	return x * 3;
}
