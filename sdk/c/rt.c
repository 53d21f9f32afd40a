/* Run-time of C guests without a C library: memory and the functions that compilers call.
 *
 * Blocks come in sizes of powers of two, from 32 bytes on; freed ones wait in a list a size. The
 * header has 16 bytes, so what is given out is aligned to 16. One thread, so no locks. Memory that
 * cannot grow gives NULL, and the bindings end the instance. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { SIZES = 32, SMALLEST = 5 };

typedef struct block {
  struct block *next;
  uint32_t size; /* power of two, header included */
  uint32_t rest[2];
} block;

extern unsigned char __heap_base;

static block *waiting[SIZES];
static uintptr_t next_byte, last_byte;

static block *fresh(size_t bytes) {
  if (next_byte == 0) {
    next_byte = ((uintptr_t)&__heap_base + 15) & ~(uintptr_t)15;
    last_byte = (uintptr_t)__builtin_wasm_memory_size(0) << 16;
  }
  if (bytes > last_byte - next_byte) {
    size_t pages = (bytes - (last_byte - next_byte) + 0xffff) >> 16;
    if (__builtin_wasm_memory_grow(0, pages) == (size_t)-1) return NULL;
    last_byte += (uintptr_t)pages << 16;
  }
  block *made = (block *)next_byte;
  next_byte += bytes;
  return made;
}

void *malloc(size_t size) {
  if (size > ((size_t)1 << 30)) return NULL;
  uint32_t power = SMALLEST;
  while (((size_t)1 << power) < size + sizeof(block)) power++;
  block *made = waiting[power];
  if (made)
    waiting[power] = made->next;
  else if (!(made = fresh((size_t)1 << power)))
    return NULL;
  made->size = power;
  return made + 1;
}

void free(void *given) {
  if (!given) return;
  block *old = (block *)given - 1;
  old->next = waiting[old->size];
  waiting[old->size] = old;
}

void *realloc(void *given, size_t size) {
  if (!given) return malloc(size);
  size_t room = ((size_t)1 << ((block *)given - 1)->size) - sizeof(block);
  if (size <= room) return given;
  void *larger = malloc(size);
  if (!larger) return NULL;
  memcpy(larger, given, room);
  free(given);
  return larger;
}

void *calloc(size_t count, size_t size) {
  size_t bytes;
  if (__builtin_mul_overflow(count, size, &bytes)) return NULL;
  void *made = malloc(bytes);
  return made ? memset(made, 0, bytes) : NULL;
}

_Noreturn void abort(void) { __builtin_trap(); }

void *memcpy(void *to, const void *from, size_t size) {
  unsigned char *t = to;
  const unsigned char *f = from;
  while (size--) *t++ = *f++;
  return to;
}

void *memmove(void *to, const void *from, size_t size) {
  unsigned char *t = to;
  const unsigned char *f = from;
  if (t < f) return memcpy(to, from, size);
  while (size--) t[size] = f[size];
  return to;
}

void *memset(void *to, int value, size_t size) {
  unsigned char *t = to;
  while (size--) *t++ = (unsigned char)value;
  return to;
}

int memcmp(const void *a, const void *b, size_t size) {
  const unsigned char *x = a, *y = b;
  for (; size--; x++, y++)
    if (*x != *y) return *x - *y;
  return 0;
}

size_t strlen(const char *text) {
  size_t length = 0;
  while (text[length]) length++;
  return length;
}

int strcmp(const char *a, const char *b) {
  while (*a && *a == *b) a++, b++;
  return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t size) {
  for (; size; size--, a++, b++)
    if (*a != *b || !*a) return (unsigned char)*a - (unsigned char)*b;
  return 0;
}
