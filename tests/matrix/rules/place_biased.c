// Tables that are reached from before their start, in another order. Only sections make it certain
// which table that is.
//#variants: sections
//#rule: place
//#flags[gcc]: -fno-toplevel-reorder
//#unchanged
#define GET(table, i) ({ int v; asm("movl %c1-20(, %2, 4), %0" : "=r"(v) : "i"(table), "r"(i)); v; })
#ifdef PATCHED
static const int second[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
static const int first[] = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };
int get_second(unsigned long i) { return GET(second, i); }
int get_first(unsigned long i) { return GET(first, i); }
#else
static const int first[] = { 11, 12, 13, 14, 15, 16, 17, 18, 19 };
static const int second[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 };
int get_first(unsigned long i) { return GET(first, i); }
int get_second(unsigned long i) { return GET(second, i); }
#endif
