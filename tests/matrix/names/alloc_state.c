// A function uses another variable of the same content; both names begin with `alloc_`.
//#changed: count *
static long alloc_calls, alloc_failures;
void seen(long *, long *);
#ifdef PATCHED
#define COUNTED alloc_failures
#else
#define COUNTED alloc_calls
#endif
void count(void) { COUNTED++; }
void report(void) { seen(&alloc_calls, &alloc_failures); }
