/* Texts and JSON for modules in C: one pass, no memory, nothing kept. */
#include "cordboard.h"
#include <stdlib.h>
#include <string.h>

bool cb_equal(cb_text a, cb_text b) {
  return a.length == b.length && memcmp(a.at, b.at, a.length) == 0;
}

bool cb_begins(cb_text text, cb_text with) {
  return text.length >= with.length && memcmp(text.at, with.at, with.length) == 0;
}

char *cb_copy(cb_text text) {
  char *copy = malloc(text.length ? text.length : 1);
  if (!copy) abort();
  memcpy(copy, text.at, text.length);
  return copy;
}

static size_t blanks(cb_text json, size_t at) {
  while (at < json.length &&
         (json.at[at] == ' ' || json.at[at] == '\t' || json.at[at] == '\n' || json.at[at] == '\r'))
    at++;
  return at;
}

/* Behind the text that begins at `at`. */
static size_t behind_text(cb_text json, size_t at) {
  for (at++; at < json.length && json.at[at] != '"'; at++)
    if (json.at[at] == '\\') at++;
  return at < json.length ? at + 1 : json.length;
}

/* Behind the value that begins at `at`. */
static size_t behind_value(cb_text json, size_t at) {
  size_t depth = 0;
  while (at < json.length) {
    char c = json.at[at];
    if (c == '"') {
      at = behind_text(json, at);
    } else if (c == '{' || c == '[') {
      depth++, at++;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      depth--, at++;
    } else if (depth == 0 && (c == ',' || c == ' ' || c == '\n' || c == '\t' || c == '\r')) {
      return at;
    } else {
      at++;
      continue;
    }
    if (depth == 0) return at;
  }
  return json.length;
}

cb_text cb_member(cb_text object, cb_text name) {
  cb_text none = {"", 0};
  size_t at = blanks(object, 0);
  if (at >= object.length || object.at[at] != '{') return none;
  at = blanks(object, at + 1);
  while (at < object.length && object.at[at] == '"') {
    size_t end = behind_text(object, at);
    if (end < at + 2) return none;
    cb_text key = {object.at + at + 1, end - at - 2};
    at = blanks(object, end);
    if (at >= object.length || object.at[at] != ':') return none;
    at = blanks(object, at + 1);
    end = behind_value(object, at);
    if (cb_equal(key, name)) return (cb_text){object.at + at, end - at};
    at = blanks(object, end);
    if (at >= object.length || object.at[at] != ',') return none;
    at = blanks(object, at + 1);
  }
  return none;
}

cb_text cb_string(cb_text value) {
  if (value.length < 2 || value.at[0] != '"') return (cb_text){"", 0};
  return (cb_text){value.at + 1, value.length - 2};
}

int64_t cb_number(cb_text value, int64_t other) {
  size_t at = value.length && value.at[0] == '-';
  bool negative = at == 1;
  if (at == value.length) return other;
  int64_t number = 0;
  for (; at < value.length; at++) {
    if (value.at[at] < '0' || value.at[at] > '9' || number > INT64_MAX / 10 - 1) return other;
    number = number * 10 + (value.at[at] - '0');
  }
  return negative ? -number : number;
}
