// A static local goes away, and one of that name comes in another function: not the same variable.
//#compilers: gcc
//#changed: first *
//#changed: second *
//#data-removed: count.0
//#data-added: count.0
#ifdef PATCHED
int first(int x) { return x * 3; }
int second(void) { static int count; return ++count * 5; }
#else
int first(int x) { static int count; return x * 3 + ++count; }
int second(void) { return 5; }
#endif
