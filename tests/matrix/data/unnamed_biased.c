// The same for data without a stable name. Plain, the address can mean any object of .rodata, and
// the change is reported as one of that section; with sections it is certain.
//#variants: plain sections
//#changed[sections]: get constant
//#changed[clang plain]: get constant
//#data[gcc plain]: .rodata
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
static const int __flags[] __asm__("__flags.1") = { 1, 2, 3, 4, LAST };
static const int __key[] __asm__("__key.1") = { 11, 12, 13, 14, 15, 16, 17, 18 };
int get_other(unsigned long i) { return __key[i]; }
int get(unsigned long i)
{
	int value;
	asm("movl %c1-20(, %2, 4), %0" : "=r"(value) : "i"(__flags), "r"(i));
	return value;
}
