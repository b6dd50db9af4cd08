// A function that only the start needed is kept, and put where the start's other functions are not.
//#changed: work section
#ifdef PATCHED
#define PLACE __attribute__((section(".ref.text")))
#else
#define PLACE __attribute__((section(".init.text")))
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
