"""Node packs for oneactor, in Python without further modules. Copy this file beside your own.

A node is a function with the decorator `node`; its inputs arrive as keyword arguments. Pictures, masks, latents and sigmas are `Tensor`s:
a shape and a flat `array` of floats. What you print goes to oneactor's log.
"""
import array
import json
import os
import struct
import sys

PROTOCOL = 1
NAMES = {"IMAGE": "image", "MASK": "mask", "LATENT": "samples", "SIGMAS": "sigmas"}


class Tensor:
    """shape is a list of sizes, data an array('f') of as many values, the last axis first."""

    def __init__(self, shape, data):
        self.shape, self.data = list(shape), data if isinstance(data, array.array) else array.array("f", data)



class InputError(Exception):
    """What is wrong with an input: InputError("radius", "use 1 or more")."""

    def __init__(self, name, message):
        super().__init__(message)
        self.name = name


_nodes, _functions, _handles = {}, {}, {}
_request = None


def node(inputs, outputs, name=None, category=None, title=None, description="", output_node=False, changes=None, optional=None):
    """Declares a function as a node. inputs and optional are {name: [type, options]} as in ComfyUI, outputs is [(name, type)], or types.

    changes is a function of the inputs whose value says whether the result is still good; leave it out for nodes that only depend on inputs.
    """

    def declare(f):
        outs = [(o, o) if isinstance(o, str) else o for o in outputs]
        key = name or f.__name__
        info = {"required": inputs}
        if optional:
            info["optional"] = optional
        _nodes[key] = {
            "input": info, "output": [t for _, t in outs], "output_name": [n for n, _ in outs], "output_node": output_node,
            "display_name": title or key, "description": description or (f.__doc__ or ""), "changes": changes is not None,
        }
        if category:
            _nodes[key]["category"] = category
        _functions[key] = (f, [t for _, t in outs], changes)
        return f

    return declare


def progress(value, maximum):
    """Moves the bar of the running node."""
    _say({"type": "progress", "id": _request, "value": value, "max": maximum})


def read_safetensors(path):
    """The float32 tensors of a file by name."""
    with open(path, "rb") as f:
        header = json.loads(f.read(struct.unpack("<Q", f.read(8))[0]))
        start, tensors = f.tell(), {}
        for name, t in header.items():
            if name == "__metadata__":
                continue
            f.seek(start + t["data_offsets"][0])
            data = array.array("f", f.read(t["data_offsets"][1] - t["data_offsets"][0]))
            if sys.byteorder == "big":
                data.byteswap()
            tensors[name] = Tensor(t["shape"], data)
    return tensors


def write_safetensors(path, tensors):
    """Writes float32 tensors."""
    header, at = {}, 0
    for name, t in tensors.items():
        size = 4 * len(t.data)
        header[name] = {"dtype": "F32", "shape": t.shape, "data_offsets": [at, at + size]}
        at += size
    text = json.dumps(header).encode()
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text)
        for t in tensors.values():
            data = array.array("f", t.data)
            if sys.byteorder == "big":
                data.byteswap()
            f.write(data.tobytes())


def _say(message):
    _out.write(json.dumps(message) + "\n")
    _out.flush()


def _value(v):
    if not isinstance(v, dict):
        return v
    if "handle" in v:
        return _handles[v["handle"]]
    if "file" not in v:
        return v
    tensors = read_safetensors(v["file"])
    return tensors if v["type"] == "LATENT" else tensors[NAMES[v["type"]]]


def _packed(v, kind, path):
    if kind in NAMES:
        write_safetensors(path, v if isinstance(v, dict) else {NAMES[kind]: v})
        return {"type": kind, "file": path}
    if kind in ("INT", "FLOAT", "STRING", "BOOLEAN", "COMBO", "*") or not isinstance(kind, str):
        return v
    handle = "%d-%d" % (_request, len(_handles))
    _handles[handle] = v
    return {"type": kind, "handle": handle}


def _run(m):
    f, kinds, _ = _functions[m["class"]]
    result = f(**{k: _value(v) for k, v in m["inputs"].items()})
    ui = None
    if isinstance(result, dict):
        ui, result = result.get("ui"), result.get("result", ())
    if not isinstance(result, (list, tuple)):
        result = (result,)
    if len(result) != len(kinds):
        raise TypeError("%s returned %d values and declares %d outputs" % (m["class"], len(result), len(kinds)))
    outputs = [_packed(v, kind, os.path.join(m["folder"], "out-%d.safetensors" % i)) for i, (v, kind) in enumerate(zip(result, kinds))]
    _say({"type": "result", "id": m["id"], "outputs": outputs, "ui": ui} if ui else {"type": "result", "id": m["id"], "outputs": outputs})


def serve():
    """Talks to oneactor until it ends. Call it last."""
    global _out, _request
    _out, sys.stdout = sys.stdout, sys.stderr
    for line in sys.stdin:
        m = json.loads(line)
        _request = m.get("id", 0)
        try:
            if m["type"] == "hello":
                if m["protocol"] != PROTOCOL:
                    raise ValueError("this pack speaks protocol %d" % PROTOCOL)
                _say({"type": "schema", "protocol": PROTOCOL, "nodes": _nodes})
            elif m["type"] == "run":
                _run(m)
            elif m["type"] == "fingerprint":
                _say({"type": "fingerprint", "id": m["id"], "value": _functions[m["class"]][2](**m["inputs"])})
            elif m["type"] == "free":
                for handle in m["handles"]:
                    _handles.pop(handle, None)
        except InputError as e:
            _say({"type": "error", "id": _request, "message": str(e), "input": e.name})
        except Exception as e:  # the node's mistake is no reason to stop the others
            import traceback
            traceback.print_exc()
            _say({"type": "error", "id": _request, "message": "%s: %s" % (type(e).__name__, e)})
