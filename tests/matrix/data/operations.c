// A structure of function pointers, one of which changes.
//#data: operations read-by=get
void open_one(void), open_two(void), close_one(void);
struct operations { void (*open)(void), (*close)(void); };
#ifdef PATCHED
const struct operations operations = { open_two, close_one };
#else
const struct operations operations = { open_one, close_one };
#endif
const struct operations *get(void) { return &operations; }
