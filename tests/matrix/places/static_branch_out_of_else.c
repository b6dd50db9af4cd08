// A static branch behind an `if` with `else`, or at the end of the `else` only.
//#changed: f *
#include "branch.h"
extern struct key tp_key;
void work(int), rest(int), slow(int), b(int);
int f(int x, int n)
{
	if (n > 0) {
		work(n);
	} else {
		rest(n);
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
	return n;
}
