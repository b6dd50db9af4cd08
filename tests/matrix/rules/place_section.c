// Code and data in another section that means nothing, code with another alignment.
//#rule: place
//#unchanged
#ifdef PATCHED
#define CODE __attribute__((section(".text.moved"), aligned(32)))
#define DATA __attribute__((section(".data.moved")))
#else
#define CODE
#define DATA
#endif
DATA int state = 5;
CODE int work(int x) { return x * state; }
int other(int x) { return work(x) + 1; }
