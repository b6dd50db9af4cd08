// What describes a place for reports of undefined behaviour has no name, and is also there for a check that the compiler
// took away again: nothing refers to that, and it is no part of what stands before it.
//#flags: -fsanitize=shift -fsanitize=bounds
//#compilers: gcc
//#added: stranger
//#data-added: stranger_table
//#may: data-added .data
//#may: data-added .data..Lubsan_data2
//#may: data-added .data..Lubsan_type1
//#may: data-added .data..Lubsan_type2
extern void use(const void *what, long number);
static int limits[32];

#ifdef PATCHED
static const char *const stranger_table[] = { "zero", "one", "two" };

long stranger(long n)
{
	if (n >= 0 && n < 3)
		use(stranger_table[n], n);
	return n;
}
#endif

int first(unsigned int n, int by)
{
	use(limits, limits[n] << by);
	return limits[n + 1];
}

int second(unsigned int n, int by)
{
	use(limits, limits[n] >> by);
	return limits[n + 2];
}
