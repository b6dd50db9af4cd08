// Two flags of one function that both have the name `__warned` become one.
//#changed: check *
void warn(int);
void check(int a, int b)
{
#ifdef PATCHED
	static _Bool __warned;
	if (a && !__warned) {
		__warned = 1;
		warn(a);
	}
	if (b && !__warned) {
		__warned = 1;
		warn(b);
	}
#else
	if (a) {
		static _Bool __warned;
		if (!__warned) {
			__warned = 1;
			warn(a);
		}
	}
	if (b) {
		static _Bool __warned;
		if (!__warned) {
			__warned = 1;
			warn(b);
		}
	}
#endif
}
