// A variable of which each processor has its own becomes one for all.
//#data: count read-by=get causes=section
#ifdef PATCHED
#define PLACE
#else
#define PLACE __attribute__((section(".data..percpu")))
#endif
long count PLACE = 3;
void use(long *);
void get(void) { use(&count); }
