// A variable in a section that is loaded, and named like one of those that tools read.
//#data: limit
#ifdef PATCHED
#define VALUE 7
#else
#define VALUE 5
#endif
__attribute__((section(".codetag.mine"))) int limit = VALUE;
int above(int n) { return n > limit; }
