// The contract's story in JavaScript. An error of the contract is thrown, with it as `payload`.

let beep;

function start(settings) {
  beep = settings.beep;
}

function refused(act) {
  try {
    act();
    log.info("refused: nothing");
  } catch (error) {
    const { tag, val } = error.payload ?? { tag: "strange", val: String(error) };
    log.info(`refused: ${tag === "gone" ? "the caller is gone" : val ?? tag}`);
  }
}

const collect = {
  prompts: [], min: 1, max: 1, timeoutMs: 3000, betweenMs: 3000, endsWith: null, secret: false,
  tries: 1, invalid: [],
};

const steps = {
  talk(call) {
    const { dialled, caller, answered, outcomes } = call.info();
    log.info(`${dialled} from ${caller.number}, answered ${answered}, ${outcomes.join(" ")}, of ${tenant()}`);
    call.answer();
    call.record(true);
    call.play({ prompts: [beep], early: false, repeatMs: null });
    call.tone("busy", 200);
    call.wait(100);
    call.sendDigits("12");
    call.record(false);
    const entry = call.collect({ ...collect, prompts: [beep] });
    if (entry.outcome !== "digits") return "timeout";
    call.set("key", entry.digits);
    const key = call.get("key");
    log.info(`key ${key}, other ${call.get("other") ?? "none"}`);
    return outcomes.includes(key) ? key : "other";
  },

  keep() {
    store.set("a", "one", null);
    log.info(`a ${store.get("a")}`);
    store.increment("n", 2);
    log.info(`n ${store.increment("n", 3)}`);
    store["delete"]("a");
    log.info(`a ${store.get("a") ?? "none"}`);
    return "done";
  },

  tell() {
    retain("contract.seen", "last", JSON.stringify({ n: 1 }));
    log.info(`seen ${fact("contract.seen", "last")}`);
    publish("contract.told", JSON.stringify({ n: 1 }));
    return "done";
  },

  ask() {
    refused(() => httpSend({
      method: "GET", url: "https://crm.example.com/", headers: [], body: null, timeoutMs: 1000,
    }));
    return "denied";
  },

  reach(call, args) {
    const talk = call.ring({ users: [args.user], inTurn: false, timeoutMs: 5000, music: null });
    log.info(`talk ${talk.outcome} ${talk.by ?? "none"}`);
    return talk.outcome;
  },

  leave(call) {
    call.hangUp("busy");
    refused(() => call.play({ prompts: [beep], early: false, repeatMs: null }));
    return "gone";
  },

  wrong(call) {
    refused(() => call.play({ prompts: ["nowhere"], early: false, repeatMs: null }));
    refused(() => call.open("nowhere"));
    refused(() => call.trunk({ trunks: ["carrier"], number: null, timeoutMs: 1000, callerId: null }));
    throw { tag: "unavailable", val: "out of order" };
  },
};

function run(step, args, call) {
  return steps[step](call, args);
}
