// A weak function no longer gives way to another object's.
//#note: handler binding
#ifndef PATCHED
__attribute__((weak))
#endif
int handler(int x) { return x * 3; }
int user(int x) { return x + 1; }
