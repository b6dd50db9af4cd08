// A compound literal that a named pointer leads to: it is data, and the pointer's.
//#data: values read-by=get
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
const int *volatile values = (const int[]){ 1, 2, 3, 4, LAST };
const int *volatile others = (const int[]){ 11, 12, 13, 14, 15 };
int get(int i) { return values[i]; }
int get_other(int i) { return others[i]; }
