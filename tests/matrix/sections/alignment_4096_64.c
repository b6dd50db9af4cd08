// A page for the hardware is no whole page any more.
//#data: page read-by=get causes=alignment
#ifdef PATCHED
#define ALIGNED 64
#else
#define ALIGNED 4096
#endif
char page[4096] __attribute__((aligned(ALIGNED))) = { 1 };
void use(char *);
void get(void) { use(page); }
