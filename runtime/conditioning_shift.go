package runtime

import (
	"slices"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// Shift is what an actor does to a prompt: a vector added to the rows of a word, during a part of the run; outside of it the prompt is
// plain. Keeping it beside the embedding instead of in a second entry leaves the entry one: areas, masks, controls and the number of
// model calls stay as they are, and several actors with different ranges need no entry for each combination.
type Shift struct {
	Rows    []int     // of Cond.Embedding, ascending
	Column  int       // of Cond.Embedding at which the vectors begin
	Target  []float32 // added to each of Rows: [D], or the columns of one of two text encoders
	Average []float32 // as Target, what Conditioning.ClusterAverage adds instead
	During  Range     // both ends included

	Word  string   // that the rows stand for
	Actor string   // for messages
	Model Identity // that the vectors were made for
}

// Of is the part of a shift of all columns that concerns those from one to another.
func (s Shift) Of(from, to int) Shift {
	s.Column, s.Target, s.Average = from, s.Target[from:to], s.Average[from:to]
	return s
}

// WithShifts is the entry with further shifts.
func (c Cond) WithShifts(s ...Shift) Cond {
	c.Shifts = append(slices.Clone(c.Shifts), s...)
	return c
}

// ClusterAverage is the prompt of cluster guidance: every shift replaced by that to the average of its cluster, for the whole run.
func (c Conditioning) ClusterAverage() Conditioning {
	return c.each(func(e *Cond) {
		shifts := slices.Clone(e.Shifts)
		for i := range shifts {
			shifts[i].Target, shifts[i].During = shifts[i].Average, Range{0, 1}
		}
		e.Shifts = shifts
	})
}

// timedShift is a Shift made ready for one run.
type timedShift struct {
	rows            []int
	column          int
	delta           []float32
	highest, lowest float32 // sigmas between which it applies, both included
}

// text is the embedding at a noise level [1,T,D], with the shifts that apply.
func (e *entry) text(sigma float32) *tensor.Tensor {
	out, width := e.embedding, e.embedding.Dim(2)
	for _, s := range e.shifts {
		if sigma > s.highest || sigma < s.lowest {
			continue
		}
		if out == e.embedding {
			out = out.Clone()
		}
		for _, r := range s.rows {
			row := out.Data[r*width+s.column:][:len(s.delta)]
			for k, v := range s.delta {
				row[k] += v
			}
		}
	}
	return out
}

// moved are the shifts of an embedding that follows n rows of another.
func moved(shifts []Shift, n int) []Shift {
	out := slices.Clone(shifts)
	for i, s := range out {
		out[i].Rows = make([]int, len(s.Rows))
		for k, r := range s.Rows {
			out[i].Rows[k] = r + n
		}
	}
	return out
}

// mixShifts are those of the mean a·s + b·(1-s) of two embeddings, of which the second is cut to n rows. A row may then have two.
func mixShifts(a, b []Shift, s float32, n int) []Shift {
	var out []Shift
	add := func(list []Shift, weight float32) {
		for _, shift := range list {
			shift.Rows = slices.DeleteFunc(slices.Clone(shift.Rows), func(r int) bool { return r >= n })
			shift.Target, shift.Average = scaled(shift.Target, weight), scaled(shift.Average, weight)
			if len(shift.Rows) > 0 && weight != 0 {
				out = append(out, shift)
			}
		}
	}
	add(a, s)
	add(b, 1-s)
	return out
}

func scaled(v []float32, s float32) []float32 {
	out := slices.Clone(v)
	for i := range out {
		out[i] *= s
	}
	return out
}
