// A compound literal that code refers to without a name in between.
//#changed: get constant
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int *const values = (const int[]){ 1, 2, 3, 4, LAST };
static const int *const others = (const int[]){ 11, 12, 13, 14, 15 };
int get(int i) { return values[i]; }
int get_other(int i) { return others[i]; }
