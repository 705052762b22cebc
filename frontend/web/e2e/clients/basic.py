"""Queues a workflow by one request, without a client id, and waits for its history: HOST:PORT WORKFLOW PICTURE."""
import json
import sys
import time
import urllib.parse
import urllib.request

server, workflow, picture = sys.argv[1:]
with open(workflow) as f:
    body = json.dumps({"prompt": json.load(f)}).encode()
answer = json.load(urllib.request.urlopen(urllib.request.Request(f"http://{server}/prompt", data=body)))
prompt_id = answer["prompt_id"]
end = time.time() + 120
while True:  # this client knows no websocket
    history = json.load(urllib.request.urlopen(f"http://{server}/history/{prompt_id}"))
    if prompt_id in history:
        break
    assert time.time() < end, "not done in two minutes"
    time.sleep(0.1)
entry = history[prompt_id]
assert entry["status"]["completed"], entry["status"]
image = entry["outputs"]["9"]["images"][0]
with open(picture, "wb") as f:
    f.write(urllib.request.urlopen(f"http://{server}/view?" + urllib.parse.urlencode(image)).read())
