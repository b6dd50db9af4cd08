// Where each block has a section of its own, the labels are in those.
//#compilers: clang
//#flags: -fbasic-block-sections=all
//#changed: run *
extern int step(int), fault(int);
#ifdef PATCHED
#define TABLE &&one, &&two, &&two, &&four
#else
#define TABLE &&one, &&two, &&three, &&four
#endif
int run(int a, int b)
{
	static const void *const jump[] = { TABLE };

	goto *jump[a & 3];
one:
	return step(b);
two:
	return fault(b + 1);
three:
	return step(b + 2) * 2;
four:
	return b;
}
