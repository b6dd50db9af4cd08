// A constant without a name of its own has less alignment: whoever reads it is another.
//#any-of: changed get | data .rodata
//#one-way
#ifdef PATCHED
#define ALIGNED 4
#else
#define ALIGNED 64
#endif
static const int __flags[4] __asm__("__flags.1") __attribute__((aligned(ALIGNED))) = { 1, 2, 3, 4 };
void use(const int *);
void get(void) { use(__flags); }
