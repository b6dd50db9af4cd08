// Functions that are often called stand together.
//#unchanged
#ifdef PATCHED
#define PLACE __attribute__((section(".text.unlikely")))
#else
#define PLACE __attribute__((section(".text.hot")))
#endif
int outside(int);
PLACE int work(int x) { return outside(x) * 3; }
int user(int x) { return outside(x) + 1; }
