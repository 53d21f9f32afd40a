/* {{name}}: answers a call and says a digit in beeps. */
#include "call_script.h"
#include "cordboard.h"
#include <stdlib.h>

bool exports_cordboard_module_lifecycle_start(call_script_list_string_t *err) {
  (void)err;
  return true;
}

bool exports_cordboard_module_scripting_run(
    call_script_string_t *step, exports_cordboard_module_scripting_json_t *arguments,
    exports_cordboard_module_scripting_own_call_t own, call_script_string_t *ret,
    exports_cordboard_module_scripting_error_t *err) {
  (void)step;
  cordboard_module_calls_borrow_call_t call = cordboard_module_calls_borrow_call(own);
  cb_text digit = cb_member(CB_OF(*arguments), CB("digit"));
  size_t beeps = (size_t)cb_number(digit, 1);

  call_script_string_t settings;
  cordboard_module_config_settings(&settings);
  cb_text beep = cb_string(cb_member(CB_OF(settings), CB("beep")));

  if (!cordboard_module_calls_method_call_answer(call, err)) return false;

  call_script_string_t *prompts = malloc(beeps * sizeof *prompts);
  for (size_t i = 0; i < beeps; i++) {
    prompts[i].ptr = (uint8_t *)beep.at;
    prompts[i].len = beep.length;
  }
  cordboard_module_calls_play_t play = {.prompts = {prompts, beeps}};
  if (!cordboard_module_calls_method_call_play(call, &play, err)) return false;

  call_script_string_dup(ret, "done");
  return true;
}
