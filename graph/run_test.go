package graph

import (
	"slices"
	"strings"
	"testing"
)

func TestRunSequence(t *testing.T) {
	e := newTestEngine(t, Config{})
	ran, result, err := e.run(abc)
	if err != nil {
		t.Fatal(err)
	}
	// The last input is followed first, as in ComfyUI.
	if ran != "2 1 3 4" {
		t.Errorf("ran %s", ran)
	}
	want := []string{
		"execution_start", "execution_cached",
		"progress_state", "executing 2", "progress_state",
		"progress_state", "executing 1", "progress_state",
		"progress_state", "executing 3", "progress_state",
		"progress_state", "executing 4", "executed 4", "progress_state",
		"execution_success",
	}
	if got := e.names(); !slices.Equal(got, want) {
		t.Errorf("events\n got %v\nwant %v", got, want)
	}
	if got := jsonText(result.Outputs); got != `{"4":{"images":[{"filename":"x_(a.png+b.png)"}]}}` {
		t.Errorf("outputs %s", got)
	}
	if got := jsonText(result.Meta()); got != `{"4":{"node_id":"4","display_node":"4","parent_node":null,"real_node_id":"4"}}` {
		t.Errorf("meta %s", got)
	}
	state := e.last(EventProgressState)
	if got := jsonText(state.Object("nodes").Object("3")); got != `{"value":1.0,"max":1.0,"state":"finished","node_id":"3","prompt_id":"p","display_node_id":"3","parent_node_id":null,"real_node_id":"3"}` {
		t.Errorf("progress_state %s", got)
	}
	if got := strings.Join(state.Object("nodes").Keys(), " "); got != "2 1 3 4" {
		t.Errorf("nodes in progress_state: %s", got)
	}
}

// Each step is one prompt on the same engine.
func TestCache(t *testing.T) {
	type step struct {
		prompt string
		ran    string // ids that ran, in order
		cached string // execution_cached
	}
	const save = `"9": {"class_type": "Sink", "inputs": {"any": ["3", 0]}}`
	load := func(id, class, inputs string) string {
		return `"` + id + `": {"class_type": "` + class + `", "inputs": {` + inputs + `}},`
	}
	clock := func(stamp, extra string) string {
		return `{"3": {"class_type": "Clock", "inputs": {"stamp": "` + stamp + `"}` + extra + `},` + save + `}`
	}
	tests := map[string][]step{
		"the same again": {
			{abc, "2 1 3 4", ""},
			{abc, "", "1 2 3 4"},
		},
		"one constant changed": {
			{abc, "2 1 3 4", ""},
			{strings.Replace(abc, "b.png", "c.png", 1), "2 3 4", "1"},
			{abc, "2 3 4", "1"}, // b.png was dropped when the second prompt started
		},
		"renumbered": {
			{abc, "2 1 3 4", ""},
			{strings.NewReplacer(`"1"`, `"11"`, `"2"`, `"x"`, `"3"`, `"33"`, `"4"`, `"44"`).Replace(abc), "", "11 x 33 44"},
		},
		"slot and order of inputs count, order of keys does not": {
			{`{` + load("1", "Numbers", `"text": "1"`) + load("3", "Add", `"a": ["1", 0], "b": 2`) + save + `}`, "1 3 9", ""},
			{`{` + load("1", "Numbers", `"text": "1"`) + load("3", "Add", `"b": 2, "a": ["1", 0]`) + save + `}`, "", "1 3 9"},
			{`{` + load("1", "Numbers", `"text": "1"`) + load("3", "Add", `"b": 2, "a": 1`) + save + `}`, "3 9", "1"},
		},
		"equal nodes share a result": {
			{`{` + load("1", "Load", `"name": "a.png"`) + load("2", "Load", `"name": "a.png"`) + load("3", "Join", `"a": ["1", 0], "b": ["2", 0]`) + save + `}`, "2 3 9", ""},
		},
		"undeclared inputs count": {
			{`{` + load("3", "Load", `"name": "a.png", "x": [1, 2, {"y": 1, "z": 2}]`) + save + `}`, "3 9", ""},
			{`{` + load("3", "Load", `"name": "a.png", "x": [1.0, 2, {"z": 2, "y": true}]`) + save + `}`, "", "3 9"},
			{`{` + load("3", "Load", `"name": "a.png", "x": [1, 2, {"y": 1, "z": 3}]`) + save + `}`, "3 9", ""},
		},
		"volatile nodes are their own": {
			{`{` + load("1", "Volatile", ``) + load("2", "Volatile", ``) + load("3", "Join", `"a": ["1", 0], "b": ["2", 0]`) + save + `}`, "2 1 3 9", ""},
			{`{` + load("1", "Volatile", ``) + load("2", "Volatile", ``) + load("3", "Join", `"a": ["1", 0], "b": ["2", 0]`) + save + `}`, "", "1 2 3 9"},
			{`{` + load("1", "Volatile", ``) + load("22", "Volatile", ``) + load("3", "Join", `"a": ["1", 0], "b": ["22", 0]`) + save + `}`, "22 3 9", "1"},
		},
		"so are nodes that ask for their id": {
			{`{` + load("1", "Who", ``) + load("3", "Who", ``) + save + `}`, "3 9", ""},
			{`{` + load("3", "Who", ``) + save + `}`, "", "3 9"},
		},
		"a fingerprint that stays": {
			{clock("1", ""), "3 9", ""},
			{clock("1", ""), "", "3 9"},
		},
		"a fingerprint that fails never matches": {
			{clock("never", ""), "3 9", ""},
			{clock("never", ""), "3 9", ""},
		},
		"is_changed in the prompt is trusted": {
			{clock("never", `, "is_changed": ["v"]`), "3 9", ""},
			{clock("never", `, "is_changed": ["v"]`), "", "3 9"},
			{clock("never", `, "is_changed": ["w"]`), "3 9", ""},
			{clock("never", `, "is_changed": NaN`), "3 9", ""},
			{clock("never", `, "is_changed": NaN`), "3 9", ""},
		},
		"a NaN constant never matches": {
			{`{` + load("3", "Load", `"name": "a.png", "x": NaN`) + save + `}`, "3 9", ""},
			{`{` + load("3", "Load", `"name": "a.png", "x": NaN`) + save + `}`, "3 9", ""},
		},
		"a node nobody needs does not run": {
			{`{` + load("1", "Load", `"name": "a.png"`) + load("3", "Load", `"name": "b.png"`) + save + `}`, "3 9", ""},
		},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			for i, s := range steps {
				ran, result, err := e.run(s.prompt)
				if err != nil {
					t.Fatalf("step %d: %v", i, err)
				}
				if ran != s.ran {
					t.Errorf("step %d: ran %q, want %q", i, ran, s.ran)
				}
				if got := strings.Join(result.Cached, " "); got != s.cached {
					t.Errorf("step %d: cached %q, want %q", i, got, s.cached)
				}
				if got := strings.Trim(jsonText(e.last(EventExecutionCached).Array("nodes")), "[]"); strings.Count(got, `"`) != 2*len(result.Cached) {
					t.Errorf("step %d: execution_cached %s", i, got)
				}
			}
		})
	}
}

func TestCachedOutputIsAnnounced(t *testing.T) {
	e := newTestEngine(t, Config{})
	if _, _, err := e.run(abc); err != nil {
		t.Fatal(err)
	}
	_, result, err := e.run(abc)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"execution_start", "execution_cached", "executed 4", "progress_state", "execution_success"}
	if got := e.names(); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	if got := jsonText(e.last(EventExecuted)); got != `{"node":"4","display_node":"4","output":{"images":[{"filename":"x_(a.png+b.png)"}]},"prompt_id":"p"}` {
		t.Errorf("executed %s", got)
	}
	if got := jsonText(e.last(EventProgressState).Object("nodes").Object("4")); !strings.HasPrefix(got, `{"value":1.0,"max":1.0,"state":"finished"`) {
		t.Errorf("progress_state %s", got)
	}
	if len(result.Executed) != 0 || !result.Outputs.Has("4") {
		t.Errorf("executed %v, outputs %s", result.Executed, jsonText(result.Outputs))
	}
}

// Two equal outputs run once; the history names the first one for both.
func TestTwinOutputs(t *testing.T) {
	e := newTestEngine(t, Config{})
	ran, result, err := e.run(`{"1":{"class_type":"Load","inputs":{"name":"a.png"}},
		"4":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"x"}},
		"5":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"x"}}}`)
	if err != nil || ran != "1 4" {
		t.Fatalf("ran %q: %v", ran, err)
	}
	if got := result.Meta().Object("5").String("node_id"); got != "4" {
		t.Errorf("meta of 5 names %s", got)
	}
	if result.Outputs.Len() != 2 || !slices.Equal(result.Executed, []string{"1", "4"}) {
		t.Errorf("outputs %s, executed %v", jsonText(result.Outputs), result.Executed)
	}
}

func TestCacheEviction(t *testing.T) {
	// Four pictures of 1000 bytes, two of which fit with their overhead.
	const budget = 2 * (1000 + entryBytes)
	prompt := func(ids ...string) string {
		var b strings.Builder
		b.WriteString(`{`)
		for i, id := range ids {
			if i > 0 {
				b.WriteString(",")
			}
			file := string(rune('a'+id[0]-'1')) + ".png"
			b.WriteString(`"` + id + `":{"class_type":"Load","inputs":{"name":"` + file + `","size":1000}},"s` + id + `":{"class_type":"Show","inputs":{"value":["` + id + `",0]}}`)
		}
		return b.String() + `}`
	}
	e := newTestEngine(t, Config{CacheBytes: budget + 100*entryBytes})
	if ran, _, _ := e.run(prompt("1", "2", "3", "4")); ran != "1 s1 2 s2 3 s3 4 s4" {
		t.Fatalf("ran %q", ran)
	}
	if ran, _, _ := e.run(prompt("1", "2", "3", "4")); ran != "" {
		t.Errorf("with room for all ran %q", ran)
	}

	e = newTestEngine(t, Config{CacheBytes: budget})
	for range 2 {
		ran, result, err := e.run(prompt("1", "2", "3", "4"))
		if err != nil {
			t.Fatal(err)
		}
		if e.cache.bytes > budget {
			t.Errorf("the cache holds %d bytes of %d", e.cache.bytes, budget)
		}
		if result.Outputs.Len() != 4 {
			t.Errorf("outputs %s", jsonText(result.Outputs))
		}
		if !strings.HasPrefix(ran, "1 s1 2 s2") && len(result.Cached) == 0 {
			t.Errorf("ran %q", ran)
		}
	}
	var total int64
	for _, s := range e.cache.all {
		if s.entry == nil {
			continue
		}
		total += s.entry.bytes
		if s.entry.pins != 0 {
			t.Errorf("entry still pinned %d times", s.entry.pins)
		}
	}
	if total != e.cache.bytes {
		t.Errorf("entries hold %d bytes, the cache says %d", total, e.cache.bytes)
	}
}

// A value larger than the cache still reaches its consumers.
func TestCacheTooSmall(t *testing.T) {
	e := newTestEngine(t, Config{CacheBytes: 1})
	for range 2 {
		ran, result, err := e.run(abc)
		if err != nil || ran != "2 1 3 4" {
			t.Errorf("ran %q: %v", ran, err)
		}
		if !result.Outputs.Has("4") {
			t.Error("no output")
		}
	}
	if e.cache.bytes != 0 {
		t.Errorf("%d bytes stayed", e.cache.bytes)
	}
}

func TestListMapping(t *testing.T) {
	const numbers = `"1":{"class_type":"Numbers","inputs":{"text":"1 2 3"}},"2":{"class_type":"Numbers","inputs":{"text":"10 20"}},"0":{"class_type":"Numbers","inputs":{"text":""}},`
	tests := map[string]struct{ nodes, want, err string }{
		"a call per item": {`"3":{"class_type":"Add","inputs":{"a":["1",0],"b":0.5}},"4":{"class_type":"Show","inputs":{"value":["3",0]}}`,
			`["1.5","2.5","3.5"]`, ""},
		"the last item repeats": {`"3":{"class_type":"Sum","inputs":{"values":["1",0]}},"4":{"class_type":"Add","inputs":{"a":["2",0],"b":1}},"5":{"class_type":"Show","inputs":{"value":["4",0]}}`,
			`["11","21"]`, ""},
		"lists as they are": {`"3":{"class_type":"Sum","inputs":{"values":["1",0],"plus":["2",0]}},"4":{"class_type":"Show","inputs":{"value":["3",0]}}`,
			`["36"]`, ""},
		"an empty list": {`"3":{"class_type":"Add","inputs":{"a":["0",0],"b":1}},"4":{"class_type":"Show","inputs":{"value":["3",0]}}`,
			``, "node 3 (Add): input a: the list from node 0 is empty"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			_, result, err := e.run(`{` + numbers + tt.nodes + `}`)
			if tt.err != "" {
				if err == nil || err.Error() != tt.err {
					t.Errorf("error %v, want %s", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			for id := range result.Outputs.All() {
				if got := jsonText(result.Outputs.Object(id).Array("text")); got != tt.want {
					t.Errorf("got %s, want %s", got, tt.want)
				}
			}
		})
	}
}

func TestListsOfDifferentLength(t *testing.T) {
	e := newTestEngine(t, Config{})
	_, result, err := e.run(`{"1":{"class_type":"Load","inputs":{"name":"a.png"}},
		"2":{"class_type":"Numbers","inputs":{"text":"7 8"}},
		"3":{"class_type":"Add","inputs":{"a":["2",0],"b":["5",0]}},
		"4":{"class_type":"Numbers","inputs":{"text":"1 2 3"}},
		"5":{"class_type":"Add","inputs":{"a":["4",0],"b":0}},
		"6":{"class_type":"Show","inputs":{"value":["3",0]}}}`)
	if err != nil {
		t.Fatal(err)
	}
	if got := jsonText(result.Outputs.Object("6").Array("text")); got != `["8","10","11"]` {
		t.Errorf("got %s", got)
	}
}
