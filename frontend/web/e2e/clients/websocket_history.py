"""Queues a workflow under an id of its own, listens until no node runs, and fetches the picture the history names: HOST:PORT WORKFLOW PICTURE."""
import json
import sys
import urllib.parse
import urllib.request
import uuid

import websocket

server, workflow, picture = sys.argv[1:]
client_id, prompt_id = str(uuid.uuid4()), str(uuid.uuid4())
ws = websocket.WebSocket()
ws.connect(f"ws://{server}/ws?clientId={client_id}", timeout=120)
with open(workflow) as f:
    body = json.dumps({"prompt": json.load(f), "client_id": client_id, "prompt_id": prompt_id}).encode()
assert json.load(urllib.request.urlopen(urllib.request.Request(f"http://{server}/prompt", data=body)))["prompt_id"] == prompt_id
while True:
    message = ws.recv()
    if isinstance(message, str):
        message = json.loads(message)
        if message["type"] == "executing" and message["data"]["node"] is None and message["data"]["prompt_id"] == prompt_id:
            break
ws.close()
entry = json.load(urllib.request.urlopen(f"http://{server}/history/{prompt_id}"))[prompt_id]  # there before the last message
image = entry["outputs"]["9"]["images"][0]
with open(picture, "wb") as f:
    f.write(urllib.request.urlopen(f"http://{server}/view?" + urllib.parse.urlencode(image)).read())
