/* The little of <stdlib.h> that a guest module needs: memory and abort. */
#ifndef CORDBOARD_STDLIB_H
#define CORDBOARD_STDLIB_H
#include <stddef.h>
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);
void free(void *block);
_Noreturn void abort(void);
#endif
