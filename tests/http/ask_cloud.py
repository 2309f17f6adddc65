"""Asks a cloud over HTTPS, as a program of a person does.

Arguments: what to try, host:port, the file of the CA's certificate, a token, and for `let_go` a file to make when it watches. Says `as expected`, or ends with what was not.
"""

import http.client
import json
import ssl
import sys

# A little more than is read, so that all of it is.
TOO_LARGE = 6 * 1024 * 1024 + 64 * 1024


def connection(address, ca):
    context = ssl.create_default_context(cafile=ca)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    host, port = address.rsplit(":", 1)
    return http.client.HTTPSConnection(host, int(port), timeout=60, context=context)


def ask(where, method, path, body=None, **headers):
    asked = connection(*where)
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    asked.request(method, path, body=body, headers=headers)
    answer = asked.getresponse()
    return answer, answer.read().decode()


def want(what, wanted, got):
    if wanted != got:
        sys.exit(f"{what}: wanted {wanted!r}, and it was {got!r}")


def status(where, wanted, what, method, path, body=None, **headers):
    answer, text = ask(where, method, path, body, **headers)
    want(f"{what} ({text})", wanted, answer.status)
    return text


def turned_away(where, token):
    """Whoever shows nothing, something wrong, or comes from elsewhere."""
    bearer = {"Authorization": f"Bearer {token}"}
    for path in ["/", "/api/devices", "/mrp/v1/capabilities", "/link", "/no/such"]:
        status(where, 401, f"{path} without a token", "GET", path)
        status(where, 401, f"{path} with a stranger's token", "GET", path, Authorization="Bearer " + "A" * 43)
    status(where, 401, "another scheme", "GET", "/api/devices", Authorization=f"Basic {token}")
    status(where, 403, "another host", "GET", "/api/devices", Host="evil.example", **bearer)
    status(where, 403, "a page", "GET", "/api/devices", Origin="https://evil.example", **bearer)
    status(where, 415, "a form", "POST", "/mrp/v1/execute", "code=1", Content_Type="text/plain", **bearer)
    status(where, 404, "no route", "GET", "/no/such", **bearer)
    large = json.dumps({"code": "#" * TOO_LARGE})
    status(where, 413, "a large body", "POST", "/mrp/v1/execute", large, Content_Type="application/json", **bearer)


def events(text):
    """Of a stream: names and data, in order."""
    for block in text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "event" in fields:
            yield fields["event"], json.loads(fields["data"])


def served(where, token):
    """Runs code in a session of a node, and looks at what there is."""
    bearer = {"Authorization": f"Bearer {token}"}
    devices = json.loads(status(where, 200, "devices", "GET", "/api/devices", **bearer))["devices"]
    want("devices", ["editor", "person", "workshop"], sorted(device["name"] for device in devices))
    code = json.dumps({"code": "print('from afar')\n6 * 7"})
    path = "/s/tests:main/mrp/v1/execute/stream"
    answer, text = ask(where, "POST", path, code, Content_Type="application/json", **bearer)
    want(text, 200, answer.status)
    names = [name for name, _ in events(text) if name != "ping"]
    want("events", ["start", "stdout", "result", "done"], names)
    told = dict(events(text))
    want("stdout", "from afar\n", told["stdout"]["accumulated"])
    want("success", True, told["result"]["success"])
    session, run = answer.headers["wayfare-session"], answer.headers["wayfare-run"]
    runs = json.loads(status(where, 200, "runs", "GET", "/api/runs?session=tests:main", **bearer))["sessions"]
    want("runs", [run], [run["run"] for run in runs[0]["runs"]])
    again = list(events(status(where, 200, "events", "GET", f"/api/runs/{session}/{run}/events?from=1", **bearer)))
    want("the first", "attached", again[0][0])
    want("the last", ("ended", {"outcome": "Succeeded"}), again[-1])
    want("numbers", list(range(1, len(again) - 1)), [data["number"] for name, data in again if name == "event"])
    following = connection(*where)
    following.request("GET", "/api/presence", headers=bearer)
    lines = following.getresponse()
    want("presence", b"event: devices\n", lines.readline())
    following.close()


def let_go(where, token, watching):
    """Whoever watches hears that the token is not good any more."""
    following = connection(*where)
    following.request("GET", "/api/presence", headers={"Authorization": f"Bearer {token}"})
    lines = following.getresponse()
    want("presence", b"event: devices\n", lines.readline())
    open(watching, "w").close()
    rest = lines.read().decode()
    if "event: refused\n" not in rest or "editor was revoked" not in rest:
        sys.exit(rest)


def revoked(where, token):
    """A token of a device that was revoked."""
    text = status(where, 403, "a revoked token", "GET", "/api/devices", Authorization=f"Bearer {token}")
    if "editor was revoked" not in text:
        sys.exit(text)


def main():
    what, address, ca, token, *more = sys.argv[1:]
    tries = {"turned_away": turned_away, "served": served, "let_go": let_go, "revoked": revoked}
    tries[what]((address, ca), token, *more)
    print("as expected")


main()
