// A static branch stands inside of an `if`, or behind it: who jumps over the `if` comes by it, or does not.
//#changed: f *
#include "branch.h"
extern struct key tp_key;
void work(int), slow(int), a(int), b(int), c(int);
void f(int x, int n)
{
	a(x);
	if (__builtin_expect(n > 0, 1)) {
		work(n);
#ifdef PATCHED
		if (branch(&tp_key))
			slow(x);
#endif
	}
#ifndef PATCHED
	if (branch(&tp_key))
		slow(x);
#endif
	b(x);
	c(n);
	a(n);
}
