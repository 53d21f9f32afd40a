// What stands around a call script in JavaScript: `start(settings)` and
// `run(step, args, call)` of module.js, with settings and arguments read, and errors in words.
import { write as $write } from "cordboard:module/log@0.1.0";
import { settings as $settings, tenant, file } from "cordboard:module/config@0.1.0";
import { nowMs } from "cordboard:module/clock@0.1.0";
import { draw } from "cordboard:module/chance@0.1.0";
import * as store from "cordboard:module/store@0.1.0";
import { send as httpSend } from "cordboard:module/http@0.1.0";
import { publish, retain, fact } from "cordboard:module/events@0.1.0";

const log = {
  debug: (text) => $write("debug", String(text)),
  info: (text) => $write("info", String(text)),
  warn: (text) => $write("warn", String(text)),
  error: (text) => $write("error", String(text)),
};

// An error of the contract goes back as it came; any other is the module's own fault.
function $guard(act) {
  try {
    return act();
  } catch (error) {
    const known = error?.payload ?? error;
    if (known && typeof known.tag === "string") throw { tag: known.tag, val: known.val };
    log.error(`${error}\n${error?.stack ?? ""}`);
    throw { tag: "invalid", val: String(error) };
  }
}

export const lifecycle = {
  start() {
    try {
      if (typeof start === "function") start(JSON.parse($settings()));
    } catch (error) {
      log.error(`${error}\n${error?.stack ?? ""}`);
      throw [String(error)];
    }
  },
};

export const scripting = {
  run(step, args, call) {
    return $guard(() => String(run(step, JSON.parse(args), call) ?? "done"));
  },
};
