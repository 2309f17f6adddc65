"""Edits a document with pycrdt over a WebSocket, as a program does that knows y-websocket's protocol and nothing of Wayfare.

Arguments: the server's address, the document, a token, a CA's certificate or `-`, what to type, and what to wait for from others.
Prints the text when all of it is there.
"""

import asyncio
import json
import sys

from pycrdt import Awareness, Doc, Text, YMessageType, create_awareness_message, create_sync_message, create_update_message
from pycrdt import handle_sync_message, read_message
from tornado.httpclient import HTTPRequest
from tornado.websocket import websocket_connect

SILENCE = 60


async def edit(server, room, token, ca, typed, wanted):
    request = HTTPRequest(
        f"{server}/{room}",
        headers={"Authorization": f"Bearer {token}"},
        ca_certs=None if ca == "-" else ca,
    )
    socket = await websocket_connect(request)
    doc = Doc()
    text = doc.get("content", type=Text)
    awareness = Awareness(doc)
    awareness.set_local_state({"user": {"name": "pycrdt", "type": "human"}})
    updates = []
    doc.observe(lambda event: updates.append(event.update))

    async def present():
        await socket.write_message(create_awareness_message(awareness.encode_awareness_update([doc.client_id])), binary=True)

    await socket.write_message(create_sync_message(doc), binary=True)
    await present()
    has_typed = False
    while True:
        names = [state.get("user", {}).get("name") for state in awareness.states.values()]
        if has_typed and all(one in str(text) for one in wanted) and "yjs" in names:
            break
        message = await asyncio.wait_for(socket.read_message(), SILENCE)
        if message is None:
            sys.exit(f"let go: {socket.close_code} {socket.close_reason}")
        kind = message[0]
        if kind == YMessageType.SYNC:
            updates.clear()
            answer = handle_sync_message(message[1:], doc)
            updates.clear()  # what came is not sent back
            if answer is not None:
                await socket.write_message(answer, binary=True)
            if message[1] == 1 and not has_typed:
                text += typed
                has_typed = True
                for update in updates:
                    await socket.write_message(create_update_message(update), binary=True)
                updates.clear()
        elif kind == YMessageType.AWARENESS:
            awareness.apply_awareness_update(read_message(message[1:]), "remote")
            await present()
    print(str(text))
    await asyncio.sleep(0.5)
    socket.close()


if __name__ == "__main__":
    server, room, token, ca, typed, *wanted = sys.argv[1:]
    asyncio.run(edit(server, room, token, ca, typed, wanted))
