// What stands around a connector in JavaScript: `start(settings)`, `lookUp(query)` and, where the
// manifest subscribes to something, `onEvent(event)` of module.js; `query.args` and `event.data`
// are read. What `lookUp` gives may be an outcome (a text) or `{ outcome, set: {name: value} }`.
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

export const connecting = {
  lookUp(query) {
    return $guard(() => {
      let found = lookUp({ ...query, args: JSON.parse(query.arguments) });
      if (typeof found === "string") found = { outcome: found };
      return { outcome: String(found.outcome), set: Object.entries(found.set ?? {}) };
    });
  },
  onEvent(event) {
    return $guard(() => {
      if (typeof onEvent === "function") onEvent({ ...event, data: JSON.parse(event.payload) });
    });
  },
};
