// A barrier in front of a static branch, or behind it.
//#changed: f *
#include "branch.h"
extern struct key key;
extern int table[];
#define BARRIER() asm volatile(ALTERNATIVE_14(".byte 0x0f, 0x1f, 0x00", "lfence", 0x71, 0) : : : "memory")
int f(unsigned i)
{
	if (i >= 16)
		return -1;
#ifndef PATCHED
	BARRIER();
#endif
	if (branch(&key))
		return 7;
#ifdef PATCHED
	BARRIER();
#endif
	return table[i];
}
