// Of a function whose blocks are in sections of their own, an entry of a table leads to the other of two blocks: the first is
// dead then.
//#compilers: clang
//#flags: -fbasic-block-sections=all
//#variants: plain sections
//#changed: store exception-table
extern int step(int), fault(int);
#ifdef PATCHED
#define TO "%l[second]"
#else
#define TO "%l[first]"
#endif
int store(int *place, int n)
{
	asm goto("1: movl $5, (%0)\n.pushsection __ex_table, \"a\"\n.balign 4\n.long 1b - ., " TO " - ., 1\n.popsection"
		 : : "r"(place) : : first, second);
	step(n);
	return 0;
first:
	fault(n);
	return -14;
second:
	step(n + 5);
	return -22;
}
