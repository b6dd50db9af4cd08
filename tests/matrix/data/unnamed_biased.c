// The same for data without a stable name.
//#changed: get constant
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int __key[] = { 11, 12, 13, 14, 15, 16, 17, 18 };
static const int __flags[] = { 1, 2, 3, 4, LAST };
int get_other(unsigned long i) { return __key[i]; }
int get(unsigned long i) { return __flags[i - 5]; }
