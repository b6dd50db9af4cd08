// A function between two others grows: the jump from the one to the other is near instead of short.
//#rule: branch-encoding
//#flags[gcc]: -fno-toplevel-reorder
//#changed: grows *
static __attribute__((noinline, noclone, used)) int target(int x) { asm(""); return x * 7; }
void use(int);
void grows(int x)
{
	use(x);
#ifdef PATCHED
	for (int i = 0; i < 3; i++) {
		use(x + 1); use(x + 2); use(x + 3); use(x + 4);
		use(x + 5); use(x + 6); use(x + 7); use(x + 8);
		use(x + 9); use(x + 10); use(x + 11); use(x + 12);
	}
#endif
}
int jumps(int x) { return target(x + 1); }
