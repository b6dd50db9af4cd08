// A variable of each processor: in which part of them is a matter of caches.
//#unchanged
//#may: data count
#ifdef PATCHED
#define PLACE ".data..percpu..read_mostly"
#else
#define PLACE ".data..percpu"
#endif
long count __attribute__((section(PLACE))) = 3;
void use(long *);
void get(void) { use(&count); }
