/* A little help for modules in C: texts, and looking into JSON without taking it apart.
 *
 * Include the world's header first ("call_script.h", "router.h" ...): it declares what the module
 * imports and what it must define. Its strings are pointer and length, not ended by a zero. */
#ifndef CORDBOARD_H
#define CORDBOARD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A text that belongs to somebody else. */
typedef struct {
  const char *at;
  size_t length;
} cb_text;

/* Of a literal; of a world's string. */
#define CB(literal) ((cb_text){(literal), sizeof(literal) - 1})
#define CB_OF(string) ((cb_text){(const char *)(string).ptr, (string).len})

bool cb_equal(cb_text a, cb_text b);
bool cb_begins(cb_text text, cb_text with);

/* A copy in memory of its own, as results of exported functions must be. */
char *cb_copy(cb_text text);

/* The value of a member of a JSON object, as JSON text; length 0 where there is none. */
cb_text cb_member(cb_text object, cb_text name);

/* A JSON text without its quotes, which holds only while nothing in it is escaped. */
cb_text cb_string(cb_text value);

/* A whole number; `other` where it is none. */
int64_t cb_number(cb_text value, int64_t other);

#endif
