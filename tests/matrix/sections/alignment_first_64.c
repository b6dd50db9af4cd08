// The same from one cache line to two.
//#any-of: data first | data other
//#may: data first
//#may: data other
//#gap[linked]: in a linked object the alignment that an object asks for is not known
#ifdef PATCHED
#define ALIGNED 128
#else
#define ALIGNED 64
#endif
int first[4] __attribute__((aligned(ALIGNED)));
int other;
int *get(void) { return first; }
int *get_other(void) { return &other; }
