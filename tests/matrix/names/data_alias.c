// A variable with two names becomes two: who writes the one no longer changes the other.
//#any-of: changed f | changed g | data ticks | data ticks_low
//#may: data-added ticks
//#may: data-added ticks_low
int ticks_low = 5;
#ifdef PATCHED
int ticks = 5;
#else
extern int ticks __attribute__((alias("ticks_low")));
#endif
int f(void) { return ticks; }
void g(int v) { ticks_low = v; }
