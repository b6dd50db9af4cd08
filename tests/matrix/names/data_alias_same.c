// Both names of a variable stand for the same as before, which is elsewhere.
//#flags[gcc]: -fno-toplevel-reorder
//#data-added: fresh
#ifdef PATCHED
int fresh = 9;
#endif
int ticks_low = 5;
extern int ticks __attribute__((alias("ticks_low")));
int f(void) { return ticks; }
void g(int v) { ticks_low = v; }
