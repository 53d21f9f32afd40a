"""A web service for stories: python's own http.server. Each request is a line of JSON in a log;
a file says how it is today: `well`, `failing` (503) or `refusing` (503 to what is posted)."""
import http.server
import json
import sys
import time

port, log, mood = int(sys.argv[1]), sys.argv[2], sys.argv[3]


class Service(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def serve(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length).decode()
        path = self.path.split("?")[0]
        with open(mood) as file:
            today = file.read().strip()
        fails = today == "failing" or (today == "refusing" and self.command == "POST")
        with open(log, "a") as file:
            line = {"method": self.command, "path": path, "body": body, "failed": fails,
                    "headers": {k.lower(): v for k, v in self.headers.items()}}
            file.write(json.dumps(line) + "\n")
        if fails:
            return self.say(503, {"error": "not today"})
        if path == "/redirect":
            return self.say(302, {}, {"location": f"http://127.0.0.2:{port}/stolen"})
        if path == "/big":
            return self.say(200, {"big": "x" * 2_000_000})
        if path == "/slow":
            time.sleep(5)
        if path.startswith("/customers/"):
            if "999" in path:
                return self.say(404, {"error": "nobody"})
            return self.say(200, {"id": "c-17", "name": "Ann Lee", "vip": True})
        return self.say(201 if self.command == "POST" else 200, {"path": path})

    def say(self, status, value, headers=None):
        body = json.dumps(value).encode()
        self.send_response(status)
        for name, text in (headers or {}).items():
            self.send_header(name, text)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except OSError:
            pass

    do_GET = do_POST = do_PUT = serve

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("", port), Service).serve_forever()
