// LLVM numbers literals of a file together with its strings and puts the number into the section's name.
//#changed[clang]: other *
//#changed[gcc]: other *
#ifdef PATCHED
#define TEXTS "one", "two"
#else
#define TEXTS "one"
#endif
struct clock { const char *name; int *rates; };
int take(const void *, ...);
int other(void) { const char *texts[] = { TEXTS }; return take(texts); }
struct clock first = { "first", (int[]){ 1, 2, 3 } };
struct clock second = { "second", (int[]){ 4, 5, 6 } };
