// The values themselves count: what is compared is another number, and so is the kernel's coverage.
//#compilers: clang
//#flags: -fsanitize-coverage=trace-pc,trace-cmp
//#changed: control instruction,constant,*
int take(int);
#ifdef PATCHED
#define LAST 37
#else
#define LAST 36
#endif
int control(unsigned number, int value) {
	switch (number) {
	case 0x5401: return take(1);
	case 0x5402: return take(value);
	case 0x5403: return take(value + 7);
	case 0x5410 + LAST: return value;
	default: return -25;
	}
}
int command(unsigned number, int value) {
	switch (number) {
	case 3: return take(2);
	case 14: return take(value * 3);
	case 25: return take(value + 9);
	case 36: return value;
	default: return -22;
	}
}
