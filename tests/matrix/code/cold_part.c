// Only the part that GCC moved to .text.unlikely differs.
//#compilers: gcc
//#changed: work cold-part
__attribute__((cold)) void complain(int);
int left(int);
#ifdef PATCHED
#define CODE 2
#else
#define CODE 1
#endif
int work(int x)
{
	if (__builtin_expect(x > 100, 0)) {
		complain(CODE);
		complain(x);
	}
	return left(x) + 1;
}
