// The LOCK prefix of an instruction is listed, so that one processor alone does without it, or is not.
//#changed: f *
//#section: .smp_locks address
#ifdef PATCHED
#define LISTED ""
#else
#define LISTED ".pushsection .smp_locks, \"a\"\n\t.balign 4\n\t.long 671f - .\n\t.popsection\n"
#endif
static inline void set(long nr, volatile unsigned long *p)
{
	asm volatile(LISTED "671:\tlock; bts %1, %0" : "+m"(*p) : "Ir"(nr) : "memory");
}
void f(unsigned long *shared) { set(3, shared); }
