// The operand of CMPXCHG16B has no longer the alignment that the instruction needs.
//#data: pair read-by=f causes=alignment
//#one-way
#ifdef PATCHED
#define ALIGNED 8
#else
#define ALIGNED 16
#endif
static unsigned long pair[2] __attribute__((aligned(ALIGNED)));
int f(unsigned long a, unsigned long b)
{
	unsigned long d = 0, e = 0;
	char z;
	asm volatile("lock cmpxchg16b %0; setz %1" : "+m"(*(__int128 *)pair), "=q"(z), "+a"(d), "+d"(e) : "b"(a), "c"(b));
	return z;
}
