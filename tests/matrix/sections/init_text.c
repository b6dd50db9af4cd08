// A function is given away after the start.
//#changed: work section
#ifdef PATCHED
#define PLACE __attribute__((section(".init.text")))
#else
#define PLACE 
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
