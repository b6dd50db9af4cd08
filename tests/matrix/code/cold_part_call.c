// Only what the cold part calls differs.
//#compilers: gcc
//#changed: work relocation
__attribute__((cold)) void complain(int), grumble(int);
int left(int);
#ifdef PATCHED
#define CALL grumble
#else
#define CALL complain
#endif
int work(int x)
{
	if (__builtin_expect(x > 100, 0)) {
		CALL(1);
		complain(x);
	}
	return left(x) + 1;
}
