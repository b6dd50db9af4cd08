// What fills a local array, which clang writes into the instructions. It leaves the constant behind, to which nothing
// refers: in a section of its own that is a note.
//#compilers: clang
//#variants: sections
//#changed: f instruction
//#note: .rodata..L__const.f.bytes unread
#ifdef PATCHED
#define LAST 21
#else
#define LAST 20
#endif
void use(const unsigned char *bytes);
void f(void)
{
	unsigned char bytes[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, LAST };
	use(bytes);
}
