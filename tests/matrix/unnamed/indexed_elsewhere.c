// Tables without names, each indexed behind a comparison with its size: who reads the others has not changed.
//#changed: letters *
//#compilers: clang
//#flags: -fjump-tables
#ifdef PATCHED
#define THIRD 'x'
#else
#define THIRD 'c'
#endif
int codes(unsigned long i)
{
	const int codes[9] = { 21, 22, 23, 24, 25, 26, 27, 28, 29 };
	return i < 9 ? codes[i] : 0;
}
int letters(unsigned long i)
{
	const int letters[7] = { 'a', 'b', THIRD, 'd', 'e', 'f', 'g' };
	return i < 7 ? letters[i] : 0;
}
int more(unsigned long i)
{
	const int more[12] = { 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42 };
	return i < 12 ? more[i] : 0;
}
