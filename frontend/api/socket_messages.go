package api

// socketMessages are the data of the messages that the websocket sends, by type; schemas may name components. The stamp of a time is milliseconds since 1970.
var socketMessages = []component{
	{"status", "how many prompts are pending or running; the first message also names the client", `{"type": "object", "required": ["status"], "properties": {
		"status": {"$ref": "#/components/schemas/ExecInfo"}, "sid": {"type": "string"}}}`},
	{"execution_start", "a prompt begins", `{"type": "object", "required": ["prompt_id", "timestamp"], "properties": {"prompt_id": {"type": "string"},
		"timestamp": {"type": "integer"}}}`},
	{"execution_cached", "nodes whose results are kept from earlier prompts", `{"type": "object", "required": ["nodes", "prompt_id", "timestamp"], "properties": {
		"nodes": {"$ref": "#/components/schemas/Names"}, "prompt_id": {"type": "string"}, "timestamp": {"type": "integer"}}}`},
	{"executing", "a node begins; null where the prompt has ended", `{"type": "object", "required": ["node"], "properties": {"node": {"type": ["string", "null"]},
		"display_node": {"type": "string"}, "prompt_id": {"type": "string"}}}`},
	{"progress", "steps of a node", `{"type": "object", "required": ["value", "max"], "properties": {"value": {"type": "number"}, "max": {"type": "number"},
		"prompt_id": {"type": "string"}, "node": {"type": "string"}}}`},
	{"progress_state", "steps of all nodes that have begun", `{"type": "object", "required": ["prompt_id", "nodes"], "properties": {"prompt_id": {"type": "string"},
		"nodes": {"type": "object", "additionalProperties": {"type": "object", "required": ["value", "max", "state", "node_id", "display_node_id"], "properties": {
		"value": {"type": "number"}, "max": {"type": "number"}, "state": {"enum": ["running", "finished", "error"]}, "node_id": {"type": "string"},
		"prompt_id": {"type": "string"}, "display_node_id": {"type": "string"}, "parent_node_id": {"type": ["string", "null"]},
		"real_node_id": {"type": "string"}}}}}}`},
	{"executed", "what a node shows", `{"type": "object", "required": ["node", "output", "prompt_id"], "properties": {"node": {"type": "string"},
		"display_node": {"type": "string"}, "output": {"type": ["object", "null"]}, "prompt_id": {"type": "string"}}}`},
	{"execution_success", "all of a prompt is done", `{"type": "object", "required": ["prompt_id", "timestamp"], "properties": {"prompt_id": {"type": "string"},
		"timestamp": {"type": "integer"}}}`},
	{"execution_error", "a node failed", `{"type": "object", "required": ["prompt_id", "node_id", "node_type", "exception_message", "exception_type"], "properties": {
		"prompt_id": {"type": "string"}, "node_id": {"type": "string"}, "node_type": {"type": "string"}, "executed": {"$ref": "#/components/schemas/Names"},
		"exception_message": {"type": "string"}, "exception_type": {"type": "string"}, "traceback": {"$ref": "#/components/schemas/Names"},
		"current_inputs": {"type": "object", "additionalProperties": {"type": "array"}}, "current_outputs": {"$ref": "#/components/schemas/Names"},
		"timestamp": {"type": "integer"}}}`},
	{"execution_interrupted", "a prompt was stopped", `{"type": "object", "required": ["prompt_id", "node_id", "node_type", "executed"], "properties": {
		"prompt_id": {"type": "string"}, "node_id": {"type": "string"}, "node_type": {"type": "string"}, "executed": {"$ref": "#/components/schemas/Names"},
		"timestamp": {"type": "integer"}}}`},
	{"feature_flags", "features of the server", `{"$ref": "#/components/schemas/Features"}`},
	{"logs", "new lines of the log", `{"type": "object", "required": ["entries"], "properties": {"entries": {"type": "array", "items": {"type": "object",
		"required": ["t", "m"], "properties": {"t": {"type": "string"}, "m": {"type": "string"}}}}, "size": {"type": ["object", "null"], "properties": {
		"cols": {"type": "integer"}, "rows": {"type": "integer"}}}}}`},
}
