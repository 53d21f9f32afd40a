// The webhook: the modules' routing decision as a small http server. Its first line of output says that it serves.
//     node webhook.mjs ADDRESS PORT
import { createServer } from "node:http";

const [address, port] = process.argv.slice(2);
const prefixes = [{ digits: "44", trunk: "called" }];

const server = createServer((request, response) => {
  const number = (new URL(request.url, "http://here").searchParams.get("number") ?? "").replace(/^\+/, "");
  const found = prefixes.find((prefix) => number.startsWith(prefix.digits));
  const answer = found
    ? { trunk: found.trunk, reason: `${number} begins with ${found.digits}: ${found.trunk}` }
    : { reason: `${number} has no prefix of ours` };
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify(answer));
});
server.keepAliveTimeout = 60_000;
server.listen(Number(port), address, () => console.log("serving"));
