// Two constants of one name and content, which the compiler makes one. One of them changes, so that they are two: who reads
// the other one reads what it did.
//#compilers: gcc
//#changed: f relocation
//#data-added: t.1
//#unlocated: f
#ifdef PATCHED
#define LAST 9
#else
#define LAST 8
#endif
int f(int i)
{
	static const unsigned char t[] = { 1, 2, 3, 4, 5, 6, 7, LAST, 1, 1, 1, 1, 1, 1, 1 };
	return t[i];
}
int g(int i)
{
	static const unsigned char t[] = { 1, 2, 3, 4, 5, 6, 7, 8, 1, 1, 1, 1, 1, 1, 1 };
	return t[i];
}
