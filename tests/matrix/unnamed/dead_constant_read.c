// The same constant, which one function copies from its place: it is not dead, and belongs to who reads it.
//#compilers: clang
//#variants: sections
//#changed: f *
#ifdef PATCHED
#define LAST 21
#else
#define LAST 20
#endif
#define EIGHT 1, 2, 3, 4, 5, 6, 7, 8
#define MANY EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT
void use(const unsigned char *bytes);
void f(void)
{
	unsigned char bytes[] = { MANY, MANY, MANY, LAST };
	use(bytes);
}
