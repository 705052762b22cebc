package actor

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/oneactor/oneactor/runtime"
)

// Use is how an actor plays in a prompt.
type Use struct {
	Actor Actor
	V     float64 // semantic interpolation: c + V·delta; any number, 0 is the plain model
	// During is the part of the run in which the word stands for the actor; both ends belong to it. Outside the prompt is plain.
	During runtime.Range
	Word   string // in the prompt; empty for the actor's own
}

// ErrSameWord is wrapped when two actors of a prompt would stand for one word.
var ErrSameWord = errors.New("two actors with the same word")

// Apply gives every entry of a prompt that has the word the actor's delta, at all tokens of the word wherever it occurs, unscaled by the
// weights of the prompt. Entries without the word stay as they are; when none has it the error wraps ErrWord. Apply again for further actors.
func (u Use) Apply(c runtime.Conditioning) (runtime.Conditioning, error) {
	shift, err := u.shift()
	if err != nil {
		return nil, fmt.Errorf("apply actor: %w", err)
	}
	out := make(runtime.Conditioning, len(c))
	found := false
	var absent error
	for i, e := range c {
		places, err := entryPlaces(e, shift.Word)
		width := e.Embedding.Dim(2)
		switch {
		case err != nil:
			absent = cmp.Or(absent, err)
			out[i] = e
			continue
		case width != len(shift.Target):
			return nil, fmt.Errorf("apply actor: %s has vectors of %d numbers, the prompt of %d: the actor was tuned for another family of models (%s): tune it on this one",
				shift.Actor, len(shift.Target), width, cmp.Or(string(shift.Model.Family), "unknown"))
		}
		var own []runtime.Shift
		for _, p := range places {
			s := shift.Of(p.columns.Of(width))
			s.Rows = p.rows
			if other := sharing(e.Shifts, s); other != nil {
				return nil, fmt.Errorf("apply actor: %q already stands for actor %s (%q): give each actor a word of its own, or combine two prompts: %w",
					shift.Word, other.Actor, other.Word, ErrSameWord)
			}
			own = append(own, s)
		}
		out[i], found = e.WithShifts(own...), true
	}
	switch {
	case found:
		return out, nil
	case absent != nil:
		return nil, fmt.Errorf("apply actor: %w", absent)
	}
	return nil, errors.New("apply actor: the conditioning has no entry: encode a prompt that has the word")
}

// shift is what the actor does, without rows.
func (u Use) shift() (runtime.Shift, error) {
	a := u.Actor
	if a.Deltas == nil || len(a.Deltas.Shape) != 2 || a.Deltas.Dim(0) < 2 {
		return runtime.Shift{}, errors.New("the actor is empty: load or tune one")
	}
	if a.Target < 0 || a.Target >= a.Deltas.Dim(0) {
		return runtime.Shift{}, fmt.Errorf("the actor's target is %d and it has %d vectors: its file is damaged", a.Target, a.Deltas.Dim(0))
	}
	word := cmp.Or(u.Word, a.Word)
	s := runtime.Shift{
		Target: slices.Clone(a.TargetDelta()), Average: a.AverageDelta(), During: u.During,
		Word: word, Actor: cmp.Or(a.Details.Name, a.Word), Model: a.Model,
	}
	for i := range s.Target {
		s.Target[i] *= float32(u.V)
	}
	if !finite(s.Target) || !finite(s.Average) {
		return runtime.Shift{}, errors.New("the actor holds values that are no numbers: tune it again")
	}
	return s, nil
}

// place is rows of an embedding and the columns that they count for.
type place struct {
	rows    []int // ascending
	columns runtime.Columns
}

// entryPlaces is where an entry has a word: one place, or one for each text encoder where they read different prompts.
func entryPlaces(e runtime.Cond, word string) ([]place, error) {
	rows := map[runtime.Columns][]int{}
	var order []runtime.Columns
	var absent error
	for _, p := range e.Prompts {
		found, err := WordRows(p.Prompt, word)
		if err != nil {
			absent = cmp.Or(absent, err)
			continue
		}
		if !slices.Contains(order, p.Columns) {
			order = append(order, p.Columns)
		}
		for _, r := range found {
			if r += p.Row; r < e.Embedding.Dim(1) {
				rows[p.Columns] = append(rows[p.Columns], r)
			}
		}
	}
	var out []place
	for _, c := range order {
		if r := rows[c]; len(r) > 0 {
			slices.Sort(r)
			out = append(out, place{slices.Compact(r), c})
		}
	}
	switch {
	case len(out) > 0:
		return out, nil
	case absent != nil:
		return nil, absent
	}
	return nil, fmt.Errorf("it is not known which rows of this conditioning stand for %q, because it does not come from a text encoder: %w", word, ErrWord)
}

// sharing is the shift that has a value in common with another, nil for none.
func sharing(shifts []runtime.Shift, s runtime.Shift) *runtime.Shift {
	for i, other := range shifts {
		apart := other.Column+len(other.Target) <= s.Column || s.Column+len(s.Target) <= other.Column
		if !apart && slices.ContainsFunc(other.Rows, func(r int) bool { return slices.Contains(s.Rows, r) }) {
			return &shifts[i]
		}
	}
	return nil
}
