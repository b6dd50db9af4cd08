// A function that is seldom called stands with others of that kind.
//#unchanged
#ifdef PATCHED
#define PLACE __attribute__((section(".text.unlikely")))
#else
#define PLACE 
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
