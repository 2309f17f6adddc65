"""Brings files to a door over HTTP and fetches them, as a program does.

Arguments: the address (http://host:port or https://host:port), a token, the file of a CA's certificate or `-`, a project. Says
`as expected`, or ends with what was not.
"""

import hashlib
import http.client
import json
import os
import ssl
import sys
from urllib.parse import urlsplit


class Door:
    def __init__(self, address, token, ca):
        self.at, self.token, self.ca = urlsplit(address), token, ca

    def ask(self, method, path, body=None, headers=()):
        if self.at.scheme == "https":
            context = ssl.create_default_context(cafile=self.ca)
            context.verify_flags &= ~ssl.VERIFY_X509_STRICT
            asked = http.client.HTTPSConnection(self.at.hostname, self.at.port, timeout=60, context=context)
        else:
            asked = http.client.HTTPConnection(self.at.hostname, self.at.port, timeout=60)
        asked.request(method, path, body=body, headers={"Authorization": f"Bearer {self.token}", **dict(headers)})
        answer = asked.getresponse()
        return answer, answer.read()


def want(what, wanted, got):
    if wanted != got:
        sys.exit(f"{what}: wanted {wanted!r}, and it was {got!r}")


def main(address, token, ca, project):
    door = Door(address, token, ca)
    whole = os.urandom(3 * 1024 * 1024 + 7)
    asset = hashlib.sha256(whole).hexdigest()
    path = f"/api/assets/{asset}"

    answer, _ = door.ask("HEAD", path)
    want("what came of a new one", (404, "0"), (answer.status, answer.headers["Upload-Offset"]))
    # A piece, then the wrong one, then the rest.
    length = {"Upload-Length": str(len(whole))}
    cut = 1024 * 1024 + 11
    answer, _ = door.ask("PUT", path, whole[:cut], {**length, "Upload-Offset": "0"})
    want("a piece", (202, str(cut)), (answer.status, answer.headers["Upload-Offset"]))
    answer, _ = door.ask("GET", path)
    want("an unfinished one", 404, answer.status)
    answer, _ = door.ask("HEAD", path)
    want("what came", str(cut), answer.headers["Upload-Offset"])
    answer, _ = door.ask("PUT", path, whole[5:9], {**length, "Upload-Offset": "5"})
    want("another place", (409, str(cut)), (answer.status, answer.headers["Upload-Offset"]))
    answer, _ = door.ask("PUT", path, whole[cut:], {**length, "Upload-Offset": str(cut)})
    want("the rest", 201, answer.status)
    answer, _ = door.ask("PUT", path, whole)
    want("the same again", 200, answer.status)

    answer, got = door.ask("GET", f"{path}?type=image/png")
    want("all of it", (200, True), (answer.status, got == whole))
    want("its type", "image/png", answer.headers["Content-Type"])
    want("it is not guessed", "nosniff", answer.headers["X-Content-Type-Options"])
    if "sandbox" not in answer.headers["Content-Security-Policy"]:
        sys.exit("an asset may act in the door's origin")
    for spec, part in [("0-9", whole[:10]), ("1000000-1100000", whole[1000000:1100001]), ("-7", whole[-7:])]:
        answer, got = door.ask("GET", path, headers={"Range": f"bytes={spec}"})
        want(spec, (206, True), (answer.status, got == part))
    answer, _ = door.ask("GET", path, headers={"Range": f"bytes={len(whole)}-"})
    want("behind its end", (416, f"bytes */{len(whole)}"), (answer.status, answer.headers["Content-Range"]))
    answer, got = door.ask("HEAD", path)
    want("its length", (200, str(len(whole)), b""), (answer.status, answer.headers["Content-Length"], got))

    wrong = hashlib.sha256(b"another").hexdigest()
    answer, got = door.ask("PUT", f"/api/assets/{wrong}", b"this one")
    want(f"other bytes ({got})", 400, answer.status)
    answer, _ = door.ask("GET", f"/api/assets/{wrong}")
    want("what was refused", 404, answer.status)
    answer, _ = door.ask("PUT", f"/api/assets/{wrong}", b"", {"Upload-Length": str(1 << 60), "Upload-Offset": "0"})
    want("more than may be", 413, answer.status)
    answer, _ = door.ask("GET", "/api/assets/../../x")
    want("no id", 404, answer.status)

    made = json.dumps({"name": project})
    door.ask("POST", "/api/projects", made, {"Content-Type": "application/json"})
    named = json.dumps({"id": asset, "type": "text/html"})
    files = f"/api/projects/{project}/files"
    answer, got = door.ask("PUT", f"{files}/data/page.html", named, {"Content-Type": "application/json"})
    want(f"a path ({got})", 200, answer.status)
    answer, got = door.ask("GET", files)
    entry = {"path": "data/page.html", "id": asset, "size": len(whole), "type": "text/html"}
    if entry not in json.loads(got)["files"]:
        sys.exit(f"it is not listed: {got}")
    answer, got = door.ask("GET", f"{files}/data/page.html")
    want("by its path", (200, True, "text/html"), (answer.status, got == whole, answer.headers["Content-Type"]))
    answer, _ = door.ask("DELETE", f"{files}/data/page.html")
    want("deleted", 200, answer.status)
    answer, _ = door.ask("GET", f"{files}/data/page.html")
    want("after that", 404, answer.status)
    print("as expected")


main(*sys.argv[1:])
