// A constant for vectors has less alignment.
//#data: mask read-by=get causes=alignment
//#one-way
#ifdef PATCHED
#define ALIGNED 8
#else
#define ALIGNED 32
#endif
const long mask[2] __attribute__((aligned(ALIGNED))) = { 1, 2 };
void use(const long *);
void get(void) { use(mask); }
