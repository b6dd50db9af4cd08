// Debug information.
//#rule: bookkeeping
//#patched-flags: -g
//#unchanged
struct state { int a, b; };
int work(const struct state *s) { return s->a + s->b; }
