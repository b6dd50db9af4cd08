// A table of functions is none of places in one function: its readers read it by name.
//#data: calls read-by=first,second
//#variants: plain sections
extern int step(int);
int one(int a) { return step(a); }
int two(int a) { return step(a + 1); }
#ifdef PATCHED
static int (*const calls[])(int) = { two, one, two };
#else
static int (*const calls[])(int) = { one, two, one };
#endif
int first(unsigned long i) { return calls[i](1); }
int second(unsigned long i) { return calls[i](2); }
