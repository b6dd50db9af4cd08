// A function counts in the variable of its neighbour.
//#compilers: gcc
//#changed: second *
//#unlocated: second
static inline __attribute__((always_inline)) int count_one(void)
{
	static int count;
	return ++count;
}
static inline __attribute__((always_inline)) int count_two(void)
{
	static int count;
	return ++count;
}
int first(void) { return count_one(); }
int third(void) { return count_two() * 9; }
#ifdef PATCHED
int second(void) { return count_one() * 3; }
#else
int second(void) { return count_two() * 3; }
#endif
