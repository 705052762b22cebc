package runtime

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
)

// entryOf is a conditioning of one entry with the given rows of two values and, unless it is empty, a pooled part.
func entryOf(rows, pooled []float32) Conditioning {
	c := NewCond(&tensor.Tensor{Shape: []int{1, len(rows) / 2, 2}, Data: rows}, nil, nil)
	if len(pooled) > 0 {
		c.Pooled = &tensor.Tensor{Shape: []int{1, len(pooled)}, Data: pooled}
	}
	return Conditioning{c}
}

func TestConditioningAverage(t *testing.T) {
	tests := map[string]struct {
		to, from Conditioning
		rows     []float32
		pooled   []float32 // nil: none
	}{
		"equal lengths":       {entryOf([]float32{4, 8}, nil), entryOf([]float32{8, 0}, nil), []float32{5, 6}, nil},
		"from is cut":         {entryOf([]float32{4, 8}, nil), entryOf([]float32{8, 0, 9, 9}, nil), []float32{5, 6}, nil},
		"from is padded":      {entryOf([]float32{4, 8, 4, 8}, nil), entryOf([]float32{8, 0}, nil), []float32{5, 6, 3, 6}, nil},
		"pooled mixed":        {entryOf([]float32{4, 8}, []float32{4}), entryOf([]float32{8, 0}, []float32{8}), []float32{5, 6}, []float32{5}},
		"pooled taken over":   {entryOf([]float32{4, 8}, nil), entryOf([]float32{8, 0}, []float32{8}), []float32{5, 6}, []float32{8}},
		"pooled kept":         {entryOf([]float32{4, 8}, []float32{4}), entryOf([]float32{8, 0}, nil), []float32{5, 6}, []float32{4}},
		"only the first from": {entryOf([]float32{4, 8}, nil), entryOf([]float32{8, 0}, nil).Combine(entryOf([]float32{100, 100}, nil)), []float32{5, 6}, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			before := tt.to[0].Embedding.Clone()
			got, err := tt.to.Average(tt.from, 0.75)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got[0].Embedding.Data, tt.rows) {
				t.Errorf("rows %v, want %v", got[0].Embedding.Data, tt.rows)
			}
			if p := got[0].Pooled; (p == nil) != (tt.pooled == nil) || p != nil && !slices.Equal(p.Data, tt.pooled) {
				t.Errorf("pooled %v, want %v", p, tt.pooled)
			}
			if !slices.Equal(tt.to[0].Embedding.Data, before.Data) {
				t.Error("the input was written to")
			}
		})
	}
}

// TestConditioningConcat follows the words of both prompts: they are found at their new rows.
func TestConditioningConcat(t *testing.T) {
	place := func(text string) PlacedPrompt {
		p, err := tokenizer.Tokenize(text, tokenizer.Options{})
		if err != nil {
			t.Fatal(err)
		}
		return PlacedPrompt{Prompt: p}
	}
	to, from := entryOf(make([]float32, 2*77), nil), entryOf(slices.Repeat([]float32{7}, 2*77), nil)
	to[0].Prompts, from[0].Prompts = []PlacedPrompt{place("a cat")}, []PlacedPrompt{place("a dog")}
	got, err := to.Combine(to).Concat(from)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%d entries, want 2", len(got))
	}
	for i, e := range got {
		if n := e.Embedding.Dim(1); n != 2*77 || e.Embedding.Data[2*77-1] != 0 || e.Embedding.Data[2*77] != 7 {
			t.Errorf("entry %d: %d rows", i, n)
		}
		if len(e.Prompts) != 2 || e.Prompts[0].Row != 0 || e.Prompts[1].Row != 77 || len(e.Prompts[1].Prompt.Find("dog")) != 1 {
			t.Errorf("entry %d: prompts at %+v", i, e.Prompts)
		}
	}
	if len(to[0].Prompts) != 1 || from[0].Prompts[0].Row != 0 {
		t.Error("an input was written to")
	}
}

func TestConditioningErrors(t *testing.T) {
	wide := Conditioning{NewCond(tensor.New(1, 77, 3), nil, nil)}
	if _, err := prompt(1, 77).Average(nil, 1); err == nil {
		t.Error("average with nothing: no error")
	}
	if _, err := prompt(1, 77).Average(wide, 1); err == nil {
		t.Error("average of different widths: no error")
	}
	if _, err := prompt(1, 77).Concat(nil); err == nil {
		t.Error("concat with nothing: no error")
	}
	if _, err := prompt(1, 77).Concat(wide); err == nil {
		t.Error("concat of different widths: no error")
	}
}

func TestConditioningZero(t *testing.T) {
	c := entryOf([]float32{1, 2}, []float32{3})
	z := c.Combine(entryOf([]float32{4, 5}, nil)).Zero()
	if !slices.Equal(z[0].Embedding.Data, []float32{0, 0}) || z[0].Pooled.Data[0] != 0 || z[1].Pooled != nil {
		t.Errorf("got %+v", z)
	}
	if c[0].Embedding.Data[0] != 1 || c[0].Pooled.Data[0] != 3 {
		t.Error("the input was written to")
	}
}

// TestControlBoth: entries of both prompts that had the same control share the new one, so they can share a batch.
func TestControlBoth(t *testing.T) {
	picture, during := Image{tensor.New(1, 8, 8, 4)}, Range{0.25, 0.5}
	plain := entryOf([]float32{1, 2}, nil)
	p, n := ControlBoth(plain.Combine(plain), plain, ControlNet{name: "first"}, picture, 0.5, during)
	if p[0].Control != p[1].Control || p[0].Control != n[0].Control {
		t.Error("entries without a control do not share the new one")
	}
	if c := n[0].Control; c.strength != 0.5 || c.during != during || c.hint.Dim(1) != 3 || n[0].ControlToUncond {
		t.Errorf("control %+v", c)
	}
	p2, n2 := ControlBoth(p, plain, ControlNet{name: "second"}, picture, 1, during)
	if p2[0].Control == n2[0].Control || p2[0].Control.previous != p[0].Control || n2[0].Control.previous != nil {
		t.Error("a chain is not kept apart from a first control")
	}
	if p3, n3 := ControlBoth(p, n, ControlNet{}, picture, 0, during); p3[0].Control != p[0].Control || n3[0].Control != n[0].Control {
		t.Error("strength 0 adds a control")
	}
	if plain[0].Control != nil {
		t.Error("the input was written to")
	}
}
