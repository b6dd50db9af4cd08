// A function that is given away has a section of its own.
//#unchanged
#ifdef PATCHED
#define PLACE __attribute__((section(".init.text.work")))
#else
#define PLACE __attribute__((section(".init.text")))
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
