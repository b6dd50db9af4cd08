// Two static locals of one name exchange their first values, and a function that both are inlined into uses both. Who uses
// them tells which is which: what they count stays with their users.
//#data[gcc]: count.0 read-by=g,h
//#data[gcc]: count.1 read-by=f,h
//#data[clang]: f.count read-by=f,h
//#data[clang]: g.count read-by=g,h
#ifdef PATCHED
#define F 2
#define G 1
#else
#define F 1
#define G 2
#endif
int f(void) { static int count = F; return count += 3; }
int g(void) { static int count = G; return count -= 5; }
int h(void) { return f() * g(); }
