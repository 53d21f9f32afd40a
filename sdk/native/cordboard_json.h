/* A little help for native modules in C: looking into JSON without taking it apart.
 *
 * Nothing is allocated: a value is a piece of the text that it was found in. */
#ifndef CORDBOARD_JSON_H
#define CORDBOARD_JSON_H

#include "cordboard.h"

/* Where the value that begins at `at` ends, spaces before it passed; `length` where it has no end. */
static inline size_t cordboard_skip(cordboard_text json, size_t at) {
  int depth = 0;
  while (at < json.length) {
    char c = json.data[at];
    if (c == '"') {
      for (at++; at < json.length && json.data[at] != '"'; at++)
        if (json.data[at] == '\\') at++;
      at++;
      if (depth == 0) return at;
    } else if (c == '{' || c == '[') {
      depth++;
      at++;
    } else if (c == '}' || c == ']') {
      if (depth == 0) return at;
      at++;
      if (--depth == 0) return at;
    } else if (depth == 0 && (c == ',' || c == ':')) {
      return at;
    } else {
      at++;
    }
  }
  return json.length;
}

/* The value of a member of an object, as JSON text; length 0 where there is none. */
static inline cordboard_text cordboard_member(cordboard_text object, const char *name) {
  cordboard_text none = {"", 0};
  size_t wanted = strlen(name), at = 0;
  while (at < object.length && object.data[at] != '{') at++;
  at++;
  while (at < object.length) {
    while (at < object.length && strchr(" \t\r\n,", object.data[at])) at++;
    if (at >= object.length || object.data[at] != '"') return none;
    size_t key = at + 1;
    at = cordboard_skip(object, at);
    int found = at - key == wanted + 1 && !memcmp(object.data + key, name, wanted);
    while (at < object.length && strchr(" \t\r\n:", object.data[at])) at++;
    size_t value = at;
    at = cordboard_skip(object, at);
    if (found && at <= object.length) {
      size_t end = at;
      while (end > value && strchr(" \t\r\n", object.data[end - 1])) end--;
      cordboard_text out = {object.data + value, end - value};
      return out;
    }
  }
  return none;
}

/* A JSON text without its quotes, which holds only while nothing in it is escaped. */
static inline cordboard_text cordboard_string(cordboard_text value) {
  cordboard_text out = {"", 0};
  if (value.length >= 2 && value.data[0] == '"') {
    out.data = value.data + 1;
    out.length = value.length - 2;
  }
  return out;
}

/* A whole number; `other` where it is none. */
static inline int64_t cordboard_number(cordboard_text value, int64_t other) {
  size_t at = value.length > 0 && value.data[0] == '-' ? 1 : 0;
  int64_t number = 0;
  if (at == value.length) return other;
  for (; at < value.length; at++) {
    char c = value.data[at];
    if (c < '0' || c > '9' || number > INT64_MAX / 10 - 10) return other;
    number = number * 10 + (c - '0');
  }
  return value.data[0] == '-' ? -number : number;
}

#endif
