// Tables that are reached from before their start, in another order.
//#rule: place
//#flags[gcc]: -fno-toplevel-reorder
//#unchanged
#ifdef PATCHED
static const int second[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
static const int first[] = { 11, 12, 13, 14, 15, 16, 17, 18 };
#else
static const int first[] = { 11, 12, 13, 14, 15, 16, 17, 18 };
static const int second[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
#endif
int get_first(unsigned long i) { return first[i - 5]; }
int get_second(unsigned long i) { return second[i - 5]; }
