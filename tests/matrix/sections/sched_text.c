// A function is no longer counted as waiting.
//#changed: work section
#ifdef PATCHED
#define PLACE 
#else
#define PLACE __attribute__((section(".sched.text")))
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
