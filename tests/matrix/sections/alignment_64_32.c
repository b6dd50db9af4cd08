// A variable may share its cache line with others.
//#data: counters read-by=get causes=alignment
#ifdef PATCHED
#define ALIGNED 32
#else
#define ALIGNED 64
#endif
long counters[8] __attribute__((aligned(ALIGNED))) = { 1 };
void use(long *);
void get(void) { use(counters); }
