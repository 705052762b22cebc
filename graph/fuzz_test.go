package graph

import (
	"context"
	"errors"
	"testing"

	"github.com/oneactor/oneactor/graph/ojson"
)

// FuzzPrompt feeds any JSON object as a prompt. Whatever it is, validation answers, an accepted prompt runs to an end, and nothing stays
// pinned in the cache.
func FuzzPrompt(f *testing.F) {
	for _, seed := range []string{
		abc,
		growPrompt(`{"n":{"class_type":"Join","inputs":{"a":["1",0]}}}`, "n", 0),
		`{}`, `{"1":null}`, `{"1":[]}`, `{"1":{"class_type":5}}`, `{"1":{"class_type":"Sink"}}`, `{"1":{"class_type":"Sink","inputs":null}}`,
		`{"1":{"class_type":"Sink","inputs":[]}}`, `{"1":{"class_type":"Sink","inputs":"any"}}`,
		`{"1":{"class_type":"Sink","inputs":{"any":["1",0]}}}`, `{"1":{"class_type":"Sink","inputs":{"any":[["1"],0]}}}`,
		`{"1":{"class_type":"Sink","inputs":{"any":["2",1e99]}},"2":{"class_type":"Numbers","inputs":{"text":""}}}`,
		`{"1":{"class_type":"Show","inputs":{"value":{"__value__":["2",0]}}},"2":{"class_type":"Numbers","inputs":{"text":"1"}}}`,
		`{"1":{"class_type":"Show","inputs":{"value":{"__value__":["x"]}}}}`,
		`{"1":{"class_type":"Add","inputs":{"a":{"__value__":[1]},"b":[]}},"2":{"class_type":"Show","inputs":{"value":["1",-1]}}}`,
		`{"1":{"class_type":"Show","inputs":{"value":["2",0]},"is_changed":NaN},"2":{"class_type":"Clock","inputs":{"stamp":5},"is_changed":[{}]}}`,
		`{"1":{"class_type":"Switch","inputs":{"left":1,"a":["2",0],"b":["1",0]}},"2":{"class_type":"Load","inputs":{"name":"a.png"}},"3":{"class_type":"Sink","inputs":{"any":["1",0]}}}`,
	} {
		f.Add(seed)
	}
	e := newTestEngine(f, Config{})
	f.Fuzz(func(t *testing.T, text string) {
		prompt, err := ojson.ParseObject([]byte(text), ojson.Limits{MaxBytes: 1 << 16})
		if err != nil {
			t.Skip()
		}
		v := e.Validate(prompt, nil)
		if v.OK() != (len(v.Outputs) > 0) {
			t.Fatalf("ok %v with outputs %v", v.OK(), v.Outputs)
		}
		if !v.OK() && len(v.Errors) == 0 {
			t.Fatalf("refused without a reason: %s", jsonText(v.APIError()))
		}
		jsonText(v.NodeErrors())
		ctx, cancel := context.WithCancel(context.Background())
		ctx = context.WithValue(ctx, stopKey{}, cancel)
		defer cancel()
		ended := false
		_, err = e.Run(ctx, Request{Prompt: prompt, Outputs: v.Outputs}, func(ev Event) {
			ended = ended || ev.Type == EventExecutionSuccess || ev.Recorded && ev.Type == EventExecutionError || ev.Type == EventExecutionInterrupted
		})
		var failure *NodeError
		if err != nil && !errors.As(err, &failure) {
			t.Fatalf("run: %v", err)
		}
		if !ended {
			t.Fatal("no last event")
		}
		for _, s := range e.cache.all {
			if s.entry != nil && s.entry.pins != 0 {
				t.Fatalf("an entry is pinned %d times", s.entry.pins)
			}
		}
	})
}
