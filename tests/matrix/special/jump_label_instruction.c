// Without the flag for objtool the instruction at a jump label counts.
//#section: __jump_table instruction
//#changed: test instruction,*
#include "special.h"
extern char key;
#ifdef PATCHED
#define CODE "1:\t.byte 0xe9\n\t.long %l[yes] - 2f\n2:\n"
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
