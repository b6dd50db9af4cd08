// A tracepoint, which is a static branch to a static call, inside of an `if` or behind it.
//#changed: f *
#include "branch.h"
extern struct key tp_key;
void work(int), a(int), b(int);
static inline __attribute__((always_inline)) void trace(int x)
{
	if (branch(&tp_key))
		asm volatile("movl %0, %%edi\n1:\tcall __SCT__tp_func\n" STATIC_CALL_SITE("__SCK__tp_func")
			     : : "r"(x) : "rdi", "rsi", "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "memory");
}
void f(int x, int n)
{
	a(x);
	if (__builtin_expect(n > 0, 1)) {
		work(n);
#ifdef PATCHED
		trace(x);
#endif
	}
#ifndef PATCHED
	trace(x);
#endif
	b(x);
	a(n);
}
