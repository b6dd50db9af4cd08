// A buffer becomes a page of its own, as code may expect by now.
//#any-of: data page | note page alignment
//#gap[linked]: in a linked object the alignment that an object asks for is not known
#ifdef PATCHED
#define ALIGNED 4096
#else
#define ALIGNED 64
#endif
char page[4096] __attribute__((aligned(ALIGNED))) = { 1 };
void use(char *);
void get(void) { use(page); }
