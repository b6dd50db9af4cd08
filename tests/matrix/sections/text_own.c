// A function has a section of its own.
//#variants: plain linked
//#unchanged
#ifdef PATCHED
#define PLACE __attribute__((section(".text.work")))
#else
#define PLACE 
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
