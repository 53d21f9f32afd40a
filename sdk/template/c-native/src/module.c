/* {{name}}: answers a call and says a digit in beeps. */
#include <stdio.h>

#include "cordboard.h"
#include "cordboard_json.h"

static const cordboard_host *host;

/* What the switch said goes on as what this step says. */
static int32_t refused(cordboard_run *run, int32_t code, cordboard_text why) {
  host->reply(run, why);
  return code;
}

static int32_t say(cordboard_run *run, cordboard_text input) {
  cordboard_text arguments = cordboard_member(input, "arguments");
  int64_t digit = cordboard_number(cordboard_member(arguments, "digit"), 1);
  cordboard_text beep = cordboard_member(host->settings(run), "beep");
  cordboard_text answer;

  int32_t code = host->ask(run, cordboard_of("\"answer\""), &answer);
  if (code != CORDBOARD_OK) return refused(run, code, answer);

  /* {"play":{"prompts":["beep","beep"]}}: `beep` is JSON already, with its quotes. */
  char play[2048];
  size_t at = (size_t)snprintf(play, sizeof play, "{\"play\":{\"prompts\":[");
  for (int64_t i = 0; i < digit && at + beep.length + 8 < sizeof play; i++) {
    if (i > 0) play[at++] = ',';
    memcpy(play + at, beep.data, beep.length);
    at += beep.length;
  }
  memcpy(play + at, "]}}", 4);
  code = host->ask(run, cordboard_of(play), &answer);
  if (code != CORDBOARD_OK) return refused(run, code, answer);

  host->reply(run, cordboard_of("\"done\""));
  return CORDBOARD_OK;
}

static const cordboard_module module = {
    .abi = CORDBOARD_ABI,
    .size = sizeof(cordboard_module),
    .contract = CORDBOARD_CONTRACT,
    .world = "call-script",
    .run = say,
};

CORDBOARD_EXPORT const cordboard_module *cordboard_module_v1(const cordboard_host *given) {
  host = given;
  return &module;
}
