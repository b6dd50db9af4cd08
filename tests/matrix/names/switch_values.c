// With KCOV's comparisons clang numbers the values of each switch, in the order of functions.
//#compilers: clang
//#flags: -fsanitize-coverage=trace-pc,trace-cmp
//#added: extra
int take(int);
#ifdef PATCHED
int extra(unsigned number, int value) {
	switch (number) {
	case 7: return take(5);
	case 18: return take(value * 5);
	case 99: return take(value + 8);
	case 200: return value;
	default: return -1;
	}
}
#endif
int control(unsigned number, int value) {
	switch (number) {
	case 0x5401: return take(1);
	case 0x5402: return take(value);
	case 0x5403: return take(value + 7);
	case 0x5410: return value;
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
