// A bug entry of 16 bytes has another line number, and another file.
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
void warn(int bad)
{
	if (bad)
		asm volatile(BUG_16(LINE, 0x901) "ud2" : : "i"(FILE), "i"("bad value"));
}
