// A tentative definition or an ordinary one: who uses the variable does the same.
//#unchanged
//#patched-flags: -fcommon
//#original-flags: -fno-common
int total;
int other;
int add(int by) { return total += by; }
int *where(void) { return &other; }
