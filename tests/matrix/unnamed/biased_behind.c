// A constant without a name that code reaches from behind the end of the section: who reads it is the function that changed.
//#compilers: clang
//#variants: plain sections
//#changed: late constant
#ifdef PATCHED
#define FIFTH 56
#else
#define FIFTH 55
#endif
int late(long n)
{
	const int table[] = { 11, 22, 33, 44, FIFTH, 66, 77, 88, 99 };
	return table[n + 40];
}
int early(long n)
{
	const int table[] = { 12, 22, 33, 44, 55, 66, 77, 88, 99 };
	return table[n - 40];
}
