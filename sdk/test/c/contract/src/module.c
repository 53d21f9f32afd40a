/* The contract's story in C. Texts of the contract have no zero at their end; what the host gave
 * is freed with the instance, which lives as long as its call's step. */
#include "call_script.h"
#include "cordboard.h"
#include <stdlib.h>
#include <string.h>

typedef call_script_string_t text_t;
typedef exports_cordboard_module_scripting_error_t error_t;
typedef cordboard_module_calls_borrow_call_t call_t;

#define TEXT(literal) ((text_t){(uint8_t *)(literal), sizeof(literal) - 1})

static text_t of(cb_text text) { return (text_t){(uint8_t *)text.at, text.length}; }

static char line[512];
static size_t length;

static void add(text_t part) {
  if (part.len > sizeof line - length) abort();
  memcpy(line + length, part.ptr, part.len);
  length += part.len;
}

static void add_number(int64_t number) {
  char digit = (char)('0' + number % 10);
  if (number > 9) add_number(number / 10);
  add((text_t){(uint8_t *)&digit, 1});
}

static void add_option(call_script_option_string_t option) {
  add(option.is_some ? option.val : TEXT("none"));
}

static void tell_line(void) {
  text_t message = {(uint8_t *)line, length};
  cordboard_module_log_write(CORDBOARD_MODULE_LOG_LEVEL_INFO, &message);
  length = 0;
}

static void refused(bool done, error_t *error) {
  add(TEXT("refused: "));
  if (done)
    add(TEXT("nothing"));
  else if (error->tag == CORDBOARD_MODULE_TYPES_ERROR_GONE)
    add(TEXT("the caller is gone"));
  else if (error->tag == CORDBOARD_MODULE_TYPES_ERROR_TIMEOUT)
    add(TEXT("timeout"));
  else if (error->tag == CORDBOARD_MODULE_TYPES_ERROR_BUSY)
    add(TEXT("busy"));
  else
    add(error->val.denied);
  tell_line();
}

static bool outcome(text_t *ret, text_t word) {
  ret->ptr = (uint8_t *)cb_copy(CB_OF(word));
  ret->len = word.len;
  return true;
}

static text_t beep(void) {
  text_t settings;
  cordboard_module_config_settings(&settings);
  return of(cb_string(cb_member(CB_OF(settings), CB("beep"))));
}

static bool play(call_t call, text_t prompt, error_t *err) {
  cordboard_module_calls_play_t wish = {.prompts = {&prompt, 1}};
  return cordboard_module_calls_method_call_play(call, &wish, err);
}

static bool sounds(call_t call, error_t *err) {
  text_t busy = TEXT("busy"), digits = TEXT("12");
  return cordboard_module_calls_method_call_answer(call, err) &&
         cordboard_module_calls_method_call_record(call, true, err) && play(call, beep(), err) &&
         cordboard_module_calls_method_call_tone(call, &busy, 200, err) &&
         cordboard_module_calls_method_call_wait(call, 100, err) &&
         cordboard_module_calls_method_call_send_digits(call, &digits, err) &&
         cordboard_module_calls_method_call_record(call, false, err);
}

static bool talk(call_t call, text_t *ret, error_t *err) {
  cordboard_module_calls_info_t info;
  cordboard_module_calls_method_call_info(call, &info);
  text_t tenant;
  cordboard_module_config_tenant(&tenant);
  add(info.dialled), add(TEXT(" from ")), add(info.caller.number), add(TEXT(", answered "));
  add(info.answered ? TEXT("true") : TEXT("false")), add(TEXT(", "));
  for (size_t i = 0; i < info.outcomes.len; i++) {
    if (i) add(TEXT(" "));
    add(info.outcomes.ptr[i]);
  }
  add(TEXT(", of ")), add(tenant), tell_line();
  if (!sounds(call, err)) return false;

  text_t prompt = beep();
  cordboard_module_calls_collect_t wish = {
      .prompts = {&prompt, 1}, .min = 1, .max = 1, .timeout_ms = 3000, .between_ms = 3000, .tries = 1};
  cordboard_module_calls_entry_t entry;
  if (!cordboard_module_calls_method_call_collect(call, &wish, &entry, err)) return false;
  if (entry.outcome != CORDBOARD_MODULE_OPERATIONS_COLLECTED_DIGITS) return outcome(ret, TEXT("timeout"));

  text_t name = TEXT("key"), other_name = TEXT("other");
  call_script_option_string_t key, other;
  if (!cordboard_module_calls_method_call_set(call, &name, &entry.digits, err) ||
      !cordboard_module_calls_method_call_get(call, &name, &key, err) ||
      !cordboard_module_calls_method_call_get(call, &other_name, &other, err))
    return false;
  add(TEXT("key ")), add_option(key), add(TEXT(", other ")), add_option(other), tell_line();
  for (size_t i = 0; i < info.outcomes.len; i++)
    if (cb_equal(CB_OF(info.outcomes.ptr[i]), CB_OF(key.val))) return outcome(ret, key.val);
  return outcome(ret, TEXT("other"));
}

static bool keep(text_t *ret, error_t *err) {
  text_t a = TEXT("a"), n = TEXT("n"), one = TEXT("one");
  call_script_option_string_t value;
  int64_t number;
  if (!cordboard_module_store_set(&a, &one, NULL, err) || !cordboard_module_store_get(&a, &value, err))
    return false;
  add(TEXT("a ")), add_option(value), tell_line();
  if (!cordboard_module_store_increment(&n, 2, &number, err) ||
      !cordboard_module_store_increment(&n, 3, &number, err))
    return false;
  add(TEXT("n ")), add_number(number), tell_line();
  if (!cordboard_module_store_delete(&a, err) || !cordboard_module_store_get(&a, &value, err)) return false;
  add(TEXT("a ")), add_option(value), tell_line();
  return outcome(ret, TEXT("done"));
}

static bool tell(text_t *ret, error_t *err) {
  text_t seen = TEXT("contract.seen"), told = TEXT("contract.told"), last = TEXT("last");
  text_t payload = TEXT("{\"n\":1}");
  cordboard_module_events_option_json_t value;
  if (!cordboard_module_events_retain(&seen, &last, &payload, err) ||
      !cordboard_module_events_fact(&seen, &last, &value, err))
    return false;
  add(TEXT("seen ")), add(value.is_some ? value.val : TEXT("none")), tell_line();
  if (!cordboard_module_events_publish(&told, &payload, err)) return false;
  return outcome(ret, TEXT("done"));
}

static bool ask(text_t *ret, error_t *err) {
  cordboard_module_http_request_t request = {
      .method = TEXT("GET"), .url = TEXT("https://crm.example.com/"), .timeout_ms = 1000};
  cordboard_module_http_response_t response;
  refused(cordboard_module_http_send(&request, &response, err), err);
  return outcome(ret, TEXT("denied"));
}

static bool reach(call_t call, text_t arguments, text_t *ret, error_t *err) {
  text_t user = of(cb_string(cb_member(CB_OF(arguments), CB("user"))));
  cordboard_module_calls_ring_t wish = {.users = {&user, 1}, .timeout_ms = 5000};
  cordboard_module_calls_talk_t talk;
  if (!cordboard_module_calls_method_call_ring(call, &wish, &talk, err)) return false;
  add(TEXT("talk ")), add(talk.outcome), add(TEXT(" ")), add_option(talk.by), tell_line();
  return outcome(ret, talk.outcome);
}

static bool leave(call_t call, text_t *ret, error_t *err) {
  text_t busy = TEXT("busy");
  if (!cordboard_module_calls_method_call_hang_up(call, &busy, err)) return false;
  refused(play(call, beep(), err), err);
  return outcome(ret, TEXT("gone"));
}

static bool wrong(call_t call, error_t *err) {
  text_t nowhere = TEXT("nowhere"), carrier = TEXT("carrier");
  bool open;
  cordboard_module_calls_talk_t talk;
  cordboard_module_calls_trunk_t wish = {.trunks = {&carrier, 1}, .timeout_ms = 1000};
  refused(play(call, nowhere, err), err);
  refused(cordboard_module_calls_method_call_open(call, &nowhere, &open, err), err);
  refused(cordboard_module_calls_method_call_trunk(call, &wish, &talk, err), err);
  err->tag = CORDBOARD_MODULE_TYPES_ERROR_UNAVAILABLE;
  outcome(&err->val.unavailable, TEXT("out of order"));
  return false;
}

bool exports_cordboard_module_lifecycle_start(call_script_list_string_t *err) {
  (void)err;
  return true;
}

bool exports_cordboard_module_scripting_run(
    text_t *step, exports_cordboard_module_scripting_json_t *arguments,
    exports_cordboard_module_scripting_own_call_t own, text_t *ret, error_t *err) {
  call_t call = cordboard_module_calls_borrow_call(own);
  cb_text name = CB_OF(*step);
  if (cb_equal(name, CB("talk"))) return talk(call, ret, err);
  if (cb_equal(name, CB("keep"))) return keep(ret, err);
  if (cb_equal(name, CB("tell"))) return tell(ret, err);
  if (cb_equal(name, CB("ask"))) return ask(ret, err);
  if (cb_equal(name, CB("reach"))) return reach(call, *arguments, ret, err);
  if (cb_equal(name, CB("leave"))) return leave(call, ret, err);
  return wrong(call, err);
}
