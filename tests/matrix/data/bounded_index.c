// Functions keep within their own tables: an index that is masked, compared, scaled, or shifted.
//#changed: edited constant
//#compilers: clang
//#variants: plain sections linked
struct id { unsigned short vendor, device; unsigned flags; const char *name; };
#ifdef PATCHED
#define EDIT 81
#else
#define EDIT 80
#endif
long edited(unsigned i)
{
	const struct id table[] = { { 1, 2, 7, "a" }, { 4, 5, EDIT, "b" }, { 7, 8, 9, "c" } };

	return i < 3 ? table[i].flags : 0;
}
long scaled(unsigned long i)
{
	const struct { long a, b, c; } table[] = { { 21, 2, 3 }, { 24, 5, 6 }, { 27, 8, 9 } };

	return i < 3 ? table[i].b : 0;
}
int minus(unsigned i)
{
	const short table[] = { 31, 32, 5, 34, 77, 36 };

	return i - 'a' < 6 ? table[i - 'a'] : 0;
}
int nibble(unsigned i)
{
	const int table[16] = { 51, 2, 3, 5, 7, 9, 8, 4, 3, 1, 2, 3, 4, 6, 11, 12 };

	return table[i >> 28];
}
long masked(unsigned i)
{
	const struct id table[] = { { 11, 2, 3, "a" }, { 14, 5, 6, "b" }, { 17, 8, 9, "c" }, { 1, 1, 1, "d" } };

	return table[i & 3].flags;
}
