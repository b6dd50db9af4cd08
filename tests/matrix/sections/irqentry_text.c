// A function is one at which traces of an interrupt end.
//#changed: work section
#ifdef PATCHED
#define PLACE __attribute__((section(".irqentry.text")))
#else
#define PLACE 
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
