// What fills a local array is written into the instructions; clang leaves the constant behind, which nobody reads.
//#changed: greet instruction
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
