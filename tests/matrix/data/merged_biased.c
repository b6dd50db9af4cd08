// A named constant that Clang puts into a merged section, reached from before its start.
//#variants: plain sections
//#data: table
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int table[] = { 1, 2, 3, LAST };
static const int other[] = { 11, 12, 13, 14 };
int get_other(unsigned long i) { return other[i] + table[i]; }
int get(unsigned long i)
{
	int value;
	asm("movl %c1-16(, %2, 4), %0" : "=r"(value) : "i"(table), "r"(i));
	return value;
}
