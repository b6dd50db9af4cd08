// With vectors, clang reads the first 16 bytes of the constant, and nobody reads the rest.
//#changed: greet instruction
//#compilers: clang
//#flags: -msse2
int use(char *);
#ifdef PATCHED
#define NUMBER "two"
#else
#define NUMBER "one"
#endif
int greet(int a)
{
	char text[24] = "this is a buffer " NUMBER;

	text[0] = a;
	return use(text);
}
int other(int a)
{
	char text[24] = "this is another one";

	text[1] = a;
	return use(text);
}
