// Two functions read different members of one table without a name; the member of the first changes.
//#changed: nth_f *
//#may: changed nth_n
#ifdef PATCHED
#define NUMBER 222
#else
#define NUMBER 200
#endif
struct m { unsigned f; const char *n; };
static inline __attribute__((always_inline)) struct m pick(unsigned long i)
{
	const struct m t[] = { { 100, "a" }, { NUMBER, "b" }, { 300, "c" } };
	return t[i];
}
unsigned nth_f(unsigned long i) { return pick(i).f; }
const char *nth_n(unsigned long i) { return pick(i).n; }
