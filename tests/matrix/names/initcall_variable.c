// The same for names that begin as those of initcalls do.
//#changed: count *
static long __initcall_calls, __initcall_failures;
void seen(long *, long *);
#ifdef PATCHED
#define COUNTED __initcall_failures
#else
#define COUNTED __initcall_calls
#endif
void count(void) { COUNTED++; }
void report(void) { seen(&__initcall_calls, &__initcall_failures); }
