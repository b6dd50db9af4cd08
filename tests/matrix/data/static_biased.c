// A static table that code reaches from before its start.
//#data: table read-by=get
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int other[] = { 11, 12, 13, 14, 15, 16, 17, 18 };
static const int table[] = { 1, 2, 3, 4, LAST };
int get_other(unsigned long i) { return other[i]; }
int get(unsigned long i) { return table[i - 5]; }
