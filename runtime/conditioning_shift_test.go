package runtime

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// shifted is a prompt of 3 rows of width 2, all zero, whose row 1 moves by (1,2), or by (10,20) to the average.
func shifted(during Range) Conditioning {
	return Conditioning{NewCond(tensor.New(1, 3, 2), nil, nil).WithShifts(Shift{
		Rows: []int{1}, Target: []float32{1, 2}, Average: []float32{10, 20}, During: during, Word: "cat",
	})}
}

func TestShifts(t *testing.T) {
	half := Range{0, 0.5}
	plain := Conditioning{NewCond(tensor.Full(4, 1, 3, 2), nil, nil)}
	must := func(c Conditioning, err error) Conditioning {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	second := Shift{Rows: []int{0, 2}, Target: []float32{5, 6}, Average: []float32{50, 60}, During: Range{0.5, 1}}
	tests := map[string]struct {
		c     Conditioning
		sigma float32
		want  []float32
	}{
		"inside":                    {shifted(half), 7, []float32{0, 0, 1, 2, 0, 0}},
		"the end belongs to it":     {shifted(half), 5, []float32{0, 0, 1, 2, 0, 0}},
		"outside":                   {shifted(half), 4.99, []float32{0, 0, 0, 0, 0, 0}},
		"two, where both apply":     {Conditioning{shifted(half)[0].WithShifts(second)}, 5, []float32{5, 6, 1, 2, 5, 6}},
		"two, where one applies":    {Conditioning{shifted(half)[0].WithShifts(second)}, 3, []float32{5, 6, 0, 0, 5, 6}},
		"the average holds for all": {shifted(half).ClusterAverage(), 1, []float32{0, 0, 10, 20, 0, 0}},
		"kept by an area":           {shifted(half).WithArea(Area{Height: 8, Width: 8}, 1), 7, []float32{0, 0, 1, 2, 0, 0}},
		"kept by a range":           {shifted(half).WithRange(0, 1), 4, []float32{0, 0, 0, 0, 0, 0}},
		"combined":                  {plain.Combine(shifted(half))[1:], 7, []float32{0, 0, 1, 2, 0, 0}},
		"behind another prompt":     {must(plain.Concat(shifted(half))), 7, []float32{4, 4, 4, 4, 4, 4, 0, 0, 1, 2, 0, 0}},
		"before another prompt":     {must(shifted(half).Concat(plain)), 7, []float32{0, 0, 1, 2, 0, 0, 4, 4, 4, 4, 4, 4}},
		"mixed, the first":          {must(shifted(half).Average(plain, 0.5)), 7, []float32{2, 2, 2.5, 3, 2, 2}},
		"mixed, the second":         {must(plain.Average(shifted(half), 0.5)), 7, []float32{2, 2, 2.5, 3, 2, 2}},
		"mixed with itself":         {must(shifted(half).Average(shifted(half), 0.25)), 7, []float32{0, 0, 1, 2, 0, 0}},
		"zeroed":                    {shifted(half).Zero(), 7, []float32{0, 0, 0, 0, 0, 0}},
		"mixed to a shorter prompt": {must(Conditioning{NewCond(tensor.New(1, 1, 2), nil, nil)}.Average(shifted(half), 0.5)), 7, []float32{0, 0}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			sides, err := prepareStub([]Conditioning{tt.c}, 8, 8)
			if err != nil {
				t.Fatal(err)
			}
			e := sides[0][0]
			if got := e.text(tt.sigma).Data; !slices.Equal(got, tt.want) {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			if e.embedding != tt.c[0].Embedding || slices.Contains(e.embedding.Data, 1) {
				t.Error("the prompt itself was written to")
			}
		})
	}
}

func TestCheckActors(t *testing.T) {
	// A model that is only described: no shift asks for its identity.
	if err := (Model{}).checkActors(shifted(Range{0, 1}), nil); err != nil {
		t.Errorf("an actor without a model: %v", err)
	}
}
