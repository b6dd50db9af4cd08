// The same, where the member of the second changes.
//#changed: nth_n *
//#may: changed nth_f
#ifdef PATCHED
#define NAME "bb"
#else
#define NAME "b"
#endif
struct m { unsigned f; const char *n; };
static inline __attribute__((always_inline)) struct m pick(unsigned long i)
{
	const struct m t[] = { { 100, "a" }, { 200, NAME }, { 300, "c" } };
	return t[i];
}
unsigned nth_f(unsigned long i) { return pick(i).f; }
const char *nth_n(unsigned long i) { return pick(i).n; }
