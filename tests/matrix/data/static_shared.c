// A static table that two functions read.
//#data: table read-by=first,second
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int table[] = { 1, 2, 3, 4, LAST };
static const int other[] = { 11, 12, 13, 14, 15 };
int first(unsigned i) { return table[i]; }
int second(unsigned i) { return table[i] + 1; }
int third(unsigned i) { return other[i]; }
