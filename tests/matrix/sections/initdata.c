// The memory of a variable is given away after the start.
//#data: state read-by=get,set causes=section
#ifdef PATCHED
#define PLACE ".init.data"
#else
#define PLACE ".data"
#endif
static int state __attribute__((section(PLACE))) = 5;
int get(void) { return *(volatile int *)&state; }
void set(int v) { *(volatile int *)&state = v; }
