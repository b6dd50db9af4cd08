// A table in C whose name begins as those of Rust's constants do: it has a name, and is data of its own.
//#data: alloc_order read-by=get
#ifdef PATCHED
#define LAST 5
#else
#define LAST 4
#endif
static const int alloc_order[] = { 1, 2, 3, 7, LAST };
int get(unsigned long i) { return alloc_order[i]; }
