// A function is added whose constant is that of another one: the compiler makes them one, under the name of either.
//#added: g
int f(unsigned int i)
{
	static const int table[] = { 1, 2, 21, 4, 5, 6, 7, 8 };
	return i < 8 ? table[i] : 5;
}
#ifdef PATCHED
int g(unsigned int i)
{
	static const int table[] = { 1, 2, 21, 4, 5, 6, 7, 8 };
	return i < 8 ? table[i] : 6;
}
#endif
