// A table of nothing but BUGs, whose flags are zero, names files.
//#rule: line-number
//#unchanged
#include "special.h"
#ifdef PATCHED
#define FILE "drivers/renamed.c"
#define LINE 20
#else
#define FILE "drivers/a.c"
#define LINE 10
#endif
void stop(int bad)
{
	if (bad)
		asm volatile(BUG_12(LINE, 0) "ud2" : : "i"(FILE));
}
void halt(int bad)
{
	if (bad)
		asm volatile(BUG_12(LINE, 0) "ud2" : : "i"("drivers/b.h"));
}
