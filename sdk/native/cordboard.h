/* What a native Cordboard module in C is written against.
 *
 * A native module is a shared library. The switch loads it into a child process of its own, one
 * for each tenant that has the module, so a crash of the library ends its own steps and nothing
 * else. The library exports one function, `cordboard_module_v1`, which answers the handshake:
 *
 *     static const cordboard_module MODULE = {
 *         CORDBOARD_ABI, sizeof(cordboard_module), CORDBOARD_CONTRACT, "call-script",
 *         .run = run,
 *     };
 *     CORDBOARD_EXPORT const cordboard_module *cordboard_module_v1(const cordboard_host *host) {
 *         cordboard = host;
 *         return &MODULE;
 *     }
 *
 * Values cross the border as JSON text in UTF-8, the same JSON that Lua modules have as tables:
 * names as in sdk/wit/module.wit with `_` for `-`, times in milliseconds, absent or null for none.
 *
 * Memory. Nothing is ever freed by the other side.
 *   - What the switch gives (an entry's `input`, an answer of `ask`, `settings`, a `file`) belongs
 *     to the switch. An `input` and `settings` are valid until the entry returns; an answer until
 *     the next `ask` of the same run; copy what must live longer.
 *   - What the module gives (`operation`, `text` of `log` and `reply`) is copied before the
 *     function is back; it may stand on the stack.
 *   - A `cordboard_run` is valid until its entry returns, on the thread that was given it.
 *
 * Threads. Each step of a call-script, router or connector runs on a thread of its own, as many at
 * once as the manifest's `instances`: what they share wants locks. Entries of a service or
 * reporter come one at a time, not always on one thread. A thread's stack has 256 KiB.
 *
 * Time. `cpu-ms` of the manifest is wall time here: an entry that is not back (or does not ask)
 * within it is taken to hang, and the process is ended. What waits for the world waits in `ask`,
 * whose time is not counted. Limits: memory of the process is `memory-mb`; 64 descriptors.
 */
#ifndef CORDBOARD_NATIVE_H
#define CORDBOARD_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Version of this border. The switch refuses any other one. */
#define CORDBOARD_ABI 1u
/* Version of the contract that the values follow: sdk/wit/module.wit. */
#define CORDBOARD_CONTRACT "0.1"

/* Text or bytes that somebody else owns. Not ended by a zero. */
typedef struct cordboard_text {
  const char *data;
  size_t length;
} cordboard_text;

/* One entry that runs, most often one step of one call. */
typedef struct cordboard_run cordboard_run;

/* What entries return, and what `ask` returns. The kinds of failure are `types.error` of the
 * contract; their message is the entry's reply, or the answer of `ask`. */
enum {
  CORDBOARD_OK = 0,
  CORDBOARD_GONE = 1,        /* the caller is gone: finish; five seconds are left */
  CORDBOARD_TIMEOUT = 2,     /* nothing answered in time */
  CORDBOARD_DENIED = 3,      /* not granted; the message names the line that would allow it */
  CORDBOARD_NOT_FOUND = 4,   /* no such prompt, user, trunk, calendar */
  CORDBOARD_INVALID = 5,     /* an argument is wrong */
  CORDBOARD_BUSY = 6,        /* a rate or a bound of the tenant is met */
  CORDBOARD_UNAVAILABLE = 7, /* what was needed is down */
  CORDBOARD_FAILED = -1      /* of entries only: the module broke; counted against it */
};

/* How loud a line is. */
enum { CORDBOARD_DEBUG = 0, CORDBOARD_INFO = 1, CORDBOARD_WARN = 2, CORDBOARD_ERROR = 3 };

/* What the switch offers. */
typedef struct cordboard_host {
  uint32_t abi;  /* CORDBOARD_ABI of the switch */
  uint32_t size; /* bytes of this structure; a later minor version may be longer */

  /* The module's settings in the tenant's dialplan, one JSON object, complete with defaults. A
   * secret is {{secret:NAME}}, which http fills in. */
  cordboard_text (*settings)(cordboard_run *run);
  /* The tenant that the module serves. */
  cordboard_text (*tenant)(cordboard_run *run);
  /* A file beside the tenant's dialplan that `grant file` names; 0 where it is not granted. Valid
   * as long as the process lives. */
  int32_t (*file)(cordboard_run *run, cordboard_text name, cordboard_text *content);
  /* A line for people: 4,096 bytes, 50 lines an entry; more are dropped. */
  void (*log)(cordboard_run *run, int32_t level, cordboard_text text);
  /* Asks for something and waits until it is done. Call-scripts and connectors only; in other
   * worlds it is CORDBOARD_DENIED. Call-scripts, on their call:
   *   "answer"                                                    null
   *   {"play": {"prompts": ["welcome"], "early", "repeat_ms"}}    null
   *   {"tone": {"name": "busy", "ms": 3000}}                      null
   *   {"wait": 1000}                                              null
   *   {"collect": {"prompts", "min", "max", "timeout_ms", "between_ms", "ends_with", "secret",
   *                "tries", "invalid"}}                           {"outcome", "digits"}
   *   {"ring": {"users": ["alice"], "in_turn", "timeout_ms", "music"}}
   *                                                               {"outcome", "by", "cause"}
   *   {"trunk": {"trunks": ["carrier"], "number", "timeout_ms", "caller_id"}}   the same
   *   {"record": true}                                            null
   *   {"set": {"name": "x", "value": "1"}}                        null
   *   {"get": "x"}                                                text or null
   *   {"send_digits": "12#"}                                      null
   *   {"hang_up": "busy"} or "hang_up"                            null
   *   {"open": "office"}                                          true or false
   * Both:
   *   "now"                                                       {"unix_ms", "local"}
   *   "random"                                                    a number of 53 bits
   *   {"http": {"method", "url", "headers", "body", "timeout_ms"}}
   *                                                               {"status", "headers", "body"}
   *   {"store_get": "key"}                                        text or null
   *   {"store_set": {"key", "value", "seconds"}}                  null
   *   {"store_increment": {"key", "by"}}                          the new number
   *   {"store_delete": "key"}                                     null
   *   {"publish": {"topic", "payload"}}                           null
   *   {"retain": {"topic", "key", "payload"}}                     null
   *   {"fact": {"topic", "key"}}                                  any value or null
   * Returns CORDBOARD_OK and the answer as JSON, or a kind of failure and its message. */
  int32_t (*ask)(cordboard_run *run, cordboard_text operation, cordboard_text *answer);
  /* What the entry gives back; the last one counts. */
  void (*reply)(cordboard_run *run, cordboard_text text);
} cordboard_host;

/* An entry: `input` is JSON, the result is `reply` and a code from above. */
typedef int32_t (*cordboard_entry)(cordboard_run *run, cordboard_text input);

/* What a module is. Entries that its world has not are NULL. */
typedef struct cordboard_module {
  uint32_t abi;         /* CORDBOARD_ABI of the module */
  uint32_t size;        /* sizeof(cordboard_module) */
  const char *contract; /* CORDBOARD_CONTRACT */
  const char *world;    /* as in the manifest */

  /* Any world, may be NULL: once in each process, before all else; input {"settings", "tenant"}.
   * Reply nothing, or a list of reasons why it cannot serve. */
  cordboard_entry start;
  /* call-script: {"step", "arguments", "call": {"id", "caller", "dialled", "answered", "at_ms",
   * "outcomes", "variables"}}. Reply the outcome as a JSON text, or nothing. */
  cordboard_entry run;
  /* router: `routing.request`. Reply {"decision": {"outcome"} or {"targets"}, "set", "reasons"}. */
  cordboard_entry route;
  /* connector: `connecting.query`. Reply {"outcome", "set"}. */
  cordboard_entry look_up;
  /* connector: `types.event`. */
  cordboard_entry on_event;
  /* service: a list of `serving.input`. Reply a list of actions. */
  cordboard_entry handle;
  /* reporter: a list of `types.event`. */
  cordboard_entry fold;
  /* reporter: {"verb", "arguments"}. Reply {"media_type", "body"}. */
  cordboard_entry render;
  /* service, reporter: reply the whole state, any bytes, at most 16 MiB. Input is empty. */
  cordboard_entry save;
  /* service, reporter: a state that was saved, and the `state-version` that saved it. A refusal is
   * CORDBOARD_INVALID with the reason as its reply. */
  int32_t (*restore)(cordboard_run *run, uint32_t version, cordboard_text state);
} cordboard_module;

#if defined(_WIN32)
#define CORDBOARD_EXPORT __declspec(dllexport)
#else
#define CORDBOARD_EXPORT __attribute__((visibility("default")))
#endif

/* The handshake: the one function that the switch looks for. It is called once, before all else.
 * `host` lives as long as the process. */
CORDBOARD_EXPORT const cordboard_module *cordboard_module_v1(const cordboard_host *host);

/* A zero-ended text as the border has it. */
static inline cordboard_text cordboard_of(const char *text) {
  cordboard_text out = {text, strlen(text)};
  return out;
}

#ifdef __cplusplus
}
#endif
#endif
