// The same with two local names. Compilers use the one for the other, so the code is another then.
//#any-of: changed f | changed g | data lim_a | data lim_b
//#may: data-added lim_b
static int lim_a = 7;
#ifdef PATCHED
static int lim_b = 7;
#else
static int lim_b __attribute__((alias("lim_a")));
#endif
int f(void) { return *(volatile int *)&lim_b; }
void g(int v) { *(volatile int *)&lim_a = v; }
