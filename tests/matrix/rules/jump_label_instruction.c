// objtool has made the jump at a jump label a NOP, or not yet.
//#rule: jump-label-instruction
//#unchanged
#include "special.h"
extern char key;
#ifdef PATCHED
#define CODE "1:\t.byte 0x0f, 0x1f, 0x44, 0, 0\n"
#else
#define CODE "1:\t.byte 0xe9\n\t.long %l[yes] - 2f\n2:\n"
#endif
int test(int x)
{
	asm goto(CODE JUMP_LABEL("%l[yes]", "%c0 + 2") : : "i"(&key) : : yes);
	return x;
yes:
	return x * 3;
}
