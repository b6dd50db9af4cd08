// Of a function whose blocks are in sections of their own, a branch leads to the other of two blocks.
//#compilers: clang
//#flags: -fbasic-block-sections=all
//#variants: plain sections
//#changed: same *
extern int step(int), fault(int), note(const char *);
#ifdef PATCHED
#define IS >
#else
#define IS <=
#endif
int same(int a)
{
	if (a IS 7) {
		note("first");
		fault(a);
	} else {
		note("second");
		step(a);
	}
	return a;
}
