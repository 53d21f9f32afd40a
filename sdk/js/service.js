// What stands around a service in JavaScript: `start(settings)`, `handle(input, actions)`,
// `save()` and `restore(version, state)` of module.js. An input is
// `{ seq, atMs, seed, body: { tag, val } }`, JSON in it is read under `args` and `data`; what is
// saved may be anything that JSON can say.
import { write as $write } from "cordboard:module/log@0.1.0";
import { settings as $settings, tenant, file } from "cordboard:module/config@0.1.0";

const log = {
  debug: (text) => $write("debug", String(text)),
  info: (text) => $write("info", String(text)),
  warn: (text) => $write("warn", String(text)),
  error: (text) => $write("error", String(text)),
};

// A trap without words helps nobody: the words go to the log first.
function $told(act) {
  try {
    return act();
  } catch (error) {
    log.error(`${error}\n${error?.stack ?? ""}`);
    throw error;
  }
}

class $Actions {
  constructor(seq) {
    this.list = [];
    this.next = BigInt(seq) * 65536n + 1n;
  }
  push(tag, val) {
    const id = this.next++;
    this.list.push({ id, act: { tag, val } });
    return id;
  }
  step(step, tag, val) {
    return this.push("step", { step: BigInt(step), operation: { tag, val } });
  }
  endStep(step, outcome) {
    return this.push("end-step", { step: BigInt(step), outcome });
  }
  publish(topic, data) {
    return this.push("publish", [topic, JSON.stringify(data)]);
  }
  retain(topic, key, data) {
    const payload = data === null || data === undefined ? null : JSON.stringify(data);
    return this.push("retain", { topic, key, payload });
  }
  setTimer(name, atMs) {
    return this.push("set-timer", [name, BigInt(atMs)]);
  }
  clearTimer(name) {
    return this.push("clear-timer", name);
  }
  startCall(call) {
    const none = { user: null, trunk: null, number: null, callerId: null, timeoutMs: 30000, variables: [], key: null };
    return this.push("start-call", { ...none, ...call });
  }
  reply(request, data) {
    return this.push("reply", [BigInt(request), { tag: "ok", val: JSON.stringify(data) }]);
  }
  refuse(request, why) {
    return this.push("reply", [BigInt(request), { tag: "err", val: String(why) }]);
  }
  http(request) {
    return this.push("http", { method: "GET", headers: [], body: null, timeoutMs: 5000, ...request });
  }
}

function $read(input) {
  const { tag, val } = input.body;
  const body = { tag, val };
  if (val && typeof val.arguments === "string") body.val = { ...val, args: JSON.parse(val.arguments) };
  if (val && typeof val.payload === "string") body.val = { ...val, data: JSON.parse(val.payload) };
  return { ...input, seq: Number(input.seq), atMs: Number(input.atMs), body };
}

function $bytes(text) {
  const out = [];
  for (const c of text) {
    const code = c.codePointAt(0);
    if (code < 0x80) out.push(code);
    else if (code < 0x800) out.push(0xc0 | (code >> 6), 0x80 | (code & 63));
    else if (code < 0x10000) out.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
    else out.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
  }
  return new Uint8Array(out);
}

function $text(bytes) {
  let escaped = "";
  for (const byte of bytes) escaped += "%" + byte.toString(16).padStart(2, "0");
  return decodeURIComponent(escaped);
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

export const serving = {
  handle(inputs) {
    return $told(() =>
      inputs.flatMap((input) => {
        const actions = new $Actions(input.seq);
        handle($read(input), actions);
        return actions.list;
      }),
    );
  },
  save() {
    return $told(() => $bytes(JSON.stringify(typeof save === "function" ? save() : null)));
  },
  restore(version, state) {
    try {
      if (typeof restore === "function") restore(version, JSON.parse($text(state)));
    } catch (error) {
      throw String(error);
    }
  },
};
