// Unnamed data that code reaches from behind its end only.
//#compilers: gcc
//#changed: count constant
#ifdef PATCHED
#define FIRST 0
#else
#define FIRST 1
#endif
static const int __key[] __asm__("__key.1") = { 11, 12, 13, 14 };
static const int __flags[] __asm__("__flags.1") = { 0, FIRST, 3, 4 };
static const int __rs[] __asm__("__rs.1") = { 21, 22, 23, 24 };
int get_other(unsigned long i) { return __key[i] + __rs[i]; }
int count(void)
{
	const int *p = __flags + 4;
	int n = 0;
	while (*--p)
		n++;
	return n;
}
