// A new function has a static variable of the name and content of another function's, which calls it: each keeps its own.
//#changed: next *
//#added: early
//#data-added[gcc]: counter.0 read-by=early
//#data-added[clang]: early.counter read-by=early
void seen(int);
#ifdef PATCHED
static __attribute__((noinline)) int early(int n) { static int counter; seen(n); return counter += n; }
#define EARLY if (n > 5) return early(n);
#else
#define EARLY
#endif
int next(int n) { static int counter; EARLY seen(n); return counter += n; }
