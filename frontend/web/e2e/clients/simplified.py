"""Runs a workflow through comfy-api-simplified and saves its picture: URL WORKFLOW PICTURE."""
import sys
from comfy_api_simplified import ComfyApiWrapper, ComfyWorkflowWrapper

url, workflow, picture = sys.argv[1:]
images = ComfyApiWrapper(url).queue_and_wait_images(ComfyWorkflowWrapper(workflow), "Save Image")
assert len(images) == 1, images.keys()
with open(picture, "wb") as f:
    f.write(next(iter(images.values())))
