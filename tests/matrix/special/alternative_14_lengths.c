// How much code an alternative replaces: the same code, one instruction more of it.
//#section: .altinstructions length
//#changed: choose alternative
#include "special.h"
#define FIELDS(end) "\t.2byte 9, 0\n\t.byte " end " - 771b\n\t.byte 774b - 773b\n"
#ifdef PATCHED
#define END "772b"
#else
#define END "775b"
#endif
int choose(int x)
{
	asm(ALTINSTRUCTION("xorl %0, %0\n775:\tincl %0", "incl %0", FIELDS(END)) : "+r"(x));
	return x;
}
