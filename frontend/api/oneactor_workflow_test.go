package api

import (
	"testing"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
)

func TestWorkflowRoutes(t *testing.T) {
	const (
		nodes = `{"nodes": [{"id": 1, "type": "Steps", "widgets_values": [18446744073709551615, "fixed"], "mine": {"deep": [1]}}, ` +
			`{"id": 2, "type": "Show", "inputs": [{"name": "text", "type": "STRING", "link": 1, "widget": {"name": "text"}}], "widgets_values": [""]}], ` +
			`"links": [[1, 1, 0, 2, 0, "STRING"]], "version": 0.4}`
		prompt = `{"1": {"inputs": {"seed": 18446744073709551615}, "class_type": "Steps", "_meta": {"title": "Steps"}}, ` +
			`"2": {"inputs": {"text": ["1", 0]}, "class_type": "Show", "_meta": {"title": "Show"}}}`
		note    = `{"nodes": [{"id": 1, "type": "Note", "widgets_values": ["read me"]}], "links": []}`
		unknown = `{"nodes": [{"id": 5, "type": "FancyNode", "title": "Mine", "properties": {"cnr_id": "fancy-pack"}}, {"id": 2, "type": "Show", "widgets_values": ["x"]}]}`
	)
	s := newServer(t, setup{
		host:    &fakeHost{user: t.TempDir(), stats: frontend.Stats{Device: "cpu"}},
		classes: []graph.Declaration{graph.Declare[Steps](), graph.Declare[Show]()}, config: Config{MaxUploadBytes: 4096},
	})
	post := func(path, body string) scenario {
		return scenario{method: "POST", path: "/oneactor/" + path, body: body, headers: map[string]string{"Content-Type": "application/json; charset=utf-8"}}
	}
	answers := func(c scenario, status int, is string) scenario { c.status, c.is = status, is; return c }
	has := func(c scenario, status int, want ...string) scenario { c.status, c.want = status, want; return c }
	runAll(t, s, map[string]scenario{
		"a graph": answers(post("open", nodes), 200, `{"workflow": `+nodes+`, "kind": "UI", "source": "JSON", "warnings": []}`),
		"a prompt is drawn": has(post("open", prompt), 200, `"kind": "API"`, `"widgets_values": [18446744073709551615, "fixed"]`,
			`"links": [[1, 1, 0, 2, 0, "STRING"]]`, `"pos": [`),
		"a graph that cannot run": has(post("open", note), 200, `"read me"`),
		"nodes that are not here": has(post("open", unknown), 200, `"FancyNode"`),
		"nothing":                 has(post("open?name=cat.png", ""), 422, `"bad_workflow"`, "cat.png: "),
		"another object":          has(post("open", `{"a": 1}`), 422, `"no_workflow"`, "nodes"),
		"no JSON":                 has(post("open", `{"nodes": [`), 422, `"bad_workflow"`, "line 1"),
		"a cut picture":           has(post("open", "\x89PNG\r\n\x1a\n\x00\x00"), 422, "error"),
		"another file":            has(post("open", "%PDF-1.7"), 422, `"no_workflow"`, "a PDF file"),
		"two nodes of one id":     has(post("open", `{"nodes": [{"id": 1, "type": "Show"}, {"id": 1, "type": "Show"}]}`), 422, "a second node with id 1"),
		"too much":                has(post("open", `{"nodes": [`+string(make([]byte, 5000))), 413, `"too_large"`, "--max-upload-size"),

		"the prompt of a graph":  answers(post("convert", nodes), 200, `{"prompt": `+prompt+`, "workflow": `+nodes+`, "warnings": []}`),
		"the prompt of a prompt": answers(post("convert", prompt), 200, `{"prompt": `+prompt+`, "workflow": null, "warnings": []}`),
		"nothing that runs":      has(post("convert", note), 422, `"no_workflow"`, "none of them runs"),
		"classes that are not here": has(post("convert", unknown), 422,
			`"nodes": [{"node_id": "5", "class": "FancyNode", "title": "Mine", "pack": "fancy-pack"}]`, `"unknown_nodes"`, "remove or bypass"),

		"a prompt that runs": answers(post("validate", `{"prompt": {"1": {"class_type": "Steps", "inputs": {"seed": 5}}, "2": {"class_type": "Show", "inputs": {"text": ["1", 0]}}}}`), 200, `{"error": null, "node_errors": {}}`),
		"a prompt that does not": has(post("validate", `{"prompt": {"2": {"class_type": "Show", "inputs": {}}}}`), 200,
			`"prompt_outputs_failed_validation"`, `"required_input_missing"`),
		"an estimate":                  has(post("estimate", `{"prompt": {"7": {"class_type": "VAEDecode", "inputs": {}}, "8": {"class_type": "Show", "inputs": {}}}}`), 200, `{"seconds": {"7": 2.9`, `}, "bytes": 0}`),
		"an estimate of nothing":       answers(post("estimate", `{"prompt": {}}`), 200, `{"seconds": {}, "bytes": 0}`),
		"an estimate of a graph":       answers(post("estimate", `{"workflow": `+nodes+`}`), 200, `{"seconds": {}, "bytes": 0}`),
		"an estimate of a note":        answers(post("estimate", `{"workflow": `+note+`}`), 200, `{"seconds": {}, "bytes": 0}`),
		"an estimate without a prompt": has(post("estimate", `{}`), 400, `"bad_request"`, "send"),
		"no prompt":                    has(post("validate", `{}`), 400, `"bad_request"`, "send"),
	})
	if n := s.queue.Counts(); n.Pending+n.Running != 0 {
		t.Errorf("%d jobs were queued", n.Pending+n.Running)
	}
}
