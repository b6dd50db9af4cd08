// A variable becomes read-only once the kernel has started.
//#data: limit read-by=get,set causes=section
#ifdef PATCHED
#define PLACE ".data..ro_after_init"
#else
#define PLACE ".data..read_mostly"
#endif
static int limit __attribute__((section(PLACE))) = 5;
int get(void) { return *(volatile int *)&limit; }
void set(int v) { *(volatile int *)&limit = v; }
