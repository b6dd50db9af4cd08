// A name for a member of an object stands for another member of equal content.
//#data: st
struct s { int a, b, c; };
struct s st = { 1, 1, 1 };
#ifdef PATCHED
asm(".globl mid\n.type mid, @object\n.size mid, 4\n.set mid, st + 8");
#else
asm(".globl mid\n.type mid, @object\n.size mid, 4\n.set mid, st + 4");
#endif
extern int mid;
int f(void) { return mid; }
void g(int v) { st.b = v; }
