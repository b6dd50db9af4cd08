// The same, but that what both read is another constant now.
//#any-of: changed f | data table.0 | data f.table | data g.table
//#added: g
//#may: changed f
//#may: data-added g.table
//#may: data-removed f.table
#ifdef PATCHED
#define THIRD 22
#else
#define THIRD 21
#endif
int f(unsigned int i)
{
	static const int table[] = { 1, 2, THIRD, 4, 5, 6, 7, 8 };
	return i < 8 ? table[i] : 5;
}
#ifdef PATCHED
int g(unsigned int i)
{
	static const int table[] = { 1, 2, THIRD, 4, 5, 6, 7, 8 };
	return i < 8 ? table[i] : 6;
}
#endif
