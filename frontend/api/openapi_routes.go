package api

// Queries that several routes have.
var (
	overwriteQuery = parameter{"overwrite", "boolean", "false keeps what is there"}
	fullInfoQuery  = parameter{"full_info", "boolean", "answer what is known of the file, not only its name"}
)

// pictureQueries choose the form of a picture.
var pictureQueries = []parameter{{"format", "string", "png or webp"}, {"size", "integer", "the longer side at most, in pixels"}}

// operations are all routes. Those of ComfyUI are there twice, bare and under /api.
var operations = []operation{
	{"GET", "/", "pages", "The front end.", nil, "", "html: a page", ""},
	{"GET", "/api/", "pages", "The front end.", nil, "", "html: a page", ""},

	{"GET", "/prompt", "queue", "How many prompts are pending or running.", nil, "", "json: #ExecInfo", ""},
	{"POST", "/prompt", "queue", "Queue a workflow in API format. It is on disk when the answer comes.", nil, "json: #Prompt", "json: #Queued",
		"400: the prompt can't run, and why; 413: it is too large; 503: the queue is full; 507: it can't be kept"},
	{"GET", "/queue", "queue", "Running and pending prompts.", nil, "", "json: #Queue", ""},
	{"POST", "/queue", "queue", "Delete pending prompts.", nil, "json: #Deletion", "nothing", ""},
	{"GET", "/history", "queue", "Ended prompts, the oldest first.", []parameter{
		{"max_items", "integer", "how many"}, {"offset", "integer", "skip as many of the oldest; without it the newest are meant"},
	}, "", "json: #History", ""},
	{"GET", "/history/{id}", "queue", "One ended prompt, or an empty object.", nil, "", "json: #History", ""},
	{"POST", "/history", "queue", "Delete entries of the history.", nil, "json: #Deletion", "nothing", ""},
	{"POST", "/interrupt", "queue", "Stop what runs, or the prompt with the id if it runs.", nil, "json: #Interrupt", "nothing", ""},
	{"POST", "/free", "queue", "Let go of models and of kept results.", nil, "json: #Free", "nothing", ""},
	{"GET", "/ws", "queue", "A websocket that tells what happens, in ComfyUI's protocol.", []parameter{{"clientId", "string", "who listens"}}, "",
		"101 a websocket", ""},

	{"GET", "/view", "files", "A picture or another file of the data folders.", []parameter{
		{"filename!", "string", "the name; [output], [input] or [temp] behind it stands for the type"}, {"type", "string", "output, input or temp"},
		{"subfolder", "string", "where in that folder"}, {"preview", "string", "webp or jpeg and a quality, as in webp;90"}, {"channel", "string", "rgba, rgb or a"},
	}, "", "png: the file, in its own type", "400: a bad name; 403: it leads out of the folder; 404: it is not there"},
	{"POST", "/upload/image", "files", "Put a picture into a data folder.", nil, "form: #Upload", "json: #Uploaded",
		"400: no file, or a bad name; 413: too large"},
	{"POST", "/upload/mask", "files", "Put a picture that is here into a data folder, with the alpha of another one.", nil, "form: #MaskUpload",
		"json: #Uploaded", "400: no file, or a bad name; 413: too large"},

	{"GET", "/users", "users", "Where settings are kept, and the users.", nil, "", "json: #Users", ""},
	{"POST", "/users", "users", "Add a user.", nil, "json: #NewUser", "json: the id of the user, as a string", "400: the name is taken"},
	{"GET", "/settings", "users", "All settings.", nil, "", "json: #Settings", "401: no such user"},
	{"POST", "/settings", "users", "Change settings.", nil, "json: #Settings", "nothing", "401: no such user"},
	{"GET", "/settings/{id}", "users", "One setting, or null.", nil, "", "json: the value", "401: no such user"},
	{"POST", "/settings/{id}", "users", "Set one setting.", nil, "json: the value", "nothing", "401: no such user"},
	{"GET", "/userdata", "users", "Files in a folder of the user.", []parameter{
		{"dir!", "string", "the folder"}, {"recurse", "boolean", "go into its folders"}, {"full_info", "boolean", "tell size and times"},
		{"split", "boolean", "split paths into their parts"},
	}, "", "json: a list of paths, of lists of parts, or of objects with path, size, modified and created",
		"400: no folder named; 403: it leads out; 404: it is not there"},
	{"GET", "/v2/userdata", "users", "Files and folders below a folder of the user.", []parameter{{"path", "string", "the folder"}}, "", "json: #UserFiles",
		"400: no such folder; 403: no such user; 404: it is not there"},
	{"GET", "/userdata/{file}", "users", "A file of the user; slashes in the name are %2F.", nil, "", "bytes: the file",
		"403: the name leads out; 404: it is not there"},
	{"POST", "/userdata/{file}", "users", "Save a file of the user.", []parameter{overwriteQuery, fullInfoQuery}, "bytes: the content",
		"json: the name, or what is known of the file", "403: the name leads out; 409: it is there already"},
	{"DELETE", "/userdata/{file}", "users", "Delete a file of the user.", nil, "", "204 nothing", "403: the name leads out; 404: it is not there"},
	{"POST", "/userdata/{file}/move/{dest}", "users", "Rename a file of the user.", []parameter{overwriteQuery, fullInfoQuery}, "",
		"json: the name, or what is known of the file", "403: a name leads out; 404: it is not there; 409: the other one is"},

	{"GET", "/object_info", "nodes", "All node classes.", nil, "", "json: #Classes", ""},
	{"GET", "/object_info/{class}", "nodes", "One node class, or an empty object.", nil, "", "json: #Classes", ""},

	{"GET", "/models", "models", "Keys of the model folders.", nil, "", "json: #Names", ""},
	{"GET", "/models/{folder}", "models", "Names of the models in a folder.", nil, "", "json: #Names", "404: no such folder"},
	{"GET", "/embeddings", "models", "Names of the textual inversions.", nil, "", "json: #Names", ""},
	{"GET", "/experiment/models", "models", "Model folders with their directories.", nil, "", "json: #ModelFolders", ""},
	{"GET", "/experiment/models/{folder}", "models", "Model files of a folder with size and times.", nil, "", "json: #ModelFiles", "404: no such folder"},
	{"GET", "/experiment/models/preview/{folder}/{index}/{name}", "models", "The picture that shows a model; index is that of its directory.", nil, "",
		"webp: a picture", "404: there is none"},
	{"GET", "/view_metadata/{folder}", "models", "The metadata in a .safetensors file.", []parameter{{"filename!", "string", "name of the model"}}, "",
		"json: #Texts", "404: there is none"},

	{"GET", "/system_stats", "system", "What computes, and how much memory there is.", nil, "", "json: #SystemStats", ""},
	{"GET", "/features", "system", "Features of the server.", nil, "", "json: #Features", ""},
	{"GET", "/extensions", "system", "Scripts that the front end loads.", nil, "", "json: #Names", ""},
	{"GET", "/workflow_templates", "system", "Example workflows of custom nodes.", nil, "", "json: #NamesByKey", ""},
	{"GET", "/api/workflow_templates/{pack}/{file}", "system", "An example workflow of custom nodes, or its picture.", nil, "", "json: the file, in its own type",
		"404: it is not there"},
	{"GET", "/i18n", "system", "Translations of custom nodes, by language.", nil, "", "json: #Settings", ""},
	{"GET", "/global_subgraphs", "system", "Subgraphs that come with custom nodes.", nil, "", "json: #Subgraphs", ""},
	{"GET", "/global_subgraphs/{id}", "system", "One subgraph with its content, or null.", nil, "", "json: #Subgraph", ""},

	{"GET", "/internal/folder_paths", "internal", "Directories of the model folders.", nil, "", "json: #NamesByKey", ""},
	{"GET", "/internal/files/{type}", "internal", "Files of a data folder, the newest first.", nil, "", "json: #Names", "400: no such folder"},
	{"GET", "/internal/logs", "internal", "The log as one text.", nil, "", "json: the text, as a string", ""},
	{"GET", "/internal/logs/raw", "internal", "The lines of the log.", nil, "", "json: #Log", ""},
	{"PATCH", "/internal/logs/subscribe", "internal", "Hear new lines on the websocket, or no more.", nil, "json: #LogSubscription", "nothing", ""},

	{"GET", "/metrics", "watching", "Figures for Prometheus.", nil, "", "text: figures", ""},
	{"GET", "/healthz", "watching", "The process lives.", nil, "", "json: #Health", ""},
	{"GET", "/readyz", "watching", "Jobs are accepted.", nil, "", "json: #Health", "503: they are not, and why"},
	{"GET", "/openapi.json", "watching", "This document.", nil, "", "json: an OpenAPI 3.1 document", ""},

	{"GET", "/oneactor/queue", "oneactor", "Counts, and whether the queue is paused.", nil, "", "json: #QueueState", ""},
	{"POST", "/oneactor/queue", "oneactor", "Pause the queue, or let it go on.", nil, "json: #Pause", "json: #QueueState", "400: nothing to do"},
	{"GET", "/oneactor/workers", "oneactor", "Workers that live.", nil, "", "json: #Workers", ""},
	{"GET", "/oneactor/jobs", "oneactor", "Jobs, a page at a time: running, pending, then ended ones, the newest first.", []parameter{
		{"status", "string", "pending, running, success, error or interrupted"}, {"user", "string", "whose jobs"}, {"search", "string", "part of the id"},
		{"offset", "integer", "skip as many"}, {"limit", "integer", "at most 1000; 50 without"},
	}, "", "json: #Jobs", ""},
	{"POST", "/oneactor/jobs/{id}/move", "oneactor", "Give a pending job another number; lower ones run first.", nil, "json: #Move", "nothing",
		"400: no number; 404: the job does not wait"},
	{"POST", "/oneactor/jobs/{id}/retry", "oneactor", "Queue an ended job once more.", nil, "", "json: #Retried", "404: no such job"},
	{"GET", "/oneactor/actors", "oneactor", "Actors, and files that can't be used.", nil, "", "json: #Actors", ""},
	{"POST", "/oneactor/actors", "oneactor", "Take in the file of an actor; a name that is taken gets a number.", nil, "form: #ActorFile", "201 json: #Actor",
		"400: no file, or a bad name; 413: too large; 422: it is no actor"},
	{"GET", "/oneactor/actors/{name}", "oneactor", "One actor; slashes in the name are %2F.", nil, "", "json: #Actor", "404: it is not there; 422: its file is damaged"},
	{"PATCH", "/oneactor/actors/{name}", "oneactor", "Rename an actor, and set what is said about it.", nil, "json: #ActorChange", "json: #Actor",
		"400: a bad name or value; 404: it is not there; 409: the name is taken; 422: its file is damaged"},
	{"DELETE", "/oneactor/actors/{name}", "oneactor", "Move an actor into the trash.", nil, "", "json: #Trashed", "404: it is not there"},
	{"POST", "/oneactor/actors/{name}/restore", "oneactor", "Bring back the actor that was deleted last under this name.", nil, "", "json: #Actor",
		"404: none was; 409: the name is taken"},
	{"GET", "/oneactor/actors/{name}/thumbnail", "oneactor", "The picture in an actor's file.", pictureQueries, "", "png: the picture, or WebP",
		"404: there is none; 422: the file is damaged"},
	{"GET", "/oneactor/actors/{name}/file", "oneactor", "An actor's file, to be given away.", nil, "", "bytes: the file", "404: it is not there"},
	{"GET", "/oneactor/clusters", "oneactor", "Base sets, and files that can't be used.", nil, "", "json: #Clusters", ""},
	{"GET", "/oneactor/clusters/{name}", "oneactor", "One base set.", nil, "", "json: #Cluster", "404: it is not there; 422: its file is damaged"},
	{"PATCH", "/oneactor/clusters/{name}", "oneactor", "Choose the picture whose character is kept.", nil, "json: #ClusterChange", "json: #Cluster",
		"400: no such picture; 404: it is not there; 422: its file is damaged"},
	{"GET", "/oneactor/clusters/{name}/pictures/{index}", "oneactor", "A picture of a base set, counted from 0.", pictureQueries, "", "png: the picture, or WebP",
		"404: it is not there; 422: the file is damaged"},

	{"POST", "/oneactor/open", "oneactor", "Read any file with a workflow in it (JSON of either kind, PNG, WebP, JPEG, safetensors, parameters of A1111) for an editor.",
		[]parameter{{"name", "string", "what errors call the file"}}, "bytes: the file", "json: #Opened", "413: too large; 422: there is no workflow in it"},
	{"POST", "/oneactor/convert", "oneactor", "The prompt that a workflow file runs.", nil, "bytes: the file", "json: #Converted",
		"413: too large; 422: it is no workflow, or has nodes that are not here"},
	{"POST", "/oneactor/estimate", "oneactor", "About how long the nodes of a prompt, or of the graph of an editor, take on the CPU, and how much memory they need. Nothing is queued.", nil, "json: #Estimated",
		"json: #Estimate", "400: no prompt"},
	{"POST", "/oneactor/validate", "oneactor", "What is wrong with a prompt. Nothing is queued.", nil, "json: #Prompt", "json: #Validated", "400: no prompt"},
}
