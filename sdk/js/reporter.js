// What stands around a reporter in JavaScript: `start(settings)`, `fold(event)`,
// `render(verb, args)`, `save()` and `restore(version, state)` of module.js; `event.data` is the
// payload, read. What `render` gives is a text of CSV, or anything that JSON can say.
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

export const reporting = {
  fold(events) {
    $told(() => {
      for (const event of events) fold({ ...event, data: JSON.parse(event.payload) });
    });
  },
  render(verb, args) {
    try {
      const report = render(verb, JSON.parse(args));
      if (typeof report === "string") return { mediaType: "text/csv", body: $bytes(report) };
      return { mediaType: "application/json", body: $bytes(JSON.stringify(report)) };
    } catch (error) {
      log.error(`${error}\n${error?.stack ?? ""}`);
      throw { tag: "invalid", val: String(error) };
    }
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
