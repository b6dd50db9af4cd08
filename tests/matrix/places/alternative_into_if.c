// A barrier that the boot patches in: for one way through the function only, or for both.
//#changed: f *
#include "special.h"
void work(int), a(int), b(int);
#define BARRIER() asm volatile(ALTERNATIVE_14(".byte 0x0f, 0x1f, 0x00", "lfence", 0x71, 0) : : : "memory")
void f(int x, int n)
{
	a(x);
	if (__builtin_expect(n > 0, 1)) {
		work(n);
#ifdef PATCHED
		BARRIER();
#endif
	}
#ifndef PATCHED
	BARRIER();
#endif
	b(x);
	a(n);
}
