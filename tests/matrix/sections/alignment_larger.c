// A little more alignment than the type needs is nothing that code could rely on before.
//#unchanged
//#one-way
#ifdef PATCHED
#define ALIGNED 16
#else
#define ALIGNED 4
#endif
int state __attribute__((aligned(ALIGNED))) = 7;
void use(int *);
void get(void) { use(&state); }
