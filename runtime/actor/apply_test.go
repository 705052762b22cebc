package actor

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
	"github.com/oneactor/oneactor/runtime/tokenizer"
	"github.com/oneactor/oneactor/runtime/weights"
)

// placed is a prompt whose embedding is zero, of width 2.
func placed(t *testing.T, text string) runtime.Conditioning {
	t.Helper()
	p, err := tokenizer.Tokenize(text, tokenizer.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return runtime.Conditioning{runtime.NewCond(tensor.New(1, p.Rows(), 2), nil, []runtime.PlacedPrompt{{Prompt: p}})}
}

// cast is an actor whose target delta is (1,2) and whose average is (3,4).
func cast(t *testing.T, word string) Actor {
	t.Helper()
	d, err := tensor.From([]float32{3, 4, 1, 2, 3, 4}, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	return Actor{Deltas: d, Target: 1, Word: word, Model: runtime.Identity{Family: weights.SD1}}
}

func TestApplyRows(t *testing.T) {
	long := strings.Repeat("very ", 80)
	tests := map[string]struct {
		text, word string
		want       []int
	}{
		"one token":              {"a photo of a cat", "cat", []int{5}},
		"weighted":               {"a photo of a (cat:1.4), red", "cat", []int{5}},
		"another case":           {"a photo of a Cat", "cat", []int{5}},
		"repeated":               {"a cat and a cat", "cat", []int{2, 5}},
		"several tokens":         {"a photo of a schnoodledog here", "schnoodledog", []int{5, 6, 7, 8}},
		"two words":              {"a red cat", "red cat", []int{2, 3}},
		"in the second chunk":    {long + "cat", "cat", []int{77 + 6}},
		"in both chunks":         {"cat " + long + "cat", "cat", []int{1, 77 + 7}},
		"not inside other words": {"a cat with cats", "cat", []int{2}},
		"at the end of a phrase": {"the (big (cat)) sleeps", "big cat", []int{2, 3}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			out, err := Use{Actor: cast(t, tt.word), V: 2}.Apply(placed(t, tt.text))
			if err != nil {
				t.Fatal(err)
			}
			s := out[0].Shifts[0]
			if !slices.Equal(s.Rows, tt.want) {
				t.Errorf("rows %v, want %v", s.Rows, tt.want)
			}
			if !slices.Equal(s.Target, []float32{2, 4}) || !slices.Equal(s.Average, []float32{3, 4}) {
				t.Errorf("target %v, average %v; want the delta twice and the plain mean", s.Target, s.Average)
			}
		})
	}
}

func TestApplyKeeps(t *testing.T) {
	during := runtime.Range{Start: 0.1, End: 0.6}
	c := placed(t, "a cat and a dog").WithArea(runtime.Area{Height: 8, Width: 8}, 0.7).WithRange(0.2, 0.9).WithMask(runtime.Mask{Tensor: tensor.New(1, 8, 8)}, 0.5, true)
	out, err := Use{Actor: cast(t, "cat"), V: 1, During: during}.Apply(c)
	if err != nil {
		t.Fatal(err)
	}
	out, err = Use{Actor: cast(t, "wolf"), V: 1, Word: "dog"}.Apply(out)
	if err != nil {
		t.Fatal(err)
	}
	e := out[0]
	if len(out) != 1 || len(e.Shifts) != 2 || e.Shifts[0].During != during || e.Shifts[1].Word != "dog" || e.Shifts[1].Actor != "wolf" {
		t.Errorf("%d entries, shifts %+v; want one entry with both actors", len(out), e.Shifts)
	}
	if e.Strength != 0.7 || e.Range.Start != 0.2 || e.Mask == nil || !e.MaskBounds || e.MaskStrength != 0.5 || e.Embedding != c[0].Embedding {
		t.Errorf("entry %+v lost something", e)
	}
	if len(c[0].Shifts) != 0 {
		t.Error("the input was changed")
	}
	average := out.ClusterAverage()[0]
	if len(average.Shifts) != 2 || average.Shifts[0].During != (runtime.Range{Start: 0, End: 1}) || average.Strength != 0.7 {
		t.Errorf("the average %+v is not of both for the whole run", average.Shifts)
	}
	joined, err := placed(t, "snow").Concat(out)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Use{Actor: cast(t, "snow"), V: 1}.Apply(joined)
	if err != nil || !slices.Equal(again[0].Shifts[0].Rows, []int{77 + 2}) || !slices.Equal(again[0].Shifts[2].Rows, []int{1}) {
		t.Errorf("behind another prompt: %+v, %v", again[0].Shifts, err)
	}
	// An entry without the word stays plain, so that parts of a scene may have no actor.
	mixed, err := Use{Actor: cast(t, "cat"), V: 1}.Apply(placed(t, "a forest").Combine(placed(t, "a cat")))
	if err != nil || len(mixed) != 2 || len(mixed[0].Shifts) != 0 || len(mixed[1].Shifts) != 1 {
		t.Errorf("combined with a prompt without the word: %+v, %v", mixed, err)
	}
}

func TestApplyRefuses(t *testing.T) {
	with := func(c runtime.Conditioning, word string) runtime.Conditioning {
		out, err := Use{Actor: cast(t, word), V: 1}.Apply(c)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	wide := cast(t, "cat")
	wide.Deltas = tensor.New(3, 5)
	off := cast(t, "cat")
	off.Target = 3
	damaged := cast(t, "cat")
	damaged.Deltas = tensor.Full(0, 3, 2)
	damaged.Deltas.Data[3] /= damaged.Deltas.Data[0] // NaN
	tests := map[string]struct {
		use  Use
		c    runtime.Conditioning
		is   error
		says []string
	}{
		"the word is absent":        {Use{Actor: cast(t, "cat")}, placed(t, "a photo of cats"), ErrWord, []string{`"a photo of cats"`, `"cat"`, `nearest word there is "cats"`}},
		"the word instead":          {Use{Actor: cast(t, "cat"), Word: "dog"}, placed(t, "a photo of a cat"), ErrWord, []string{`"dog"`}},
		"an empty prompt":           {Use{Actor: cast(t, "cat")}, placed(t, ""), ErrWord, []string{`"cat"`}},
		"no text":                   {Use{Actor: cast(t, "cat")}, runtime.Conditioning{runtime.NewCond(tensor.New(1, 77, 2), nil, nil)}, ErrWord, []string{"text encoder"}},
		"no entry":                  {Use{Actor: cast(t, "cat")}, nil, nil, []string{"no entry"}},
		"another family":            {Use{Actor: wide}, placed(t, "a cat"), nil, []string{"5 numbers", "another family", "SD 1.x"}},
		"the same word":             {Use{Actor: cast(t, "cat")}, with(placed(t, "a cat"), "cat"), ErrSameWord, []string{`"cat" already`}},
		"a word inside a phrase":    {Use{Actor: cast(t, "cat")}, with(placed(t, "a red cat"), "red cat"), ErrSameWord, []string{`"red cat"`}},
		"an empty actor":            {Use{}, placed(t, "a cat"), nil, []string{"empty"}},
		"a target out of range":     {Use{Actor: off}, placed(t, "a cat"), nil, []string{"target is 3", "damaged"}},
		"values that are no number": {Use{Actor: damaged}, placed(t, "a cat"), nil, []string{"no numbers"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.use.V = 1
			_, err := tt.use.Apply(tt.c)
			if err == nil || tt.is != nil && !errors.Is(err, tt.is) {
				t.Fatalf("error %v; want %v", err, tt.is)
			}
			for _, s := range tt.says {
				if !strings.Contains(err.Error(), s) {
					t.Errorf("error %q does not say %q", err, s)
				}
			}
		})
	}
}
