// A static branch is taken once, or at each turn of the loop that follows.
//#changed: f *
#include "branch.h"
extern struct key tp_key;
void work(int), slow(int), b(int);
void f(int x, int n)
{
	int i = 0;
#ifndef PATCHED
	if (branch(&tp_key))
		slow(x);
#endif
	do {
#ifdef PATCHED
		if (branch(&tp_key))
			slow(x);
#endif
		work(i);
	} while (++i < n);
	b(x);
}
