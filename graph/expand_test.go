package graph

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// growPrompt is a Grow node (2) fed by Load (1) and read by Save (3).
func growPrompt(graph, from string, slot int) string {
	return `{"1":{"class_type":"Load","inputs":{"name":"a.png"}},
		"2":{"class_type":"Grow","inputs":{"image":["1",0],"graph":` + strconv.Quote(graph) + `,"from":"` + from + `","slot":` + strconv.Itoa(slot) + `}},
		"3":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"x"}}}`
}

func TestExpansion(t *testing.T) {
	const joined = `{"2.0.0.1":{"class_type":"Load","inputs":{"name":"b.png"}},"2.0.0.2":{"class_type":"Join","inputs":{"a":["1",0],"b":["2.0.0.1",0]}}}`
	tests := map[string]struct {
		prompt, ran, saved, err string
	}{
		"nothing":                       {growPrompt("{}", "", 0), "1 2 3", "x_a.png", ""},
		"a node of the prompt":          {growPrompt("{}", "1", 0), "1 2 3", "x_a.png", ""},
		"new nodes":                     {growPrompt(joined, "2.0.0.2", 0), "1 2 2.0.0.1 2.0.0.2 3", "x_(a.png+b.png)", ""},
		"equal to a node of the prompt": {growPrompt(`{"n":{"class_type":"Load","inputs":{"name":"a.png"}}}`, "n", 0), "1 2 3", "x_a.png", ""},
		"a new output":                  {growPrompt(`{"2.0.0.1":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"inner"}}}`, "1", 0), "1 2 2.0.0.1 3", "x_a.png", ""},
		"within each other": {growPrompt(`{"i":{"class_type":"Grow","inputs":{"image":["1",0],"graph":"{\"j\":{\"class_type\":\"Load\",\"inputs\":{\"name\":\"c.png\"}}}","from":"j","slot":0}}}`, "i", 0),
			"1 2 i j 3", "x_c.png", ""},
		"a taken id": {growPrompt(`{"1":{"class_type":"Load","inputs":{"name":"b.png"}}}`, "1", 0), "", "",
			"node 2 (Grow): Attempt to add duplicate node 1"},
		"an unknown class": {growPrompt(`{"n":{"class_type":"Nix","inputs":{}}}`, "n", 0), "", "", "node 2 (Grow): expansion node n: class Nix does not exist"},
		"a link to nowhere": {growPrompt(`{"n":{"class_type":"Join","inputs":{"a":["m",0]}}}`, "n", 0), "", "",
			"node 2 (Grow): expansion node n: input a: there is no node m"},
		"a result from nowhere": {growPrompt("{}", "m", 0), "", "", "node 2 (Grow): expansion result 0: there is no node m"},
		"no such slot":          {growPrompt("{}", "1", 5), "", "", "node 2 (Grow): expansion result 0: node 1 has no output 5"},
		"its own result":        {growPrompt("{}", "2", 0), "", "", "node 2 (Grow): dependency cycle: 2 → 2; delete one of these links"},
		"a cycle": {growPrompt(`{"n":{"class_type":"Join","inputs":{"a":["2",0]}}}`, "n", 0), "", "",
			"node 2 (Grow): dependency cycle: 2 → n → 2; delete one of these links"},
		"a wrong constant": {growPrompt(`{"n":{"class_type":"Load","inputs":{"name":5}}}`, "n", 0), "", "",
			"node 2 (Grow): input name: wants string, got int64 5"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			ran, result, err := e.run(tt.prompt)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil || ran != tt.ran {
				t.Errorf("ran %q, want %q: %v", ran, tt.ran, err)
			}
			if got := jsonText(result.Outputs.Object("3")); !strings.Contains(got, `"`+tt.saved+`"`) {
				t.Errorf("saved %s, want %s", got, tt.saved)
			}
			if ran, _, err := e.run(tt.prompt); err != nil || ran != "" {
				t.Errorf("again ran %q: %v", ran, err)
			}
			for _, s := range e.cache.all {
				if s.entry != nil && s.entry.pins != 0 {
					t.Errorf("an entry is still pinned %d times", s.entry.pins)
				}
			}
		})
	}
}

func TestExpansionEvents(t *testing.T) {
	e := newTestEngine(t, Config{})
	prompt := growPrompt(`{"2.0.0.1":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"inner"}},
		"2.0.0.2":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"shown elsewhere"},"override_display_id":"3"}}`, "1", 0)
	check := func(result Result) {
		t.Helper()
		want := `{"2.0.0.1":{"node_id":"2.0.0.1","display_node":"2","parent_node":"2","real_node_id":"2"},` +
			`"2.0.0.2":{"node_id":"2.0.0.2","display_node":"3","parent_node":"2","real_node_id":"2"},` +
			`"3":{"node_id":"3","display_node":"3","parent_node":null,"real_node_id":"3"}}`
		meta := result.Meta()
		keys := meta.Keys()
		slices.Sort(keys)
		got := make([]string, len(keys))
		for i, key := range keys {
			got[i] = `"` + key + `":` + jsonText(meta.Object(key))
		}
		if text := "{" + strings.Join(got, ",") + "}"; text != want {
			t.Errorf("meta\n got %s\nwant %s", text, want)
		}
	}
	_, result, err := e.run(prompt)
	if err != nil {
		t.Fatal(err)
	}
	check(result)
	// The parent is announced when it begins, and only finished after its nodes.
	want := []string{"progress_state", "executing 2", "progress_state", "executing 2.0.0.1", "executed 2.0.0.1", "progress_state",
		"progress_state", "executing 2.0.0.2", "executed 2.0.0.2", "progress_state", "progress_state", "progress_state", "executing 3"}
	names := e.names()
	start := slices.Index(names, "executing 2") - 1
	if got := names[start : start+len(want)]; !slices.Equal(got, want) {
		t.Errorf("events\n got %v\nwant %v", got, want)
	}
	i := slices.Index(names, "executing 2.0.0.2")
	if got := jsonText(e.events[i].Data); got != `{"node":"2.0.0.2","display_node":"3","prompt_id":"p"}` {
		t.Errorf("executing %s", got)
	}
	if got := jsonText(e.last(EventProgressState).Object("nodes").Object("2.0.0.1")); !strings.HasSuffix(got, `"display_node_id":"2","parent_node_id":"2","real_node_id":"2"}`) {
		t.Errorf("progress_state %s", got)
	}
	// From the cache the inner pictures are still part of the history.
	_, result, err = e.run(prompt)
	if err != nil {
		t.Fatal(err)
	}
	check(result)
}

func TestInnerFailureNamesTheRealNode(t *testing.T) {
	e := newTestEngine(t, Config{})
	_, _, err := e.run(growPrompt(`{"n":{"class_type":"Fail","inputs":{"how":"error"}}}`, "n", 0))
	var failure *NodeError
	if !errors.As(err, &failure) || failure.NodeID != "2" || failure.Class != "Grow" {
		t.Errorf("error %v", err)
	}
	d := e.last(EventExecutionError)
	if d.String("node_id") != "2" || d.String("node_type") != "Grow" || !strings.Contains(jsonText(d.Array("traceback")), "node n, in Fail") {
		t.Errorf("data %s", jsonText(d))
	}
}

func TestCycleAtRun(t *testing.T) {
	e := newTestEngine(t, Config{})
	prompt := parsePrompt(t, `{"1":{"class_type":"Join","inputs":{"a":["2",0]}},"2":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`)
	_, _, err := e.runPrompt(prompt, []string{"3"})
	if !errors.Is(err, ErrCycle) {
		t.Fatalf("error %v", err)
	}
	d := e.last(EventExecutionError)
	if d.String("exception_type") != "graph.DependencyCycleError" || d.String("exception_message") != "Dependency cycle detected" || jsonText(d.Array("current_inputs")) != "[]" {
		t.Errorf("data %s", jsonText(d))
	}
}

// A mixed list: one call expands, the others do not.
func TestExpansionInAList(t *testing.T) {
	e := newTestEngine(t, Config{})
	_, result, err := e.run(`{"1":{"class_type":"Numbers","inputs":{"text":"0 1 2"}},
		"2":{"class_type":"MaybeGrow","inputs":{"which":["1",0]}},
		"3":{"class_type":"Show","inputs":{"value":["2",0]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := jsonText(result.Outputs.Object("3").Array("text")); got != `["0","7","2"]` {
		t.Errorf("got %s", got)
	}
}
