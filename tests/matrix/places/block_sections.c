// Each block of a function is in a section of its own, with a symbol: it is the function's.
//#compilers: clang
//#flags: -fbasic-block-sections=all
//#variants: plain sections
//#changed: same *
extern int step(int), fault(int), note(const char *);
int walk(int a, int b)
{
	int r = 0;
	for (int i = 0; i < a; i++)
		r += i == b ? fault(i) : step(i);
	return r;
}
int same(int a)
{
	if (a < 0) {
		note("negative");
#ifdef PATCHED
		return fault(a) + 1;
#else
		return fault(a);
#endif
	}
	return step(a);
}
