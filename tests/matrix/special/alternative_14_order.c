// Two alternatives for the same code, in the other order: the later one wins.
//#section: .altinstructions order
//#changed: choose alternative
#include "special.h"
#define ENTRY(feature, from, to) \
	"\t.long 771b - .\n\t.long " from "b - .\n\t.2byte " feature ", 0\n\t.byte 772b - 771b\n\t.byte " to "b - " from "b\n"
#ifdef PATCHED
#define ENTRIES ENTRY("8", "774", "775") ENTRY("7", "773", "774")
#else
#define ENTRIES ENTRY("7", "773", "774") ENTRY("8", "774", "775")
#endif
int choose(int x)
{
	asm("771:\txorl %0, %0\n772:\n"
	    "\t.pushsection .altinstr_replacement, \"ax\"\n773:\tincl %0\n774:\tdecl %0\n775:\n\t.popsection\n"
	    "\t.pushsection .altinstructions, \"a\"\n" ENTRIES "\t.popsection\n" : "+r"(x));
	return x;
}
