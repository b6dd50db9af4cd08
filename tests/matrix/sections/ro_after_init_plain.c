// The same for a variable from the ordinary section.
//#data: limit read-by=get,set causes=section
#ifdef PATCHED
#define PLACE ".data..ro_after_init"
#else
#define PLACE ".data"
#endif
static int limit __attribute__((section(PLACE))) = 5;
int get(void) { return *(volatile int *)&limit; }
void set(int v) { *(volatile int *)&limit = v; }
