// A variable is there only where modules can be unloaded.
//#data: state read-by=get,set causes=section
#ifdef PATCHED
#define PLACE ".exit.data"
#else
#define PLACE ".data"
#endif
static int state __attribute__((section(PLACE))) = 5;
int get(void) { return *(volatile int *)&state; }
void set(int v) { *(volatile int *)&state = v; }
