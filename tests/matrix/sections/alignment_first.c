// The first variable of a section asks for a cache line. Which one does is not known where others stand at such places.
//#any-of: data first | data other
//#may: data first
//#may: data other
//#gap[linked]: in a linked object the alignment that an object asks for is not known
#ifdef PATCHED
#define ALIGNED 128
#else
#define ALIGNED 16
#endif
int first[4] __attribute__((aligned(ALIGNED)));
int other;
int *get(void) { return first; }
int *get_other(void) { return &other; }
