// A switch with a jump table, two cases of which are exchanged.
//#flags: -fjump-tables
//#changed: run *
void a(void), b(void), c(void), d(void), e(void), f(void);
#ifdef PATCHED
#define ONE 2
#define TWO 1
#else
#define ONE 1
#define TWO 2
#endif
void run(unsigned n)
{
	switch (n) {
	case 0: a(); break;
	case ONE: b(); break;
	case TWO: c(); break;
	case 3: d(); break;
	case 4: e(); break;
	case 5: f(); break;
	}
}
void other(unsigned n)
{
	switch (n) {
	case 0: f(); break;
	case 1: e(); break;
	case 2: d(); break;
	case 3: c(); break;
	case 4: b(); break;
	case 5: a(); break;
	}
}
