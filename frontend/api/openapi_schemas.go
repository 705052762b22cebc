package api

// component is a JSON schema that routes name.
type component struct{ name, summary, schema string }

var components = []component{
	{"ExecInfo", "how many prompts are pending or running", `{"type": "object", "required": ["exec_info"], "properties": {"exec_info":
		{"type": "object", "required": ["queue_remaining"], "properties": {"queue_remaining": {"type": "integer"}}}}}`},
	{"Nodes", "a workflow in API format: nodes by id; an input is a value or a link [id, number of the output]", `{"type": "object", "additionalProperties":
		{"type": "object", "required": ["class_type", "inputs"], "properties": {"class_type": {"type": "string"}, "inputs": {"type": "object"}}}}`},
	{"Prompt", "a workflow to run", `{"type": "object", "required": ["prompt"], "properties": {"prompt": {"$ref": "#/components/schemas/Nodes"},
		"client_id": {"type": "string", "description": "who is told of it"}, "prompt_id": {"type": "string", "description": "an id of the client's own"},
		"extra_data": {"type": "object"}, "number": {"type": "number", "description": "lower ones run first"},
		"front": {"type": "boolean", "description": "before all that wait"},
		"partial_execution_targets": {"type": "array", "items": {"type": "string"}, "description": "run these outputs only"}}}`},
	{"Queued", "the prompt was accepted; node_errors are of outputs that will not run", `{"type": "object", "required": ["prompt_id", "number", "node_errors"],
		"properties": {"prompt_id": {"type": "string"}, "number": {"type": "number"}, "node_errors": {"type": "object"}}}`},
	{"QueueItem", "number, id, nodes, extra data and ids of outputs", `{"type": "array", "minItems": 5, "maxItems": 5, "prefixItems": [{"type": "number"},
		{"type": "string"}, {"$ref": "#/components/schemas/Nodes"}, {"type": "object"}, {"type": "array", "items": {"type": "string"}}]}`},
	{"Queue", "what runs and what waits", `{"type": "object", "required": ["queue_running", "queue_pending"], "properties": {
		"queue_running": {"type": "array", "items": {"$ref": "#/components/schemas/QueueItem"}},
		"queue_pending": {"type": "array", "items": {"$ref": "#/components/schemas/QueueItem"}}}}`},
	{"Deletion", "all, or those with the ids", `{"type": "object", "properties": {"clear": {"type": "boolean"},
		"delete": {"type": "array", "items": {"type": "string"}}}}`},
	{"History", "ended prompts by id", `{"type": "object", "additionalProperties": {"type": "object", "required": ["prompt", "outputs", "status"],
		"properties": {"prompt": {"$ref": "#/components/schemas/QueueItem"},
		"outputs": {"type": "object", "description": "what nodes show, by id of the node", "additionalProperties": {"type": "object"}},
		"status": {"type": "object", "required": ["status_str", "completed", "messages"], "properties": {"status_str": {"enum": ["success", "error"]},
			"completed": {"type": "boolean"}, "messages": {"type": "array", "items": {"type": "array", "description": "name and data of an event"}}}},
		"meta": {"type": "object"}}}}`},
	{"Interrupt", "the prompt to stop; without an id all that run", `{"type": "object", "properties": {"prompt_id": {"type": "string"}}}`},
	{"Free", "what to let go of", `{"type": "object", "properties": {"unload_models": {"type": "boolean"}, "free_memory": {"type": "boolean"}}}`},
	{"Upload", "a picture and where it goes", `{"type": "object", "required": ["image"], "properties": {"image": {"type": "string", "format": "binary"},
		"overwrite": {"enum": ["true", "1", "false"]}, "type": {"enum": ["input", "output", "temp"]}, "subfolder": {"type": "string"}}}`},
	{"MaskUpload", "a picture with the alpha, and which picture gets it", `{"allOf": [{"$ref": "#/components/schemas/Upload"}, {"type": "object",
		"required": ["original_ref"], "properties": {"original_ref": {"type": "string", "description": "JSON with filename, subfolder and type"}}}]}`},
	{"Uploaded", "where the picture is", `{"type": "object", "required": ["name", "subfolder", "type"], "properties": {"name": {"type": "string"},
		"subfolder": {"type": "string"}, "type": {"type": "string"}}}`},
	{"Users", "where settings are kept, and names by id where there are several users", `{"type": "object", "required": ["storage"],
		"properties": {"storage": {"const": "server"}, "migrated": {"type": "boolean"}, "users": {"$ref": "#/components/schemas/Texts"}}}`},
	{"NewUser", "the name of a user", `{"type": "object", "required": ["username"], "properties": {"username": {"type": "string"}}}`},
	{"Settings", "values by key", `{"type": "object"}`},
	{"UserFiles", "files and folders", `{"type": "array", "items": {"type": "object", "required": ["name", "path", "type"], "properties": {
		"name": {"type": "string"}, "path": {"type": "string"}, "type": {"enum": ["file", "directory"]}, "size": {"type": "integer"},
		"modified": {"type": "number"}, "created": {"type": "number"}}}}`},
	{"Classes", "node classes by name", `{"type": "object", "additionalProperties": {"type": "object",
		"required": ["input", "input_order", "output", "output_is_list", "output_name", "name", "display_name", "category", "output_node"], "properties": {
		"input": {"type": "object", "description": "required, optional and hidden inputs, each [type] or [type, options]"},
		"input_order": {"$ref": "#/components/schemas/NamesByKey"}, "output": {"type": "array"}, "output_is_list": {"type": "array", "items": {"type": "boolean"}},
		"output_name": {"$ref": "#/components/schemas/Names"}, "name": {"type": "string"}, "display_name": {"type": ["string", "null"]},
		"description": {"type": "string"}, "python_module": {"type": "string"}, "category": {"type": "string"}, "output_node": {"type": "boolean"}}}}`},
	{"Names", "a list of names", `{"type": "array", "items": {"type": "string"}}`},
	{"NamesByKey", "lists of names by key", `{"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Names"}}`},
	{"Texts", "texts by key", `{"type": "object", "additionalProperties": {"type": "string"}}`},
	{"ModelFolders", "keys of model folders and their directories", `{"type": "array", "items": {"type": "object", "required": ["name", "folders"],
		"properties": {"name": {"type": "string"}, "folders": {"$ref": "#/components/schemas/Names"}}}}`},
	{"ModelFiles", "files, the number of the directory that each is in, and times in seconds since 1970", `{"type": "array", "items": {"type": "object",
		"required": ["name", "pathIndex", "modified", "created", "size"], "properties": {"name": {"type": "string"}, "pathIndex": {"type": "integer"},
		"modified": {"type": "number"}, "created": {"type": "number"}, "size": {"type": "integer"}}}}`},
	{"SystemStats", "versions, memory and devices; sizes are bytes", `{"type": "object", "required": ["system", "devices"], "properties": {
		"system": {"type": "object", "required": ["os", "ram_total", "ram_free", "comfyui_version", "python_version", "argv"], "properties": {
			"os": {"type": "string"}, "ram_total": {"type": "integer"}, "ram_free": {"type": "integer"}, "comfyui_version": {"type": "string"},
			"required_frontend_version": {"type": "string"}, "installed_templates_version": {"type": "string"}, "required_templates_version": {"type": "string"},
			"python_version": {"type": "string"}, "pytorch_version": {"type": "string"}, "embedded_python": {"type": "boolean"},
			"argv": {"$ref": "#/components/schemas/Names"}}},
		"devices": {"type": "array", "items": {"type": "object", "required": ["name", "type", "index", "vram_total", "vram_free"], "properties": {
			"name": {"type": "string"}, "type": {"type": "string"}, "index": {"type": ["integer", "null"]}, "vram_total": {"type": "integer"},
			"vram_free": {"type": "integer"}, "torch_vram_total": {"type": "integer"}, "torch_vram_free": {"type": "integer"}}}}}}`},
	{"Features", "features of the server", `{"type": "object", "properties": {"supports_preview_metadata": {"type": "boolean"},
		"max_upload_size": {"type": "integer"}}}`},
	{"Subgraph", "a subgraph; data is its JSON text", `{"type": ["object", "null"], "required": ["source", "name", "info"], "properties": {
		"source": {"type": "string"}, "name": {"type": "string"}, "info": {"type": "object"}, "data": {"type": "string"}}}`},
	{"Subgraphs", "subgraphs by id", `{"type": "object", "additionalProperties": {"$ref": "#/components/schemas/Subgraph"}}`},
	{"Log", "lines with their times, and the size of a terminal", `{"type": "object", "required": ["entries", "size"], "properties": {
		"entries": {"type": "array", "items": {"type": "object", "required": ["t", "m"], "properties": {"t": {"type": "string"}, "m": {"type": "string"}}}},
		"size": {"type": "object", "properties": {"cols": {"type": "integer"}, "rows": {"type": "integer"}}}}}`},
	{"LogSubscription", "who hears the log", `{"type": "object", "required": ["clientId", "enabled"], "properties": {"clientId": {"type": "string"},
		"enabled": {"type": "boolean"}}}`},
	{"Health", "the state of the server", `{"type": "object", "required": ["status"], "properties": {"status": {"type": "string"},
		"problem": {"type": "string"}, "workers": {"type": "integer"}}}`},
	{"QueueState", "counts, and whether no job is started", `{"type": "object", "required": ["paused", "pending", "running", "history"], "properties": {
		"paused": {"type": "boolean"}, "pending": {"type": "integer"}, "running": {"type": "integer"}, "history": {"type": "integer"}}}`},
	{"Pause", "true starts no more jobs", `{"type": "object", "required": ["paused"], "properties": {"paused": {"type": "boolean"}}}`},
	{"Workers", "workers, the models they hold and the job they run", `{"type": "object", "required": ["workers"], "properties": {"workers": {"type": "array",
		"items": {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "host": {"type": "string"}, "device": {"type": "string"},
		"models": {"$ref": "#/components/schemas/Names"}, "job": {"type": "string"}, "jobs": {"type": "integer"}}}}}}`},
	{"Jobs", "a page of jobs; times are milliseconds since 1970", `{"type": "object", "required": ["total", "offset", "jobs"], "properties": {
		"total": {"type": "integer"}, "offset": {"type": "integer"}, "jobs": {"type": "array", "items": {"type": "object",
		"required": ["prompt_id", "status", "number"], "properties": {"prompt_id": {"type": "string"}, "status": {"type": "string"},
		"number": {"type": "number"}, "user": {"type": "string"}, "client_id": {"type": "string"}, "created": {"type": "integer"},
		"started": {"type": "integer"}, "finished": {"type": "integer"}, "tries": {"type": "integer"}, "worker": {"type": "string"},
		"problem": {"type": "string"}}}}}}`},
	{"Move", "the new number", `{"type": "object", "required": ["number"], "properties": {"number": {"type": "number"}}}`},
	{"Retried", "the id and number of the new job", `{"type": "object", "required": ["prompt_id", "number"], "properties": {"prompt_id": {"type": "string"},
		"number": {"type": "number"}}}`},
	{"Actor", "an actor; times are milliseconds since 1970", `{"type": "object", "required": ["name", "path", "bytes", "word", "pictures", "target"], "properties": {
		"name": {"type": "string"}, "path": {"type": "string"}, "bytes": {"type": "integer"}, "modified": {"type": ["integer", "null"]},
		"word": {"type": "string"}, "concept": {"type": "string"}, "family": {"type": "string"}, "fingerprint": {"type": "string"},
		"pictures": {"type": "integer"}, "target": {"type": "integer"}, "width": {"type": "integer"}, "prompt": {"type": "string"},
		"seed": {"type": "integer"}, "steps": {"type": "integer"}, "settings": {"type": "object", "additionalProperties": {"type": "string"}},
		"origin": {"type": "string"}, "licence": {"type": "string"}, "thumbnail": {"type": ["object", "null"], "properties": {
		"width": {"type": "integer"}, "height": {"type": "integer"}}}, "projector": {"type": "boolean"}}}`},
	{"Actors", "actors, and files that can't be used", `{"type": "object", "required": ["actors", "problems"], "properties": {"actors": {"type": "array",
		"items": {"$ref": "#/components/schemas/Actor"}}, "problems": {"$ref": "#/components/schemas/Problems"}}}`},
	{"Problems", "files, and why they can't be used", `{"type": "array", "items": {"type": "object", "required": ["name", "path", "problem"], "properties": {
		"name": {"type": "string"}, "path": {"type": "string"}, "problem": {"type": "string"}}}}`},
	{"ActorChange", "what to set", `{"type": "object", "minProperties": 1, "additionalProperties": false, "properties": {"name": {"type": "string"},
		"origin": {"type": "string"}, "licence": {"type": "string"}, "prompt": {"type": "string"}}}`},
	{"ActorFile", "the file of an actor", `{"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"},
		"name": {"type": "string"}, "origin": {"type": "string"}, "licence": {"type": "string"}}}`},
	{"Trashed", "where the file lies now", `{"type": "object", "required": ["name", "trash"], "properties": {"name": {"type": "string"}, "trash": {"type": "string"}}}`},
	{"Cluster", "a base set; times are milliseconds since 1970", `{"type": "object", "required": ["name", "path", "bytes", "pictures", "target"], "properties": {
		"name": {"type": "string"}, "path": {"type": "string"}, "bytes": {"type": "integer"}, "modified": {"type": ["integer", "null"]},
		"pictures": {"type": "integer"}, "target": {"type": "integer"}, "width": {"type": "integer"}, "height": {"type": "integer"},
		"prompt": {"type": "string"}, "seed": {"type": "integer"}, "sigma": {"type": "number"}, "family": {"type": "string"}, "fingerprint": {"type": "string"}}}`},
	{"Clusters", "base sets, and files that can't be used", `{"type": "object", "required": ["clusters", "problems"], "properties": {"clusters": {"type": "array",
		"items": {"$ref": "#/components/schemas/Cluster"}}, "problems": {"$ref": "#/components/schemas/Problems"}}}`},
	{"ClusterChange", "the picture whose character is kept, counted from 0", `{"type": "object", "required": ["target"], "additionalProperties": false,
		"properties": {"target": {"type": "integer"}}}`},
	{"Warnings", "what was passed over", `{"type": "array", "items": {"type": "object", "required": ["node_id", "class", "text"], "properties": {
		"node_id": {"type": "string"}, "class": {"type": "string"}, "text": {"type": "string"}}}}`},
	{"Opened", "a workflow as an editor draws it", `{"type": "object", "required": ["workflow", "kind", "source", "warnings"], "properties": {
		"workflow": {"type": "object"}, "kind": {"enum": ["UI", "API"]}, "source": {"type": "string"}, "warnings": {"$ref": "#/components/schemas/Warnings"}}}`},
	{"Converted", "the prompt that runs, and the graph as it is saved with results", `{"type": "object", "required": ["prompt", "workflow", "warnings"], "properties": {
		"prompt": {"type": "object"}, "workflow": {"type": ["object", "null"]}, "warnings": {"$ref": "#/components/schemas/Warnings"}}}`},
	{"Estimated", "a prompt, or the graph of an editor", `{"type": "object", "properties": {"prompt": {"$ref": "#/components/schemas/Nodes"}, "workflow": {"type": "object"}}}`},
	{"Estimate", "seconds by the ids of nodes, of which those that are not there take next to nothing or are not known; where a GPU computes it is empty", `{"type": "object",
		"required": ["seconds", "bytes"], "properties": {"seconds": {"type": "object", "additionalProperties": {"type": "number"}}, "bytes": {"type": "integer"}}}`},
	{"Validated", "what is wrong; null and an empty object for nothing", `{"type": "object", "required": ["error", "node_errors"], "properties": {
		"error": {"type": ["object", "null"]}, "node_errors": {"type": "object"}}}`},
}
