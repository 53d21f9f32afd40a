// {{name}}: answers a call and says a digit in beeps.

let beep;

function start(settings) {
  beep = settings.beep;
}

function run(step, args, call) {
  log.info(`saying ${args.digit}`);
  call.answer();
  call.play({ prompts: Array(args.digit).fill(beep), early: false, repeatMs: null });
  return "done";
}
