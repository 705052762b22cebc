"""Takes the picture from the websocket, as the node save_image_websocket_node sends it: HOST:PORT WORKFLOW PICTURE."""
import json
import sys
import urllib.request
import uuid

import websocket

server, workflow, picture = sys.argv[1:]
client_id, prompt_id = str(uuid.uuid4()), str(uuid.uuid4())
ws = websocket.WebSocket()
ws.connect(f"ws://{server}/ws?clientId={client_id}", timeout=120)
with open(workflow) as f:
    body = json.dumps({"prompt": json.load(f), "client_id": client_id, "prompt_id": prompt_id}).encode()
urllib.request.urlopen(urllib.request.Request(f"http://{server}/prompt", data=body)).read()
current, images = "", []
while True:
    message = ws.recv()
    if isinstance(message, str):
        message = json.loads(message)
        if message["type"] == "executing" and message["data"].get("prompt_id") == prompt_id:
            if message["data"]["node"] is None:
                break
            current = message["data"]["node"]
    elif current == "save_image_websocket_node":
        images.append(message[8:])
ws.close()
assert len(images) == 1, f"{len(images)} pictures"
with open(picture, "wb") as f:
    f.write(images[0])
