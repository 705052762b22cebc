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
	if got := jsonText(result.Meta); got != `{"4":{"node_id":"4","display_node":"4","parent_node":null,"real_node_id":"4"}}` {
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
