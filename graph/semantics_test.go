package graph

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

func TestOrder(t *testing.T) {
	load := func(id, file string) string {
		return `"` + id + `":{"class_type":"Load","inputs":{"name":"` + file + `.png"}},`
	}
	tests := map[string]struct{ prompt, want string }{
		// 1 and 5 can run first; 5 is read by an output, so its branch is finished before 1 begins.
		"what feeds an output goes first": {`{` + load("1", "a") +
			`"2":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Join","inputs":{"a":["2",0]}},
			"4":{"class_type":"Save","inputs":{"image":["3",0],"filename_prefix":"x"}},` + load("5", "b") +
			`"6":{"class_type":"Save","inputs":{"image":["5",0],"filename_prefix":"y"}}}`, "5 6 1 2 3 4"},
		"two steps from an output beats three": {`{` + load("1", "a") +
			`"2":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Join","inputs":{"a":["2",0]}},
			"4":{"class_type":"Save","inputs":{"image":["3",0],"filename_prefix":"x"}},` + load("5", "b") +
			`"6":{"class_type":"Join","inputs":{"a":["5",0]}},
			"7":{"class_type":"Save","inputs":{"image":["6",0],"filename_prefix":"y"}}}`, "5 6 7 1 2 3 4"},
		// 1 was ready as a node far from any output when the second output named it.
		"a rank that rises": {`{` + load("1", "a") +
			`"2":{"class_type":"Join","inputs":{"a":["1",0]}},"3":{"class_type":"Join","inputs":{"a":["2",0]}},
			"4":{"class_type":"Save","inputs":{"image":["3",0],"filename_prefix":"x"}},` + load("5", "b") +
			`"6":{"class_type":"Join","inputs":{"a":["5",0]}},
			"7":{"class_type":"Save","inputs":{"image":["6",0],"filename_prefix":"y"}},
			"8":{"class_type":"Save","inputs":{"image":["1",0],"filename_prefix":"z"}}}`, "1 8 2 3 4 5 6 7"},
		"the last input first": {abc, "2 1 3 4"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			if ran, _, err := e.run(tt.prompt); err != nil || ran != tt.want {
				t.Errorf("ran %q, want %q: %v", ran, tt.want, err)
			}
		})
	}
}

func TestLazy(t *testing.T) {
	prompt := func(left, b string) string {
		return `{"1":{"class_type":"Load","inputs":{"name":"a.png"}},"2":{"class_type":"Load","inputs":{"name":"` + b + `"}},
			"3":{"class_type":"Switch","inputs":{"left":` + left + `,"a":["1",0],"b":["2",0]}},
			"4":{"class_type":"Save","inputs":{"image":["3",0],"filename_prefix":"x"}}}`
	}
	e := newTestEngine(t, Config{})
	ran, result, err := e.run(prompt("true", "b.png"))
	if err != nil || ran != "1 3 4" {
		t.Errorf("ran %q: %v", ran, err)
	}
	// The switch is staged twice and says so each time.
	want := []string{"execution_start", "execution_cached", "progress_state", "executing 3", "progress_state", "executing 1", "progress_state",
		"progress_state", "executing 3", "progress_state", "progress_state", "executing 4", "executed 4", "progress_state", "execution_success"}
	if got := e.names(); !slices.Equal(got, want) {
		t.Errorf("events\n got %v\nwant %v", got, want)
	}
	if !strings.Contains(jsonText(result.Outputs), "x_a.png") {
		t.Errorf("outputs %s", jsonText(result.Outputs))
	}
	if ran, _, err := e.run(prompt("false", "b.png")); err != nil || ran != "2 3 4" {
		t.Errorf("other side: ran %q: %v", ran, err)
	}
	// The side that is not needed is part of the signature all the same.
	if ran, _, err := e.run(prompt("false", "c.png")); err != nil || ran != "2 3 4" {
		t.Errorf("other file: ran %q: %v", ran, err)
	}
	if ran, _, err := e.run(prompt("true", "c.png")); err != nil || ran != "3 4" {
		t.Errorf("1 is still cached: ran %q: %v", ran, err)
	}
}

func TestBlockers(t *testing.T) {
	const load = `"1":{"class_type":"Load","inputs":{"name":"a.png"}},`
	tests := map[string]struct {
		prompt  string
		ran     string
		message string // of the one execution_error, "" for none
		outputs string
	}{
		"a whole node, with a message": {`{` + load + `"2":{"class_type":"Fail","inputs":{"how":"block","pass":["1",0]}},"3":{"class_type":"Join","inputs":{"a":["2",0]}},
			"4":{"class_type":"Save","inputs":{"image":["3",0],"filename_prefix":"x"}}}`, "1 2", "Execution Blocked: not today", "{}"},
		"silently": {`{` + load + `"2":{"class_type":"Fail","inputs":{"how":"silent","pass":["1",0]}},
			"4":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"x"}}}`, "1 2", "", "{}"},
		"one output of two": {`{` + load + `"2":{"class_type":"Split","inputs":{"image":["1",0],"block":true,"why":"right is shut"}},
			"4":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"left"}},"5":{"class_type":"Save","inputs":{"image":["2",1],"filename_prefix":"right"}}}`,
			"1 2 4", "Execution Blocked: right is shut", `{"4":{"images":[{"filename":"left_a.png"}]}}`},
		"none": {`{` + load + `"2":{"class_type":"Split","inputs":{"image":["1",0],"block":false,"why":""}},
			"5":{"class_type":"Save","inputs":{"image":["2",1],"filename_prefix":"right"}}}`, "1 2 5", "", `{"5":{"images":[{"filename":"right_a.png"}]}}`},
		"a blocked item in a list input": {`{"1":{"class_type":"Fail","inputs":{"how":"silent"}},"2":{"class_type":"Sum","inputs":{"values":["1",0]}},
			"3":{"class_type":"Show","inputs":{"value":["2",0]}}}`, "1", "", "{}"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			ran, result, err := e.run(tt.prompt)
			if err != nil || ran != tt.ran {
				t.Errorf("ran %q, want %q: %v", ran, tt.ran, err)
			}
			var messages []string
			for _, ev := range e.events {
				if ev.Type == EventExecutionError {
					messages = append(messages, ev.Data.String("exception_message"))
					if ev.Recorded || ev.Data.Has("timestamp") || ev.Data.String("exception_type") != "ExecutionBlocked" {
						t.Errorf("event %s", jsonText(ev.Data))
					}
				}
			}
			if strings.Join(messages, "|") != tt.message {
				t.Errorf("messages %q, want %q", messages, tt.message)
			}
			if e.names()[len(e.events)-1] != EventExecutionSuccess {
				t.Errorf("ended with %s", e.names()[len(e.events)-1])
			}
			if got := jsonText(result.Outputs); got != tt.outputs {
				t.Errorf("outputs %s, want %s", got, tt.outputs)
			}
		})
	}
}

func TestNodeErrors(t *testing.T) {
	prompt := func(how string) string {
		return `{"1":{"class_type":"Load","inputs":{"name":"a.png"}},"2":{"class_type":"Fail","inputs":{"how":"` + how + `","pass":["1",0]}},
			"3":{"class_type":"Sink","inputs":{"any":["2",0]}}}`
	}
	tests := map[string]struct{ how, message, kind, trace string }{
		"an error":        {"error", "out of luck\n", "RuntimeError", "node 2, in Fail"},
		"a panic":         {"panic", "the node panicked: no way\n", "RuntimeError", "stubs_test.go"},
		"a panic of Go's": {"index", "the node panicked: runtime error: index out of range [5] with length 0\n", "RuntimeError", "stubs_test.go"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			_, result, err := e.run(prompt(tt.how))
			var failure *NodeError
			if !errors.As(err, &failure) || failure.NodeID != "2" || failure.Class != "Fail" {
				t.Fatalf("error %v", err)
			}
			if tt.how == "error" && !errors.Is(err, errStub) {
				t.Errorf("%v does not wrap the node's error", err)
			}
			last := e.events[len(e.events)-1]
			if last.Type != EventExecutionError || !last.Recorded || last.Broadcast {
				t.Fatalf("last event %+v", last)
			}
			d := last.Data
			wantKeys := "prompt_id node_id node_type executed exception_message exception_type traceback current_inputs current_outputs timestamp"
			if got := strings.Join(d.Keys(), " "); got != wantKeys {
				t.Errorf("keys %s", got)
			}
			if d.String("node_id") != "2" || d.String("node_type") != "Fail" || d.String("exception_message") != tt.message || d.String("exception_type") != tt.kind {
				t.Errorf("data %s", jsonText(d))
			}
			if got := jsonText(d.Object("current_inputs")); got != `{"how":["`+tt.how+`"],"pass":["<graph.picture>"]}` {
				t.Errorf("current_inputs %s", got)
			}
			if got := jsonText(d.Array("executed")) + jsonText(d.Array("current_outputs")); got != `["1"]["1","2","3"]` {
				t.Errorf("executed and current_outputs %s", got)
			}
			if !strings.Contains(jsonText(d.Array("traceback")), tt.trace) {
				t.Errorf("traceback %s", jsonText(d.Array("traceback")))
			}
			if !slices.Equal(result.Executed, []string{"1"}) {
				t.Errorf("executed %v", result.Executed)
			}
			// What was done before the failure is kept.
			if ran, _, _ := e.run(prompt(tt.how)); ran != "2" {
				t.Errorf("again ran %q", ran)
			}
		})
	}
}

func TestWrongTypeAtRun(t *testing.T) {
	e := newTestEngine(t, Config{})
	_, _, err := e.run(`{"1":{"class_type":"Numbers","inputs":{"text":"1"}},"2":{"class_type":"Fail","inputs":{"how":"none","pass":["1",0]}},
		"3":{"class_type":"Save","inputs":{"image":["2",0],"filename_prefix":"x"}}}`)
	if want := "node 3 (Save): input image: wants graph.picture, got int 1"; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := e.last(EventExecutionError).String("exception_type"); got != "TypeError" {
		t.Errorf("exception_type %s", got)
	}
}

// Validation leaves the drop-downs of newer classes to the node; the engine does not.
func TestUnknownChoiceAtRun(t *testing.T) {
	e := newTestEngine(t, Config{})
	_, _, err := e.run(`{"1":{"class_type":"Newer","inputs":{"mode":"c"}},"2":{"class_type":"Show","inputs":{"value":["1",0]}}}`)
	if want := `node 1 (Newer): input mode: "c" is not in the list; use one of a, b`; err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
	if got := e.last(EventExecutionError).String("exception_type"); got != "ValueError" {
		t.Errorf("exception_type %s", got)
	}
}

func TestInterrupt(t *testing.T) {
	prompt := func(how string) string {
		return `{"1":{"class_type":"Load","inputs":{"name":"a.png"}},"2":{"class_type":"Fail","inputs":{"how":"` + how + `","pass":["1",0]}},
			"3":{"class_type":"Sink","inputs":{"any":["2",0]}}}`
	}
	tests := map[string]struct{ how, node, executed string }{
		"while a node runs": {"wait", "2", `["1"]`},
		"between two nodes": {"cancel", "3", `["1","2"]`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			e := newTestEngine(t, Config{})
			_, _, err := e.run(prompt(tt.how))
			if !errors.Is(err, ErrInterrupted) || !errors.Is(err, context.Canceled) {
				t.Fatalf("error %v", err)
			}
			last := e.events[len(e.events)-1]
			if last.Type != EventExecutionInterrupted || !last.Broadcast || !last.Recorded {
				t.Fatalf("last event %+v", last)
			}
			last.Data.Set("timestamp", int64(0))
			want := `{"prompt_id":"p","node_id":"` + tt.node + `","node_type":"` + map[string]string{"2": "Fail", "3": "Sink"}[tt.node] + `","executed":` + tt.executed + `,"timestamp":0}`
			if got := jsonText(last.Data); got != want {
				t.Errorf("\n got %s\nwant %s", got, want)
			}
		})
	}
	t.Run("while waiting for the turn", func(t *testing.T) {
		e := newTestEngine(t, Config{})
		<-e.turn
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := e.Run(ctx, Request{Prompt: parsePrompt(t, abc)}, nil); !errors.Is(err, ErrInterrupted) {
			t.Errorf("error %v", err)
		}
	})
}

func TestHiddenInputs(t *testing.T) {
	e := newTestEngine(t, Config{})
	const prompt = `{"1":{"class_type":"Clock","inputs":{"stamp":"1"}},"2":{"class_type":"Hidden","inputs":{"nonce":"%"},"_meta":{"title":"é"}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`
	_, result, err := e.run(strings.Replace(prompt, `"%"`, "1", 1))
	if err != nil {
		t.Fatal(err)
	}
	text := result.Outputs.Object("2").Array("text")
	want := `{"1": {"class_type": "Clock", "inputs": {"stamp": "1"}, "is_changed": ["v1"]}, "2": {"class_type": "Hidden", "inputs": {"nonce": 1}, "_meta": {"title": "\u00e9"}}, "3": {"class_type": "Sink", "inputs": {"any": ["1", 0]}}}`
	if text[0] != want {
		t.Errorf("prompt\n got %s\nwant %s", text[0], want)
	}
	if text[1] != `workflow={"id": 1}` {
		t.Errorf("extra_pnginfo %s", text[1])
	}
	if got := jsonText(result.Prompt.Object("1")); !strings.Contains(got, `"is_changed":["v1"]`) {
		t.Errorf("prompt as run %s", got)
	}
}

// The state of a node lives as long as the node is in the prompts, whatever its inputs.
func TestState(t *testing.T) {
	e := newTestEngine(t, Config{})
	hidden := func(id, nonce string) string {
		return `{"` + id + `":{"class_type":"Hidden","inputs":{"nonce":` + nonce + `}}}`
	}
	for i, step := range []struct {
		id, nonce string
		runs      int64
	}{{"1", "1", 1}, {"1", "2", 2}, {"2", "3", 1}, {"1", "4", 1}} {
		_, result, err := e.run(hidden(step.id, step.nonce))
		if err != nil {
			t.Fatal(err)
		}
		if got := result.Outputs.Object(step.id).Array("text")[2]; got != step.runs {
			t.Errorf("step %d: %v runs, want %d", i, got, step.runs)
		}
	}
	e.Free()
	_, result, _ := e.run(hidden("1", "4"))
	if got := result.Outputs.Object("1").Array("text")[2]; got != int64(1) {
		t.Errorf("after Free: %v runs", got)
	}
	if n := (State[int]{}).Value(); *n != 0 {
		t.Errorf("outside an engine %d", *n)
	}
}

func TestProgress(t *testing.T) {
	e := newTestEngine(t, Config{})
	if _, _, err := e.run(`{"1":{"class_type":"Bar","inputs":{"steps":2}},"2":{"class_type":"Sink","inputs":{"any":["1",0]}}}`); err != nil {
		t.Fatal(err)
	}
	want := []string{"execution_start", "execution_cached", "progress_state", "executing 1",
		"progress_state", "preview 1", "progress 1", "progress_state", "preview 1", "progress 1", "text 1", "progress_state",
		"progress_state", "executing 2", "progress_state", "execution_success"}
	if got := e.names(); !slices.Equal(got, want) {
		t.Errorf("events\n got %v\nwant %v", got, want)
	}
	bar, preview, state := e.events[6], e.events[8], e.events[7]
	if got := jsonText(bar.Data); got != `{"value":1,"max":2,"prompt_id":"p","node":"1"}` || !bar.Broadcast {
		t.Errorf("progress %s", got)
	}
	if preview.Preview != "preview 2" || preview.Node != (NodeRef{ID: "1", Display: "1", Real: "1"}) {
		t.Errorf("preview %+v", preview)
	}
	if got := jsonText(state.Data); got != `{"prompt_id":"p","nodes":{"1":{"value":2.0,"max":2.0,"state":"running","node_id":"1","prompt_id":"p","display_node_id":"1","parent_node_id":null,"real_node_id":"1"}}}` {
		t.Errorf("progress_state %s", got)
	}
	if got := jsonText(e.events[11].Data.Object("nodes").Object("1")); !strings.HasPrefix(got, `{"value":2.0,"max":2.0,"state":"finished"`) {
		t.Errorf("finished %s", got)
	}
}

// Beyond 50 nodes progress_state is merged, but never the last, and nothing else is.
func TestProgressStateIsMerged(t *testing.T) {
	const n = 2000
	e := newTestEngine(t, Config{})
	e.Engine = NewEngine(benchRegistry(t), Config{})
	prompt := chain(n)
	v := e.Validate(prompt, nil)
	if _, _, err := e.runPrompt(prompt, v.Outputs); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, ev := range e.events {
		count[ev.Type]++
	}
	if count[EventExecuting] != n || count[EventExecuted] != 1 {
		t.Errorf("%d executing, %d executed", count[EventExecuting], count[EventExecuted])
	}
	if count[EventProgressState] > 2*mergeAbove+40 {
		t.Errorf("%d progress_state events", count[EventProgressState])
	}
	nodes := e.last(EventProgressState).Object("nodes")
	finished := 0
	for id := range nodes.All() {
		if nodes.Object(id).String("state") == "finished" {
			finished++
		}
	}
	if finished != n {
		t.Errorf("the last progress_state has %d finished nodes", finished)
	}
	if last := e.names()[len(e.events)-2]; last != EventProgressState {
		t.Errorf("before the end came %s", last)
	}
}

func TestTwoEngines(t *testing.T) {
	one, two := newTestEngine(t, Config{}), newTestEngine(t, Config{})
	done := make(chan string, 2)
	for _, e := range []*testEngine{one, two} {
		go func() {
			ran := ""
			for range 20 {
				r, _, err := e.runPrompt(parsePrompt(t, abc), []string{"4"})
				if err != nil {
					ran += err.Error()
				}
				ran += r
			}
			done <- ran
		}()
	}
	for range 2 {
		if ran := <-done; ran != "2 1 3 4" {
			t.Errorf("ran %q", ran)
		}
	}
}

// One engine takes prompts from several goroutines, one after another.
func TestOneEngineManyCallers(t *testing.T) {
	e := NewEngine(stubRegistry(t), Config{Choices: func(string) ([]string, error) { return []string{"a.png", "b.png"}, nil }})
	done := make(chan error, 8)
	for range 8 {
		go func() {
			for range 10 {
				prompt := ojson.NewObject("1", node("Numbers", "text", "1 2 3"), "2", node("Show", "value", linkTo(1)))
				v := e.Validate(prompt, nil)
				if _, err := e.Run(context.Background(), Request{Prompt: prompt, Outputs: v.Outputs}, func(Event) {}); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 8 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}
