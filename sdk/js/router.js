// What stands around a router in JavaScript: `start(settings)` and `route(request)` of module.js;
// `request.args` are the step's arguments, read. What comes back may be an outcome (a text), a list
// of targets, or `{ targets | outcome, set: {name: value}, reasons: [text] }`.
import { write as $write } from "cordboard:module/log@0.1.0";
import { settings as $settings, tenant, file } from "cordboard:module/config@0.1.0";

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

function $reasoned(answer) {
  if (typeof answer === "string") answer = { outcome: answer };
  if (Array.isArray(answer)) answer = { targets: answer };
  const target = (t) => ({ trunk: null, user: null, number: null, callerId: null, timeoutMs: 30000, ...t });
  const decision = answer.targets
    ? { tag: "targets", val: answer.targets.map(target) }
    : { tag: "outcome", val: String(answer.outcome) };
  return { decision, set: Object.entries(answer.set ?? {}), reasons: answer.reasons ?? [] };
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

export const routing = {
  route(request) {
    return $guard(() => $reasoned(route({ ...request, args: JSON.parse(request.arguments) })));
  },
};
