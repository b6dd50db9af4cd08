// A variable of each processor that has to be at their start.
//#data: stack read-by=get causes=section
#ifdef PATCHED
#define PLACE ".data..percpu..first"
#else
#define PLACE ".data..percpu"
#endif
long stack[8] __attribute__((section(PLACE))) = { 3 };
void use(long *);
void get(void) { use(stack); }
