// How much of the replacement is used: the same bytes, one instruction more of them.
//#section: .altinstructions replacement-length
//#changed: choose alternative
#include "special.h"
#define FIELDS(end) "\t.2byte 9, 0\n\t.byte 772b - 771b\n\t.byte " end " - 773b\n"
#ifdef PATCHED
#define END "774b"
#else
#define END "775b"
#endif
int choose(int x)
{
	asm(ALTINSTRUCTION("xorl %0, %0\n\tincl %0", "incl %0\n775:\tdecl %0", FIELDS(END)) : "+r"(x));
	return x;
}
