package actor_test

import (
	"slices"
	"testing"

	"github.com/oneactor/oneactor/runtime/actor"
	"github.com/oneactor/oneactor/runtime/tensor"
)

func TestTarget(t *testing.T) {
	c := actor.Cluster{H: tensor.New(3, 2, 1, 1)}
	for _, index := range []int{-1, 3} {
		if _, err := c.WithTarget(index); err == nil {
			t.Errorf("target %d of 3 was taken", index)
		}
	}
	c, err := c.WithTarget(1)
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Auxiliary(); !slices.Equal(got, []int{0, 2}) {
		t.Errorf("auxiliary %v, want 0 and 2", got)
	}
}

func TestDeltas(t *testing.T) {
	deltas, err := tensor.From([]float32{1, 2, 30, 40, 5, 6}, 3, 2)
	if err != nil {
		t.Fatal(err)
	}
	a := actor.Actor{Deltas: deltas, Target: 1}
	if got := a.TargetDelta(); !slices.Equal(got, []float32{30, 40}) {
		t.Errorf("target %v", got)
	}
	if got := a.AverageDelta(); !slices.Equal(got, []float32{3, 4}) {
		t.Errorf("average %v", got)
	}
}
