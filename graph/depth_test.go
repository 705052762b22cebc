package graph

import (
	"context"
	"errors"
	"strconv"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Neither long chains nor long cycles recurse: a goroutine's stack would end at a few million frames, and Python's at a thousand.
func TestDeepGraphs(t *testing.T) {
	const n = 100_000
	r := benchRegistry(t)
	e := NewEngine(r, Config{})
	prompt := chain(n)
	v := e.Validate(prompt, nil)
	if v.Err() != nil {
		t.Fatal(v.Err())
	}
	result, err := e.Run(context.Background(), Request{Prompt: prompt, Outputs: v.Outputs}, nil)
	if err != nil || len(result.Executed) != n {
		t.Fatalf("%d nodes ran: %v", len(result.Executed), err)
	}

	prompt.Set("1", node("Next", "value", linkTo(n-1), "plus", int64(1)))
	v = e.Validate(prompt, nil)
	if v.OK() || len(v.Errors) != 1 || v.NodeErrors().Len() != 0 {
		t.Fatalf("a cycle of %d nodes: %v", n, v.Err())
	}
	if want := "node 1 (Next): input value: the link closes a cycle: 99999 → 1 → 2 → 3 → 4 → 5 → 6 → 7 → …; delete one of these links"; v.Errors[0].Error() != want {
		t.Errorf("got  %v\nwant %s", v.Errors[0], want)
	}
	if _, err := e.Run(context.Background(), Request{Prompt: prompt, Outputs: []string{strconv.Itoa(n)}}, nil); !errors.Is(err, ErrCycle) {
		t.Errorf("run: %v", err)
	}
}

// The answer to many failed outputs stays within bounds, and so does the time to make it.
func TestManyFailures(t *testing.T) {
	const n = 20_000
	e := NewEngine(benchRegistry(t), Config{})
	prompt := ojson.NewObjectSize(n)
	for i := range n {
		prompt.Set(strconv.Itoa(i), node("End", "value", []any{"nowhere", int64(0)}))
	}
	begin := time.Now()
	v := e.Validate(prompt, nil)
	errorsByNode := v.NodeErrors()
	if v.OK() || errorsByNode.Len() != n {
		t.Fatalf("%d node errors", errorsByNode.Len())
	}
	dependents := 0
	for id := range errorsByNode.All() {
		dependents += len(errorsByNode.Object(id).Array("dependent_outputs"))
	}
	if dependents != maxDependents {
		t.Errorf("%d dependent outputs", dependents)
	}
	if took := time.Since(begin); took > 10*time.Second {
		t.Errorf("took %s", took)
	}
}
