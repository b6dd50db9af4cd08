// A static table that code reaches from before its start. Plain, the address can mean any object of
// .rodata, so who reads the table is not known; with sections it is.
//#variants: plain sections
//#data[sections]: table read-by=get
//#data[plain]: table
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int table[] = { 1, 2, 3, 4, LAST };
static const int other[] = { 11, 12, 13, 14, 15, 16, 17, 18 };
int get_other(unsigned long i) { return other[i]; }
int get(unsigned long i)
{
	int value;
	asm("movl %c1-20(, %2, 4), %0" : "=r"(value) : "i"(table), "r"(i));
	return value;
}
