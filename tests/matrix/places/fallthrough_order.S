// Control runs on from one function into the next: it is another function.
//#changed: f fall-through,*
#define BODY mov $1, %eax
#include "followed.inc"
