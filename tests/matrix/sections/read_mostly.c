// Where a variable that is mostly read stands is a matter of caches only.
//#unchanged
#ifdef PATCHED
#define PLACE ".data..read_mostly"
#else
#define PLACE ".data"
#endif
static int limit __attribute__((section(PLACE))) = 5;
int get(void) { return *(volatile int *)&limit; }
void set(int v) { *(volatile int *)&limit = v; }
