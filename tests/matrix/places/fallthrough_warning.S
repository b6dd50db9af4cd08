// A warning at the end of a function: control goes on behind it, in another function.
//#changed: f fall-through,*
#define BODY mov $1, %eax; 1: ud2; .pushsection __bug_table, "aw"; .long 1b - .; .long 0; .word 5, 1; .popsection
#include "followed.inc"
